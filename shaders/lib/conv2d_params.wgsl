// What a launch tells the algorithms of conv2d, and where the loop is.

struct Params {
  in_height: u32,
  in_width: u32,
  out_height: u32,
  out_width: u32,
  images: u32,           // B
  first_channels: u32,   // vec4s of a pixel of x
  second_channels: u32,  // vec4s of a pixel of second in the convolution itself; 0: none
  out_channels: u32,     // vec4s of a pixel of y
  kernel_height: u32,
  kernel_width: u32,
  stride: u32,
  dilation: u32,
  pad_top: i32,
  pad_left: i32,
  upsample: u32,         // 1: the input counts as twice its height and width
  time: u32,             // the table's share: 0 none, 1 added as a bias is, 2 scales and shifts the normalised input
  table_columns: u32,    // numbers of a row of the table
  table_column: u32,     // where this layer's share of a row begins
  conditions: u32,       // rows of the table per step
  has_residual: u32,     // 1: residual is added as it is
  shortcut_first: u32,   // vec4s of a pixel of residual where the shortcut is a 1x1 convolution; else 0
  shortcut_second: u32,  // vec4s of a pixel of second in the shortcut; 0: none
  scale: f32,
  groups: u32,           // of the norm; 0: the input is taken as it is
  group_channels: u32,   // channels of a group
  source_channels: u32,  // channels of x, unpadded
  eps: f32,
  activation: u32,       // of the normalised input, as lib/activations.wgsl numbers them
  emits_statistics: u32, // 1: y's statistics are written behind y
  parts: u32,            // workgroups that share a tile's sum; 1: each has a tile of its own
}

const TIME_IS_BIAS: u32 = 1;
const TIME_MODULATES: u32 = 2;

// Where this layer's share begins in the table, for one image at the current step.
fn table_at(image: u32) -> u32 {
  return (position[0] * params.conditions + position[4 + image]) * params.table_columns + params.table_column;
}

fn out_pixels() -> u32 {
  return params.out_height * params.out_width;
}
