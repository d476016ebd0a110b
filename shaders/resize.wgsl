// resize: a picture at another size, from the nearest pixel or by linear interpolation.
//
//   y[b,i,j,c] = x[b, round(row(i)), round(column(j)), c]              nearest
//   y[b,i,j,c] = sum of the four pixels around (row(i), column(j))     linear
//
// A source coordinate is a fraction, (i * step + origin) / divisor with whole numbers, so that rounding is exact.
//
// Shapes    x: (B, H, W, C)   y: (B, H', W', C)
// Layout    vec4 along C; the padding of C stays zero
// Dispatch  one invocation per vec4 of y
// Cost      reads one pixel (nearest) or four (linear) per pixel written
// Host      src/kernels/resize.ts      Test  test/kernels/resize.test.ts

override WORKGROUP_SIZE: u32 = 64;
override LINEAR: bool = false;
override ROUNDING: u32 = 0; // as numbered below

const FLOOR: u32 = 0;
const CEIL: u32 = 1;
const ROUND_PREFER_FLOOR: u32 = 2;
const ROUND_PREFER_CEIL: u32 = 3;

struct Params {
  count: u32,   // vec4s of y
  columns: u32, // vec4s of a pixel
  height: i32,
  width: i32,
  out_height: u32,
  out_width: u32,
  step_y: i32,
  origin_y: i32,
  divisor_y: i32,
  step_x: i32,
  origin_x: i32,
  divisor_x: i32,
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
  let index = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  if (index >= params.count) {
    return;
  }
  let pixel = index / params.columns;
  let column = i32(index % params.columns);
  let row = pixel / params.out_width;
  let image = i32(row / params.out_height);
  let place = vec2i(i32(pixel % params.out_width), i32(row % params.out_height));

  // Half-pixel coordinates begin below zero: one divisor more keeps the division's operands positive.
  let divisor = vec2i(params.divisor_x, params.divisor_y);
  let numerator = place * vec2i(params.step_x, params.step_y) + vec2i(params.origin_x, params.origin_y) + divisor;
  let whole = numerator / divisor;
  let rest = numerator - whole * divisor;
  let low = whole - 1;
  if (!LINEAR) {
    y[index] = pixel_at(image, low + rounding(rest, divisor), column);
    return;
  }
  let share = vec2f(rest) / vec2f(divisor);
  let above = mix(pixel_at(image, low, column), pixel_at(image, low + vec2i(1, 0), column), share.x);
  let below = mix(pixel_at(image, low + vec2i(0, 1), column), pixel_at(image, low + 1, column), share.x);
  y[index] = mix(above, below, share.y);
}

// What is added to the whole part, 0 or 1 on each axis.
fn rounding(rest: vec2i, divisor: vec2i) -> vec2i {
  switch (ROUNDING) {
    case CEIL: { return select(vec2i(0), vec2i(1), rest > vec2i(0)); }
    case ROUND_PREFER_FLOOR: { return select(vec2i(0), vec2i(1), 2 * rest > divisor); }
    case ROUND_PREFER_CEIL: { return select(vec2i(0), vec2i(1), 2 * rest >= divisor); }
    default: { return vec2i(0); }
  }
}

// Beyond the rim the picture goes on as its last pixel.
fn pixel_at(image: i32, place: vec2i, column: i32) -> vec4f {
  let size = vec2i(params.width, params.height);
  let at = clamp(place, vec2i(0), size - 1);
  return x[((image * size.y + at.y) * size.x + at.x) * i32(params.columns) + column];
}
