// 01_naive: one invocation per number of the result, as the formula reads.
//
// The formula turned into a loop. Neighbouring invocations compute neighbouring columns, so lanes read neighbouring
// numbers of b and one and the same of a. Every multiply-add loads two numbers, and no adapter loads as fast as it
// multiplies.
//
//   y[m,n] = sum over k of a[m,k] * b[k,n]
//
// Shapes    a: (M, K)   b: (K, N)   y: (M, N)
// Layout    row by row; K and N padded to multiples of four
// Dispatch  one invocation per output number
// Cost      K multiply-adds and 2 K loads of 4 bytes per invocation
// Host      bench/ladder/matmul.ts      Test  test/bench/ladder.test.ts

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32,    // M
  depth: u32,   // K / 4
  columns: u32, // N / 4
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  let depth = 4 * params.depth;
  let columns = 4 * params.columns;
  let n = i % columns;
  let m = i / columns;
  if (m >= params.rows) {
    return;
  }
  var sum = 0.0;
  for (var k = 0u; k < depth; k++) {
    sum += a[m * depth + k] * b[k * columns + n];
  }
  y[i] = sum;
}
