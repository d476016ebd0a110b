// 09_winograd_input: Winograd F(2x2, 3x3), first of three: the picture's tiles, transformed.
//
// Four neighbouring results of a 3 x 3 window share most of what they read. Winograd's identity (Lavin & Gray 2015,
// arXiv 1509.09308) computes them with 16 multiplications per channel in place of 36: transform a tile of 4 x 4
// numbers with additions alone, multiply number by number with weights that were transformed once at load, transform
// back. The products over all channels are sixteen plain matrix products. It helps wherever multiply-adds or loads of
// weights are what a convolution waits for, in f32, from some 32 channels on; it costs three dispatches and the way
// through memory between them.
//
//   V = B^T d B,   B^T = (1 0 -1 0, 0 1 1 0, 0 -1 1 0, 0 1 0 -1),   d: 4 x 4 pixels of one channel, tiles 2 pixels apart
//
// Shapes    x: (H, W, C)   V: (16, T, C) with T = ceil(H / 2) * ceil(W / 2) tiles
// Layout    V holds, number by number of the transformed tile, its value for all tiles: (positions, T, C), C padded to a multiple of four
// Dispatch  one invocation per tile and 4 channels
// Cost      16 vec4 loads, 16 vec4 stores, 32 vec4 additions
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

struct Four {
  a: vec4f,
  b: vec4f,
  c: vec4f,
  d: vec4f,
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  let tiles_x = (params.width + 1) / 2;
  let tiles = tiles_x * ((params.height + 1) / 2);
  if (i >= tiles * params.channels) {
    return;
  }
  let k = i % params.channels;
  let tile = i / params.channels;
  let top = i32(tile / tiles_x * 2) - 1;
  let left = i32(tile % tiles_x * 2) - 1;
  let c0 = column(top, left, k);
  let c1 = column(top, left + 1, k);
  let c2 = column(top, left + 2, k);
  let c3 = column(top, left + 3, k);
  store(0, i, transform(c0.a, c1.a, c2.a, c3.a));
  store(1, i, transform(c0.b, c1.b, c2.b, c3.b));
  store(2, i, transform(c0.c, c1.c, c2.c, c3.c));
  store(3, i, transform(c0.d, c1.d, c2.d, c3.d));
}

// One row or column under B.
fn transform(a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> Four {
  return Four(a - c, b + c, c - b, b - d);
}

// One column of a tile's pixels, transformed.
fn column(top: i32, left: i32, k: u32) -> Four {
  return transform(
    input(top, left, k),
    input(top + 1, left, k),
    input(top + 2, left, k),
    input(top + 3, left, k),
  );
}

fn input(row: i32, column: i32, k: u32) -> vec4f {
  let height = i32(params.height);
  let width = i32(params.width);
  let is_inside = (row >= 0) & (row < height) & (column >= 0) & (column < width);
  let pixel = clamp(row, 0, height - 1) * width + clamp(column, 0, width - 1);
  return x[u32(pixel) * params.channels + k] * select(0.0, 1.0, is_inside);
}

fn store(row: u32, at: u32, numbers: Four) {
  let stride = params.channels * ((params.width + 1) / 2) * ((params.height + 1) / 2);
  v[at + 4 * row * stride] = numbers.a;
  v[at + (4 * row + 1) * stride] = numbers.b;
  v[at + (4 * row + 2) * stride] = numbers.c;
  v[at + (4 * row + 3) * stride] = numbers.d;
}
