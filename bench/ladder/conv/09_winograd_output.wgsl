// 09_winograd_output: Winograd F(2x2, 3x3), last of three: sums of products back to pixels.
//
// The sums over channels are done; what is left is the inverse transform, additions alone: sixteen numbers become
// four pixels.
//
//   y = A^T M A,   A^T = (1 1 1 0, 0 1 -1 -1)
//
// Shapes    M: (16, T, N) with T = ceil(H / 2) * ceil(W / 2) tiles   y: (H, W, N)
// Layout    M position by position, y NHWC; N padded to a multiple of four
// Dispatch  one invocation per tile and 4 outputs
// Cost      16 vec4 loads, 4 vec4 stores, 24 vec4 additions
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

struct Two {
  a: vec4f,
  b: vec4f,
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  let tiles_x = (params.width + 1) / 2;
  let stride = tiles_x * ((params.height + 1) / 2) * params.outputs;
  if (i >= stride) {
    return;
  }
  let n = i % params.outputs;
  let tile = i / params.outputs;
  let top = tile / tiles_x * 2;
  let left = tile % tiles_x * 2;
  let c0 = transform(
    products[i],
    products[i + 4 * stride],
    products[i + 8 * stride],
    products[i + 12 * stride],
  );
  let c1 = transform(
    products[i + 1 * stride],
    products[i + 5 * stride],
    products[i + 9 * stride],
    products[i + 13 * stride],
  );
  let c2 = transform(
    products[i + 2 * stride],
    products[i + 6 * stride],
    products[i + 10 * stride],
    products[i + 14 * stride],
  );
  let c3 = transform(
    products[i + 3 * stride],
    products[i + 7 * stride],
    products[i + 11 * stride],
    products[i + 15 * stride],
  );
  store(top, left, n, transform(c0.a, c1.a, c2.a, c3.a));
  store(top + 1, left, n, transform(c0.b, c1.b, c2.b, c3.b));
}

// One row or column under A.
fn transform(a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> Two {
  return Two(a + b + c, b - c - d);
}

fn store(row: u32, column: u32, n: u32, numbers: Two) {
  put(row, column, n, numbers.a);
  put(row, column + 1, n, numbers.b);
}

// The last tiles may reach beyond the picture.
fn put(row: u32, column: u32, n: u32, number: vec4f) {
  if (row < params.height && column < params.width) {
    y[(row * params.width + column) * params.outputs + n] = number;
  }
}
