// 06_subgroup_sharing: lanes of a subgroup fetch sixteen rows together and pass them round.
//
// Lanes along columns all want the same numbers of a. Each lane fetches 16 / LANES of the sixteen rows, the others
// take them out of its register: neither memory nor barrier. What is left are the loads of b, which serve sixteen
// rows each. The best form on software adapters, where a load costs as much as ten multiply-adds; a GPU's registers
// would rather hold half the sums.
//
//   y[m,n] = sum over k of a[m,k] * b[k,n]
//
// Shapes    a: (M, K)   b: (K, N)   y: (M, N)
// Layout    row by row; K and N padded to multiples of four
//           LANES to a subgroup, numbered along the workgroup
// Dispatch  one subgroup per 16 rows and 4 * LANES columns
// Cost      per 4 of K: 4 + 16 / LANES vec4 loads for 256 multiply-adds
// Host      bench/ladder/matmul.ts      Test  test/bench/ladder.test.ts

enable subgroups;
// Every lane of a subgroup takes the same path: all branches around a broadcast depend on Params alone.
diagnostic(off, subgroup_uniformity);

override WORKGROUP_SIZE: u32 = 64;
const LANES: u32 = 8; // invocations of a subgroup

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
  let blocks = (params.columns + LANES - 1) / LANES;
  let own = i % LANES;
  // Lanes beyond the last column compute it again, and store nothing.
  let wanted = i / LANES % blocks * LANES + own;
  let n = min(wanted, params.columns - 1);
  let m = i / LANES / blocks * 16;
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  var s4 = vec4f();
  var s5 = vec4f();
  var s6 = vec4f();
  var s7 = vec4f();
  var s8 = vec4f();
  var s9 = vec4f();
  var s10 = vec4f();
  var s11 = vec4f();
  var s12 = vec4f();
  var s13 = vec4f();
  var s14 = vec4f();
  var s15 = vec4f();
  // Sixteen rows: one a lane, or two or four where a subgroup has eight or four.
  let a0 = min(m + own, params.rows - 1) * params.depth;
  let a1 = min(m + own + 4, params.rows - 1) * params.depth;
  let a2 = min(m + own + 8, params.rows - 1) * params.depth;
  let a3 = min(m + own + 12, params.rows - 1) * params.depth;
  let row = params.columns; // vec4s from one row of b to the next
  var at = n;
  for (var k = 0u; k < params.depth; k++) {
    let four = mat4x4f(b[at], b[at + row], b[at + 2 * row], b[at + 3 * row]);
    let v0 = a[a0 + k];
    var v1 = v0;
    var v2 = v0;
    var v3 = v0;
    if (LANES < 8) {
      v1 = a[a1 + k];
    }
    if (LANES < 16) {
      v2 = a[a2 + k];
      v3 = v2;
    }
    if (LANES < 8) {
      v3 = a[a3 + k];
    }
    s0 += four * subgroupBroadcast(v0, 0);
    s1 += four * subgroupBroadcast(v0, 1);
    s2 += four * subgroupBroadcast(v0, 2);
    s3 += four * subgroupBroadcast(v0, 3);
    s4 += four * subgroupBroadcast(v1, 4 % LANES);
    s5 += four * subgroupBroadcast(v1, 5 % LANES);
    s6 += four * subgroupBroadcast(v1, 6 % LANES);
    s7 += four * subgroupBroadcast(v1, 7 % LANES);
    s8 += four * subgroupBroadcast(v2, 8 % LANES);
    s9 += four * subgroupBroadcast(v2, 9 % LANES);
    s10 += four * subgroupBroadcast(v2, 10 % LANES);
    s11 += four * subgroupBroadcast(v2, 11 % LANES);
    s12 += four * subgroupBroadcast(v3, 12 % LANES);
    s13 += four * subgroupBroadcast(v3, 13 % LANES);
    s14 += four * subgroupBroadcast(v3, 14 % LANES);
    s15 += four * subgroupBroadcast(v3, 15 % LANES);
    at += 4 * row;
  }
  if (wanted < params.columns) {
    store(m, n, s0);
    store(m + 1, n, s1);
    store(m + 2, n, s2);
    store(m + 3, n, s3);
    store(m + 4, n, s4);
    store(m + 5, n, s5);
    store(m + 6, n, s6);
    store(m + 7, n, s7);
    store(m + 8, n, s8);
    store(m + 9, n, s9);
    store(m + 10, n, s10);
    store(m + 11, n, s11);
    store(m + 12, n, s12);
    store(m + 13, n, s13);
    store(m + 14, n, s14);
    store(m + 15, n, s15);
  }
}

fn store(m: u32, n: u32, sum: vec4f) {
  if (m < params.rows) {
    y[m * params.columns + n] = sum;
  }
}
