// 02_vec4: one invocation per four columns, sixteen bytes a load.
//
// Four columns lie side by side: one load of 16 bytes fetches what took four, and each number of a, once in a
// register, meets four of b. 0.31 load instructions per multiply-add instead of 2. This helps on every adapter.
//
//   y[m,n] = sum over k of a[m,k] * b[k,n]
//
// Shapes    a: (M, K)   b: (K, N)   y: (M, N)
// Layout    row by row; K and N padded to multiples of four
// Dispatch  one invocation per row and 4 columns
// Cost      per 4 of K: 5 vec4 loads for 16 multiply-adds
// Host      bench/ladder/matmul.ts      Test  test/bench/ladder.test.ts

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32,    // M
  depth: u32,   // K / 4
  columns: u32, // N / 4
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  let n = i % params.columns;
  let m = i / params.columns;
  if (m >= params.rows) {
    return;
  }
  var s0 = vec4f();
  let a0 = min(m, params.rows - 1) * params.depth;
  let row = params.columns; // vec4s from one row of b to the next
  var at = n;
  for (var k = 0u; k < params.depth; k++) {
    let four = mat4x4f(b[at], b[at + row], b[at + 2 * row], b[at + 3 * row]);
    s0 += four * a[a0 + k];
    at += 4 * row;
  }
  y[i] = s0;
}
