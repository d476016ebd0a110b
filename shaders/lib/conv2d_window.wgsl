// What the variants of conv2d share: where a window lies, what a tap reads, how a sum becomes a result. The functions use
// the kernel's own params, bias, position, residual and y.

// The input row and column under the window's first tap, and the image's number.
struct Corner {
  y: i32,
  x: i32,
  b: i32,
}

// Where one tap of one output pixel reads: the input pixel's index, and 0 where that is outside the image, else 1.
struct Tap {
  pixel: u32,
  inside: f32,
}

fn corner_of(p: u32) -> Corner {
  let q = min(p, params.pixels - 1);
  let row = q / params.out_width;
  let oy = row % params.out_height;
  let ox = q % params.out_width;
  return Corner(
    i32(oy * params.stride) - params.pad_top,
    i32(ox * params.stride) - params.pad_left,
    i32(row / params.out_height),
  );
}

fn tap_of(corner: Corner, ky: i32, kx: i32) -> Tap {
  let height = i32(params.in_height);
  let width = i32(params.in_width);
  let shift = params.upsample;
  let iy = corner.y + ky;
  let ix = corner.x + kx;
  let is_inside = (iy >= 0) & (iy < (height << shift)) & (ix >= 0) & (ix < (width << shift));
  let cy = clamp(iy >> shift, 0, height - 1);
  let cx = clamp(ix >> shift, 0, width - 1);
  return Tap(u32((corner.b * height + cy) * width + cx), select(0.0, 1.0, is_inside));
}

fn store(p: u32, n: u32, sum: vec4f) {
  if (p >= params.pixels) {
    return;
  }
  var row = 0u;
  if (params.conditions > 0) {
    let b = p / (params.out_height * params.out_width);
    row = position[0] * params.conditions + position[4 + b];
  }
  let i = p * params.out_channels + n;
  var result = sum + bias[row * params.bias_columns + params.bias_column + n];
  if (params.has_residual > 0) {
    result += residual[i];
  }
  y[i] = result * params.scale;
}
