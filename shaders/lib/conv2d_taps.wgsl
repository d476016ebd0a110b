// What the algorithms of conv2d that work in stages share: what a launch tells them, where a window
// lies and what a tap reads.

struct Params {
  in_height: u32,
  in_width: u32,
  out_height: u32,
  out_width: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride: u32,
  dilation: u32,
  pad_top: i32,
  pad_left: i32,
  upsample: u32,        // 1: the input counts as twice its height and width
  pixels: u32,          // B * out_height * out_width
  first_channels: u32,  // vec4s of a pixel of x
  second_channels: u32, // vec4s of a pixel of second; 0: none
  out_channels: u32,    // vec4s of a pixel of y
  w_start: u32,         // the vec4 of w where the weights begin
  w_stride: u32,        // vec4s from one image's weights to the next's; 0: all images share them
  bias_start: u32,      // the vec4 of vectors where the bias begins
  has_bias: u32,
  table_start: u32,     // the vec4 of a row of the table where this layer's share begins
  table_columns: u32,   // vec4s of a row
  conditions: u32,      // rows of the table per step; 0: there is no table
  has_residual: u32,
  scale: f32,
  has_norm: u32,        // 1: Winograd's input is normalised on the way
  source_column: u32,   // the vec4 of Winograd's transformed input where this source begins,
  source_columns: u32,  // and how many there are of all sources
  tiles: u32,           // Winograd's tiles of all images, rounded up to sixteen
}

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

// The vec4 of w where the weights of output channels n begin, for the image of pixel p.
fn weights_at(p: u32, n: u32) -> u32 {
  return params.w_start + p / (params.out_height * params.out_width) * params.w_stride + n;
}
