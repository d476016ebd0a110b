// What the rungs of conv/ share: where a 3 x 3 window with a rim of one zero lies, and what a tap of it reads.

// Where one tap of one output pixel reads: the input pixel's index, and 0 where that is outside the picture, else 1.
struct Tap {
  pixel: u32,
  inside: f32,
}

// The tap's row and column run from 0 to 2; pixels behind the last one count as the last.
fn tap_of(p: u32, ky: u32, kx: u32) -> Tap {
  let q = min(p, params.height * params.width - 1);
  let y = i32(q / params.width + ky) - 1;
  let x = i32(q % params.width + kx) - 1;
  let height = i32(params.height);
  let width = i32(params.width);
  let is_inside = (y >= 0) & (y < height) & (x >= 0) & (x < width);
  let pixel = clamp(y, 0, height - 1) * width + clamp(x, 0, width - 1);
  return Tap(u32(pixel), select(0.0, 1.0, is_inside));
}
