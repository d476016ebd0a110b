// winograd4_input: the input's 6 x 6 tiles, transformed, the first of three steps of a 3 x 3 convolution with a fourth of the products.
//
//   v[e,t,c'] = (B^T d B)[e]     d: the 6 x 6 pixels of channel c of f(x * scale + shift) under tile t, e: one of 36 places
//
// Shapes    x: (B, H, W, C)   affine: (B, 2, C')   v: (36, tiles, C')   C' >= C: the channels of a concatenation, x's from
//           source_column on; each source has a launch of its own
// Layout    NHWC: place by place, v is what a 1x1 convolution reads. There are B * ceil(H / 4) * ceil(W / 4) tiles, rounded
//           up to a multiple of 16. With upsample = 1 the tiles lie on the nearest-neighbour 2x enlargement of x
// Dispatch  one invocation per tile and channel; neighbours take neighbouring channels
// Cost      36 loads and stores, 216 additions and multiplications; each pixel is normalised 2.25 times, which costs less
//           than to store it normalised and read it back
// Host      src/kernels/conv2d_winograd.ts      Test  test/kernels/conv2d_winograd.test.ts
// Include   lib/conv2d_taps.wgsl, lib/winograd_tiles.wgsl, lib/winograd_input.wgsl, lib/winograd4.wgsl, lib/activations.wgsl
//
// Lavin & Gray 2016, F(4x4, 3x3), with interpolation points 0, +-1/sqrt(2), +-sqrt(2) and infinity in place of their 0,
// +-1, +-2: the rounding error is a third (8e-6 of the result's spread for 256 channels, where the plain sum has 5e-6).
// One channel, not four: software adapters build a kernel with 72 accesses in 3 seconds, with 288 in 12.

override WORKGROUP_SIZE: u32 = 64;
override ACTIVATION: u32 = 0; // lib/activations.wgsl numbers them

@group(0) @binding(0) var<uniform> params: Params; // lib/conv2d_taps.wgsl
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> affine: array<f32>; // read where params.has_norm says so
@group(0) @binding(3) var<storage, read_write> v: array<f32>;

// Where six rows or columns of a tile lie in the input, and 0 for those outside it, else 1.
struct Line {
  at: array<u32, 6>,
  inside: Six,
}

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
  let tile = tile_of(t, 4);
  if (tile.image * params.out_height * params.out_width >= params.pixels) {
    return;
  }
  let h = channel_of(c, tile.image);
  let rows = line_of(tile.y - 1, params.in_height);
  let columns = line_of(tile.x - 1, params.in_width);
  let first_row = tile.image * params.in_height;
  let c0 = input_column(h, rows, first_row, columns.at[0], columns.inside.a);
  let c1 = input_column(h, rows, first_row, columns.at[1], columns.inside.b);
  let c2 = input_column(h, rows, first_row, columns.at[2], columns.inside.c);
  let c3 = input_column(h, rows, first_row, columns.at[3], columns.inside.d);
  let c4 = input_column(h, rows, first_row, columns.at[4], columns.inside.e);
  let c5 = input_column(h, rows, first_row, columns.at[5], columns.inside.f);
  store_row(0, t, c, input_transform(Six(c0.a, c1.a, c2.a, c3.a, c4.a, c5.a)));
  store_row(1, t, c, input_transform(Six(c0.b, c1.b, c2.b, c3.b, c4.b, c5.b)));
  store_row(2, t, c, input_transform(Six(c0.c, c1.c, c2.c, c3.c, c4.c, c5.c)));
  store_row(3, t, c, input_transform(Six(c0.d, c1.d, c2.d, c3.d, c4.d, c5.d)));
  store_row(4, t, c, input_transform(Six(c0.e, c1.e, c2.e, c3.e, c4.e, c5.e)));
  store_row(5, t, c, input_transform(Six(c0.f, c1.f, c2.f, c3.f, c4.f, c5.f)));
}

fn line_of(start: i32, size: u32) -> Line {
  var line: Line;
  let enlarged = i32(size << params.upsample);
  for (var i = 0; i < 6; i++) {
    line.at[i] = u32(clamp(start + i, 0, enlarged - 1)) >> params.upsample;
  }
  line.inside = Six(
    inside(start, enlarged),
    inside(start + 1, enlarged),
    inside(start + 2, enlarged),
    inside(start + 3, enlarged),
    inside(start + 4, enlarged),
    inside(start + 5, enlarged),
  );
  return line;
}

// B^T of the six pixels in one column of the tile.
fn input_column(h: Channel, rows: Line, first_row: u32, column: u32, in_column: f32) -> Six {
  return input_transform(Six(
    pixel(h, first_row + rows.at[0], column) * (rows.inside.a * in_column),
    pixel(h, first_row + rows.at[1], column) * (rows.inside.b * in_column),
    pixel(h, first_row + rows.at[2], column) * (rows.inside.c * in_column),
    pixel(h, first_row + rows.at[3], column) * (rows.inside.d * in_column),
    pixel(h, first_row + rows.at[4], column) * (rows.inside.e * in_column),
    pixel(h, first_row + rows.at[5], column) * (rows.inside.f * in_column),
  ));
}

fn store_row(row: u32, t: u32, c: u32, values: Six) {
  let stride = params.tiles * 4 * params.source_columns;
  let at = row * 6 * stride + 4 * (t * params.source_columns + params.source_column) + c;
  v[at] = values.a;
  v[at + stride] = values.b;
  v[at + 2 * stride] = values.c;
  v[at + 3 * stride] = values.d;
  v[at + 4 * stride] = values.e;
  v[at + 5 * stride] = values.f;
}
