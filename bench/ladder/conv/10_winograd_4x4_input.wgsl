// 10_winograd_4x4_input: Winograd F(4x4, 3x3): sixteen results from 36 products, first of three.
//
// The same identity with larger tiles: 36 multiplications per channel for sixteen results in place of 144, a quarter.
// The transforms now multiply by up to 8 and cancel, so the error grows about tenfold, still far below what a network
// notices in f32 and too much for f16. It helps as rung 09 does, from 16 x 16 pixels on: smaller pictures have too
// few tiles to fill the products' rows. The second of three is 09_winograd_product.wgsl with 36 positions.
//
//   V = B^T d B,   B^T = (4 0 -5 0 1 0, 0 -4 -4 1 1 0, 0 4 -4 -1 1 0, 0 -2 -1 2 1 0, 0 2 -1 -2 1 0, 0 4 0 -5 0 1)
//
// Shapes    x: (H, W, C)   V: (36, T, C) with T = ceil(H / 4) * ceil(W / 4) tiles of 6 x 6 pixels
// Layout    V holds, number by number of the transformed tile, its value for all tiles: (positions, T, C), C padded to a multiple of four
// Dispatch  one invocation per tile and 4 channels
// Cost      36 vec4 loads, 36 vec4 stores
// Host      bench/ladder/conv.ts      Test  test/bench/ladder.test.ts

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  height: u32,
  width: u32,
  channels: u32, // C / 4
  outputs: u32,  // N / 4
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> v: array<vec4f>;

struct Six {
  a: vec4f,
  b: vec4f,
  c: vec4f,
  d: vec4f,
  e: vec4f,
  f: vec4f,
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  let tiles_x = (params.width + 3) / 4;
  let tiles = tiles_x * ((params.height + 3) / 4);
  if (i >= tiles * params.channels) {
    return;
  }
  let k = i % params.channels;
  let tile = i / params.channels;
  let top = i32(tile / tiles_x * 4) - 1;
  let left = i32(tile % tiles_x * 4) - 1;
  let c0 = column(top, left, k);
  let c1 = column(top, left + 1, k);
  let c2 = column(top, left + 2, k);
  let c3 = column(top, left + 3, k);
  let c4 = column(top, left + 4, k);
  let c5 = column(top, left + 5, k);
  store(0, i, transform(c0.a, c1.a, c2.a, c3.a, c4.a, c5.a));
  store(1, i, transform(c0.b, c1.b, c2.b, c3.b, c4.b, c5.b));
  store(2, i, transform(c0.c, c1.c, c2.c, c3.c, c4.c, c5.c));
  store(3, i, transform(c0.d, c1.d, c2.d, c3.d, c4.d, c5.d));
  store(4, i, transform(c0.e, c1.e, c2.e, c3.e, c4.e, c5.e));
  store(5, i, transform(c0.f, c1.f, c2.f, c3.f, c4.f, c5.f));
}

// One row or column under B.
fn transform(a: vec4f, b: vec4f, c: vec4f, d: vec4f, e: vec4f, f: vec4f) -> Six {
  return Six(
    4 * a - 5 * c + e,
    e + d - 4 * (b + c),
    e - d + 4 * (b - c),
    e - c + 2 * (d - b),
    e - c - 2 * (d - b),
    4 * b - 5 * d + f,
  );
}

// One column of a tile's pixels, transformed.
fn column(top: i32, left: i32, k: u32) -> Six {
  return transform(
    input(top, left, k),
    input(top + 1, left, k),
    input(top + 2, left, k),
    input(top + 3, left, k),
    input(top + 4, left, k),
    input(top + 5, left, k),
  );
}

fn input(row: i32, column: i32, k: u32) -> vec4f {
  let height = i32(params.height);
  let width = i32(params.width);
  let is_inside = (row >= 0) & (row < height) & (column >= 0) & (column < width);
  let pixel = clamp(row, 0, height - 1) * width + clamp(column, 0, width - 1);
  return x[u32(pixel) * params.channels + k] * select(0.0, 1.0, is_inside);
}

fn store(row: u32, at: u32, numbers: Six) {
  let stride = params.channels * ((params.width + 3) / 4) * ((params.height + 3) / 4);
  v[at + 6 * row * stride] = numbers.a;
  v[at + (6 * row + 1) * stride] = numbers.b;
  v[at + (6 * row + 2) * stride] = numbers.c;
  v[at + (6 * row + 3) * stride] = numbers.d;
  v[at + (6 * row + 4) * stride] = numbers.e;
  v[at + (6 * row + 5) * stride] = numbers.f;
}
