// 05_split_sum: four teams share one tile, each takes a quarter of the sum.
//
// A small product has few tiles, and each waits for its long sum: K / 16 stages one after the other. Four teams of 64
// invocations take every fourth stage of the same tile and add up at the end, through workgroup memory: the chain is
// a quarter as long, and the chip four times as full. It helps large GPUs on small matrices; where all cores are busy
// anyway, it only adds barriers.
//
//   y[m,n] = sum over k of a[m,k] * b[k,n]
//
// Shapes    a: (M, K)   b: (K, N)   y: (M, N)
// Layout    row by row; K and N padded to multiples of four
// Dispatch  (tiles of 32 rows, tiles of 32 columns) workgroups of 4 * 64 invocations
// Cost      as rung 04, and 8 barriers to add up; the longest chain is K / 64 stages
// Host      bench/ladder/matmul.ts      Test  test/bench/ladder.test.ts

override WORKGROUP_SIZE: u32 = 256; // TEAMS * 64
const TEAMS: u32 = 4;
const DEPTH: u32 = 4;          // vec4s of K per stage
const STAGE: u32 = 32 * DEPTH; // vec4s of either operand of one team

struct Params {
  rows: u32,    // M
  depth: u32,   // K / 4
  columns: u32, // N / 4
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

var<workgroup> left: array<vec4f, TEAMS * STAGE>;  // [team][row][depth]
var<workgroup> right: array<vec4f, TEAMS * STAGE>; // [team][number of K][column]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) index: u32) {
  let lane = index % 64;
  let team = index / 64;
  let base = team * STAGE;
  let first = workgroup_id.x * 32;
  let row = lane / 8 * 4;
  let column = lane % 8;
  let n = workgroup_id.y * 8 + column;
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  // Every team makes as many rounds, so that all meet at the barriers; beyond K they add zeros.
  for (var round = 0u; round < params.depth; round += TEAMS * DEPTH) {
    let k = round + team * DEPTH;
    for (var at = lane; at < STAGE; at += 64) {
      let m = min(first + at / DEPTH, params.rows - 1);
      let d = k + at % DEPTH;
      left[base + at] = a[m * params.depth + min(d, params.depth - 1)] * select(0.0, 1.0, d < params.depth);
      let source = min(4 * k + at / 8, 4 * params.depth - 1);
      right[base + at] = b[source * params.columns + min(workgroup_id.y * 8 + at % 8, params.columns - 1)];
    }
    workgroupBarrier();
    for (var d = 0u; d < DEPTH; d++) {
      let at = base + 32 * d + column;
      let four = mat4x4f(right[at], right[at + 8], right[at + 16], right[at + 24]);
      s0 += four * left[base + (row) * DEPTH + d];
      s1 += four * left[base + (row + 1) * DEPTH + d];
      s2 += four * left[base + (row + 2) * DEPTH + d];
      s3 += four * left[base + (row + 3) * DEPTH + d];
    }
    workgroupBarrier(); // the next stage overwrites both operands
  }
  // Four sums of every invocation, where the operands were: TEAMS * 64 vec4s fit either.
  left[index] = s0;
  right[index] = s1;
  left[TEAMS * 64 + index] = s2;
  right[TEAMS * 64 + index] = s3;
  workgroupBarrier();
  if (team == 0 && n < params.columns) {
    for (var other = 64u; other < TEAMS * 64; other += 64) {
      s0 += left[other + lane];
      s1 += right[other + lane];
      s2 += left[TEAMS * 64 + other + lane];
      s3 += right[TEAMS * 64 + other + lane];
    }
    store(first + row, n, s0);
    store(first + row + 1, n, s1);
    store(first + row + 2, n, s2);
    store(first + row + 3, n, s3);
  }
}

fn store(m: u32, n: u32, sum: vec4f) {
  if (m < params.rows) {
    y[m * params.columns + n] = sum;
  }
}
