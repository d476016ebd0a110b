// 10_winograd_4x4_output: Winograd F(4x4, 3x3), last of three: sums of products back to pixels.
//
// The inverse transform of rung 10: 36 sums become sixteen pixels.
//
//   y = A^T M A,   A^T = (1 1 1 1 1 0, 0 1 -1 2 -2 0, 0 1 1 4 4 0, 0 1 -1 8 -8 1)
//
// Shapes    M: (36, T, N) with T = ceil(H / 4) * ceil(W / 4) tiles   y: (H, W, N)
// Layout    M position by position, y NHWC; N padded to a multiple of four
// Dispatch  one invocation per tile and 4 outputs
// Cost      36 vec4 loads, 16 vec4 stores
// Host      bench/ladder/conv.ts      Test  test/bench/ladder.test.ts

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  height: u32,
  width: u32,
  channels: u32, // C / 4
  outputs: u32,  // N / 4
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> products: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

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
  let tiles_x = (params.width + 3) / 4;
  let stride = tiles_x * ((params.height + 3) / 4) * params.outputs;
  if (i >= stride) {
    return;
  }
  let n = i % params.outputs;
  let tile = i / params.outputs;
  let top = tile / tiles_x * 4;
  let left = tile % tiles_x * 4;
  let c0 = transform(
    products[i],
    products[i + 6 * stride],
    products[i + 12 * stride],
    products[i + 18 * stride],
    products[i + 24 * stride],
    products[i + 30 * stride],
  );
  let c1 = transform(
    products[i + 1 * stride],
    products[i + 7 * stride],
    products[i + 13 * stride],
    products[i + 19 * stride],
    products[i + 25 * stride],
    products[i + 31 * stride],
  );
  let c2 = transform(
    products[i + 2 * stride],
    products[i + 8 * stride],
    products[i + 14 * stride],
    products[i + 20 * stride],
    products[i + 26 * stride],
    products[i + 32 * stride],
  );
  let c3 = transform(
    products[i + 3 * stride],
    products[i + 9 * stride],
    products[i + 15 * stride],
    products[i + 21 * stride],
    products[i + 27 * stride],
    products[i + 33 * stride],
  );
  let c4 = transform(
    products[i + 4 * stride],
    products[i + 10 * stride],
    products[i + 16 * stride],
    products[i + 22 * stride],
    products[i + 28 * stride],
    products[i + 34 * stride],
  );
  let c5 = transform(
    products[i + 5 * stride],
    products[i + 11 * stride],
    products[i + 17 * stride],
    products[i + 23 * stride],
    products[i + 29 * stride],
    products[i + 35 * stride],
  );
  store(top, left, n, transform(c0.a, c1.a, c2.a, c3.a, c4.a, c5.a));
  store(top + 1, left, n, transform(c0.b, c1.b, c2.b, c3.b, c4.b, c5.b));
  store(top + 2, left, n, transform(c0.c, c1.c, c2.c, c3.c, c4.c, c5.c));
  store(top + 3, left, n, transform(c0.d, c1.d, c2.d, c3.d, c4.d, c5.d));
}

// One row or column under A.
fn transform(a: vec4f, b: vec4f, c: vec4f, d: vec4f, e: vec4f, f: vec4f) -> Four {
  return Four(a + b + c + d + e, b - c + 2 * (d - e), b + c + 4 * (d + e), b - c + 8 * (d - e) + f);
}

fn store(row: u32, column: u32, n: u32, numbers: Four) {
  put(row, column, n, numbers.a);
  put(row, column + 1, n, numbers.b);
  put(row, column + 2, n, numbers.c);
  put(row, column + 3, n, numbers.d);
}

// The last tiles may reach beyond the picture.
fn put(row: u32, column: u32, n: u32, number: vec4f) {
  if (row < params.height && column < params.width) {
    y[(row * params.width + column) * params.outputs + n] = number;
  }
}
