// 03_register_tile: eight rows by four columns, 32 sums in registers.
//
// Eight rows of a meet the same four columns of b: loaded once, used eight times, without a barrier. Loads per
// multiply-add fall to 0.09. It helps every adapter as long as M N / 32 invocations suffice to keep it busy.
//
//   y[m,n] = sum over k of a[m,k] * b[k,n]
//
// Shapes    a: (M, K)   b: (K, N)   y: (M, N)
// Layout    row by row; K and N padded to multiples of four
// Dispatch  one invocation per 8 rows and 4 columns
// Cost      per 4 of K: 12 vec4 loads for 128 multiply-adds
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
  let m = i / params.columns * 8;
  if (m >= params.rows) {
    return;
  }
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  var s4 = vec4f();
  var s5 = vec4f();
  var s6 = vec4f();
  var s7 = vec4f();
  let a0 = min(m, params.rows - 1) * params.depth;
  let a1 = min(m + 1, params.rows - 1) * params.depth;
  let a2 = min(m + 2, params.rows - 1) * params.depth;
  let a3 = min(m + 3, params.rows - 1) * params.depth;
  let a4 = min(m + 4, params.rows - 1) * params.depth;
  let a5 = min(m + 5, params.rows - 1) * params.depth;
  let a6 = min(m + 6, params.rows - 1) * params.depth;
  let a7 = min(m + 7, params.rows - 1) * params.depth;
  let row = params.columns; // vec4s from one row of b to the next
  var at = n;
  for (var k = 0u; k < params.depth; k++) {
    let four = mat4x4f(b[at], b[at + row], b[at + 2 * row], b[at + 3 * row]);
    s0 += four * a[a0 + k];
    s1 += four * a[a1 + k];
    s2 += four * a[a2 + k];
    s3 += four * a[a3 + k];
    s4 += four * a[a4 + k];
    s5 += four * a[a5 + k];
    s6 += four * a[a6 + k];
    s7 += four * a[a7 + k];
    at += 4 * row;
  }
  store(m, n, s0);
  store(m + 1, n, s1);
  store(m + 2, n, s2);
  store(m + 3, n, s3);
  store(m + 4, n, s4);
  store(m + 5, n, s5);
  store(m + 6, n, s6);
  store(m + 7, n, s7);
}

fn store(m: u32, n: u32, sum: vec4f) {
  if (m < params.rows) {
    y[m * params.columns + n] = sum;
  }
}
