// winograd4_output: from Winograd's products back to 4 x 4 pixels, the last of three steps of a 3 x 3 convolution.
//
//   y[p,n] = (bias[n] + time[n] + residual[p,n] + (A^T m A)[p,n]) * scale      m: the 36 products of p's tile, channel n
//
// Shapes    m: (36, tiles, N), tiles as winograd4_input has them   y, residual: (B, H, W, N)
// Layout    NHWC
// Dispatch  one invocation per tile and channel; neighbours take neighbouring channels
// Cost      36 loads, 16 of residual where there is one, 16 stores, 220 additions and multiplications
// Host      src/kernels/conv2d_winograd.ts      Test  test/kernels/conv2d_winograd.test.ts
// Include   lib/conv2d_taps.wgsl, lib/winograd_tiles.wgsl, lib/winograd_output.wgsl, lib/winograd4.wgsl

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
  let tile = tile_of(t, 4);
  if (tile.image * params.out_height * params.out_width >= params.pixels) {
    return;
  }
  let c0 = product_column(0, t, n);
  let c1 = product_column(1, t, n);
  let c2 = product_column(2, t, n);
  let c3 = product_column(3, t, n);
  let c4 = product_column(4, t, n);
  let c5 = product_column(5, t, n);
  let added = added_to(n, tile.image);
  store_row(tile, 0, n, added, output_transform(Six(c0[0], c1[0], c2[0], c3[0], c4[0], c5[0])));
  store_row(tile, 1, n, added, output_transform(Six(c0[1], c1[1], c2[1], c3[1], c4[1], c5[1])));
  store_row(tile, 2, n, added, output_transform(Six(c0[2], c1[2], c2[2], c3[2], c4[2], c5[2])));
  store_row(tile, 3, n, added, output_transform(Six(c0[3], c1[3], c2[3], c3[3], c4[3], c5[3])));
}

// A^T of the six products in column `dx` of the tile.
fn product_column(dx: u32, t: u32, n: u32) -> vec4f {
  let channels = 4 * params.out_channels;
  let stride = params.tiles * channels;
  let at = dx * stride + t * channels + n;
  let row = 6 * stride;
  return output_transform(
    Six(m[at], m[at + row], m[at + 2 * row], m[at + 3 * row], m[at + 4 * row], m[at + 5 * row]),
  );
}

fn store_row(tile: Tile, dy: i32, n: u32, added: f32, values: vec4f) {
  store_pixel(tile, dy, 0, n, added + values.x);
  store_pixel(tile, dy, 1, n, added + values.y);
  store_pixel(tile, dy, 2, n, added + values.z);
  store_pixel(tile, dy, 3, n, added + values.w);
}
