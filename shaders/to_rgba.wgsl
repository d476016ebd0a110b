// to_rgba: what the network made, as pixels that a canvas takes.
//
//   pixel = round(255 clamp(x / 2 + 1/2, 0, 1)), halves to even, as torch rounds;  red in the lowest byte
//
// Shapes    x: (B, H, W, C), C = 1 grey, 3 RGB or 4 RGBA   pixels: (B * H * W) words
// Layout    x one vec4 per pixel; zeros after the last pixel
// Dispatch  one invocation per four pixels
// Cost      reads x once; writes a quarter of it
// Host      src/kernels/to_rgba.ts      Test  test/kernels/to_rgba.test.ts

override WORKGROUP_SIZE: u32 = 64;
override CHANNELS: u32 = 3;

struct Params {
  count: u32, // pixels
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> pixels: array<vec4u>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  if (4 * i >= params.count) {
    return;
  }
  pixels[i] = vec4u(pixel(4 * i), pixel(4 * i + 1), pixel(4 * i + 2), pixel(4 * i + 3));
}

fn pixel(index: u32) -> u32 {
  if (index >= params.count) {
    return 0;
  }
  let shade = x[index];
  let rgb = select(shade.rgb, shade.rrr, CHANNELS == 1);
  let alpha = select(1.0, shade.a, CHANNELS == 4);
  let bytes = vec4u(round(255 * clamp(vec4f(rgb, alpha) / 2 + 0.5, vec4f(0), vec4f(1))));
  return bytes.r | (bytes.g << 8) | (bytes.b << 16) | (bytes.a << 24);
}
