// rescale: a multiple of the input plus a constant, divided by a number that depends on the step and the image.
//
//   y[b,p,c] = (x[b,p,c] * scale + shift) / divisor[step * conditions + condition[b]]
//
// Shapes    x, y: (B, P, C)   divisor: (steps * conditions), used with HAS_DIVISOR
// Layout    vec4 along C; the padding stays zero whatever the shift
// Dispatch  one invocation per vec4
// Cost      reads x once, writes y once
// Host      src/kernels/rescale.ts      Test  test/kernels/rescale.test.ts

override WORKGROUP_SIZE: u32 = 64;
override HAS_DIVISOR: bool = false;

struct Params {
  count: u32,      // vec4s of y
  columns: u32,    // vec4s of a pixel
  channels: u32,   // C
  pixels: u32,     // P
  conditions: u32, // rows of divisor per step
  scale: f32,
  shift: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> divisor: array<f32>;
@group(0) @binding(3) var<storage, read> position: array<u32>; // [0] the step, [4 + b] the condition of image b
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

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
  let channel = i % params.columns * 4;
  let is_channel = channel + vec4u(0, 1, 2, 3) < vec4u(params.channels);
  var result = x[i] * params.scale + select(vec4f(0), vec4f(params.shift), is_channel);
  if (HAS_DIVISOR) {
    let b = i / params.columns / params.pixels;
    result /= divisor[position[0] * params.conditions + position[4 + b]];
  }
  y[i] = result;
}
