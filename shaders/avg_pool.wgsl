// avg_pool: the mean of each window.
//
//   y[b,i,j,c] = 1/n sum_{u,v} x[b, i stride + u dilation - top, j stride + v dilation - left, c]
//
// n counts the taps inside the image, or with COUNT_PADDING also those on the padding around it.
//
// Shapes    x: (B, H, W, C)   y: (B, H', W', C)
// Layout    vec4 along C; the padding of C stays zero
// Dispatch  one invocation per vec4 of y
// Cost      reads each tap once; the window's rim reads a neighbour and adds nothing
// Host      src/kernels/avg_pool.ts      Test  test/kernels/avg_pool.test.ts

override WORKGROUP_SIZE: u32 = 64;
override COUNT_PADDING: bool = false;

struct Params {
  count: u32,   // vec4s of y
  columns: u32, // vec4s of a pixel
  height: i32,
  width: i32,
  out_height: u32,
  out_width: u32,
  taps_y: i32,
  taps_x: i32,
  stride_y: i32,
  stride_x: i32,
  dilation_y: i32,
  dilation_x: i32,
  top: i32, // padding
  left: i32,
  bottom: i32,
  right: i32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) {
    return;
  }
  let pixel = i / params.columns;
  let column = i32(i % params.columns);
  let row = pixel / params.out_width;
  let image = i32(row / params.out_height);
  let size = vec2i(params.width, params.height);
  let counted_end = size + vec2i(params.right, params.bottom);
  let place = vec2i(i32(pixel % params.out_width), i32(row % params.out_height));
  let first = place * vec2i(params.stride_x, params.stride_y) - vec2i(params.left, params.top);

  var sum = vec4f(0);
  var counted = 0u;
  for (var v = 0; v < params.taps_y; v++) {
    for (var u = 0; u < params.taps_x; u++) {
      let tap = first + vec2i(u, v) * vec2i(params.dilation_x, params.dilation_y);
      let is_inside = all(tap >= vec2i(0)) && all(tap < size);
      let at = clamp(tap, vec2i(0), size - 1);
      let value = x[((image * size.y + at.y) * size.x + at.x) * i32(params.columns) + column];
      sum += select(vec4f(0), value, is_inside);
      counted += select(0u, 1u, select(is_inside, all(tap < counted_end), COUNT_PADDING));
    }
  }
  y[i] = sum / f32(max(counted, 1));
}
