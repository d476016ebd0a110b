// winograd2_input: the input's 4 x 4 tiles, transformed, the first of three steps of a 3 x 3 convolution with 4/9 of the products.
//
//   v[e,t,c'] = (B^T d B)[e]     d: the 4 x 4 pixels of channel c of f(x * scale + shift) under tile t, e: one of 16 places
//
// Shapes    x: (B, H, W, C)   affine: (B, 2, C')   v: (16, tiles, C')   C' >= C: the channels of a concatenation, x's from
//           source_column on; each source has a launch of its own
// Layout    NHWC: place by place, v is what a 1x1 convolution reads. There are B * ceil(H / 2) * ceil(W / 2) tiles, rounded
//           up to a multiple of 16. With upsample = 1 the tiles lie on the nearest-neighbour 2x enlargement of x
// Dispatch  one invocation per tile and channel; neighbours take neighbouring channels
// Cost      16 loads and stores, 32 additions; each pixel is normalised four times
// Host      src/kernels/conv2d_winograd.ts      Test  test/kernels/conv2d_winograd.test.ts
// Include   lib/conv2d_taps.wgsl, lib/winograd_tiles.wgsl, lib/winograd_input.wgsl, lib/winograd2.wgsl, lib/activations.wgsl
//
// Lavin & Gray 2016, F(2x2, 3x3): for pictures with too few 4 x 4 squares to make winograd4_input.wgsl's tiles worth it.

override WORKGROUP_SIZE: u32 = 64;
override ACTIVATION: u32 = 0; // lib/activations.wgsl numbers them

@group(0) @binding(0) var<uniform> params: Params; // lib/conv2d_taps.wgsl
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> affine: array<f32>; // read where params.has_norm says so
@group(0) @binding(3) var<storage, read_write> v: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  let channels = 4 * params.first_channels;
  let c = i % channels;
  let t = i / channels;
  let tile = tile_of(t, 2);
  if (tile.image * params.out_height * params.out_width >= params.pixels) {
    return;
  }
  let h = channel_of(c, tile.image);
  let c0 = input_column(h, tile, -1);
  let c1 = input_column(h, tile, 0);
  let c2 = input_column(h, tile, 1);
  let c3 = input_column(h, tile, 2);
  store_row(0, t, c, input_transform(vec4f(c0.x, c1.x, c2.x, c3.x)));
  store_row(1, t, c, input_transform(vec4f(c0.y, c1.y, c2.y, c3.y)));
  store_row(2, t, c, input_transform(vec4f(c0.z, c1.z, c2.z, c3.z)));
  store_row(3, t, c, input_transform(vec4f(c0.w, c1.w, c2.w, c3.w)));
}

// B^T of the four pixels in the column `dx` beside the tile's first.
fn input_column(h: Channel, tile: Tile, dx: i32) -> vec4f {
  return input_transform(vec4f(
    pixel_in(h, tile, -1, dx),
    pixel_in(h, tile, 0, dx),
    pixel_in(h, tile, 1, dx),
    pixel_in(h, tile, 2, dx),
  ));
}

// A pixel of the tile's surroundings; zero outside the picture.
fn pixel_in(h: Channel, tile: Tile, dy: i32, dx: i32) -> f32 {
  let height = i32(params.in_height << params.upsample);
  let width = i32(params.in_width << params.upsample);
  let row = u32(clamp(tile.y + dy, 0, height - 1)) >> params.upsample;
  let column = u32(clamp(tile.x + dx, 0, width - 1)) >> params.upsample;
  return pixel(h, tile.image * params.in_height + row, column) * inside(tile.y + dy, height) * inside(tile.x + dx, width);
}

fn store_row(row: u32, t: u32, c: u32, values: vec4f) {
  let stride = params.tiles * 4 * params.source_columns;
  let at = row * 4 * stride + 4 * (t * params.source_columns + params.source_column) + c;
  v[at] = values.x;
  v[at + stride] = values.y;
  v[at + 2 * stride] = values.z;
  v[at + 3 * stride] = values.w;
}
