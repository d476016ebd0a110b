// to_nchw: a picture in the engine's order becomes one in PyTorch's.
//
//   y[b,c,h,w] = x[b,h,w,c]
//
// Shapes    x: (B, H, W, C)   y: (B * C * P) with P = H * W
// Layout    x vec4 along C; y unpadded, zeros after its end
// Dispatch  one invocation per four numbers of y
// Cost      reads and writes the picture once
// Host      src/kernels/layout.ts      Test  test/kernels/layout.test.ts

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  size: u32,     // B * C * P
  channels: u32, // C
  stride: u32,   // C, padded
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
  if (4 * i >= params.size) {
    return;
  }
  y[i] = vec4f(element(4 * i), element(4 * i + 1), element(4 * i + 2), element(4 * i + 3));
}

fn element(index: u32) -> f32 {
  let pixel = index % params.pixels;
  let channel = index / params.pixels % params.channels;
  let image = index / params.pixels / params.channels;
  if (index >= params.size) {
    return 0.0;
  }
  return x[(image * params.pixels + pixel) * params.stride + channel];
}
