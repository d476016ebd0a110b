// from_nchw: a picture in PyTorch's order becomes one in the engine's.
//
//   y[b,h,w,c] = x[b,c,h,w]
//
// Shapes    x: (B * C * P) with P = H * W   y: (B, H, W, C)
// Layout    x unpadded; y vec4 along C, padded with zeros
// Dispatch  one invocation per vec4 of y
// Cost      reads and writes the picture once; the reads of neighbours lie P apart within a pixel, together across pixels
// Host      src/kernels/layout.ts      Test  test/kernels/layout.test.ts

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  count: u32,    // vec4s of y
  channels: u32, // C
  pixels: u32,   // P
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
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
  // The place in the result's order, but channels slowest: neighbouring invocations read neighbouring pixels.
  let columns = (params.channels + 3) / 4;
  let pixel = i % params.pixels;
  let column = i / params.pixels % columns;
  let image = i / params.pixels / columns;
  let channels = column * 4 + vec4u(0, 1, 2, 3);
  let at = (image * params.channels + min(channels, vec4u(params.channels - 1))) * params.pixels + pixel;
  let value = vec4f(x[at.x], x[at.y], x[at.z], x[at.w]);
  y[(image * params.pixels + pixel) * columns + column] = select(vec4f(0), value, channels < vec4u(params.channels));
}
