// winograd2_output: from Winograd's products back to 2 x 2 pixels, the last of three steps of a 3 x 3 convolution.
//
//   y[p,n] = (bias[n] + time[n] + residual[p,n] + (A^T m A)[p,n]) * scale      m: the 16 products of p's tile, channel n
//
// Shapes    m: (16, tiles, N), tiles as winograd2_input has them   y, residual: (B, H, W, N)
// Layout    NHWC
// Dispatch  one invocation per tile and channel; neighbours take neighbouring channels
// Cost      16 loads, 4 of residual where there is one, 4 stores, 24 additions
// Host      src/kernels/conv2d_winograd.ts      Test  test/kernels/conv2d_winograd.test.ts
// Include   lib/conv2d_taps.wgsl, lib/winograd_tiles.wgsl, lib/winograd_output.wgsl, lib/winograd2.wgsl

override WORKGROUP_SIZE: u32 = 64;

@group(0) @binding(0) var<uniform> params: Params; // lib/conv2d_taps.wgsl
@group(0) @binding(1) var<storage, read> m: array<f32>;
@group(0) @binding(2) var<storage, read> vectors: array<f32>;  // the bias is in there
@group(0) @binding(3) var<storage, read> table: array<f32>;    // the time embedding's share, by step and condition
@group(0) @binding(4) var<storage, read> position: array<u32>; // [0] the step, [4 + b] the condition of image b
@group(0) @binding(5) var<storage, read> residual: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  let channels = 4 * params.out_channels;
  let n = i % channels;
  let t = i / channels;
  let tile = tile_of(t, 2);
  if (tile.image * params.out_height * params.out_width >= params.pixels) {
    return;
  }
  let c0 = product_column(0, t, n);
  let c1 = product_column(1, t, n);
  let c2 = product_column(2, t, n);
  let c3 = product_column(3, t, n);
  let added = added_to(n, tile.image);
  let top = output_transform(vec4f(c0.x, c1.x, c2.x, c3.x)) + added;
  let bottom = output_transform(vec4f(c0.y, c1.y, c2.y, c3.y)) + added;
  store_pixel(tile, 0, 0, n, top.x);
  store_pixel(tile, 0, 1, n, top.y);
  store_pixel(tile, 1, 0, n, bottom.x);
  store_pixel(tile, 1, 1, n, bottom.y);
}

// A^T of the four products in column `dx` of the tile.
fn product_column(dx: u32, t: u32, n: u32) -> vec2f {
  let channels = 4 * params.out_channels;
  let stride = params.tiles * channels;
  let at = dx * stride + t * channels + n;
  let row = 4 * stride;
  return output_transform(vec4f(m[at], m[at + row], m[at + 2 * row], m[at + 3 * row]));
}
