// 04_workgroup_tile: a workgroup stages a piece of a and of b in its own memory.
//
// 64 invocations compute 32 rows x 32 columns, 4 x 4 each: 16 of K at a time are fetched once into workgroup memory
// and read from there eight times over. The classic step towards a GPU's peak. A CPU adapter has no such memory and
// must run all invocations up to each barrier in turn: there it loses.
//
//   y[m,n] = sum over k of a[m,k] * b[k,n]
//
// Shapes    a: (M, K)   b: (K, N)   y: (M, N)
// Layout    row by row; K and N padded to multiples of four
// Dispatch  (tiles of 32 rows, tiles of 32 columns) workgroups of 64 invocations
// Cost      per 16 of K: 256 vec4 loads and 2 barriers for 16,384 multiply-adds; 8 vec4s of workgroup memory for 64
// Host      bench/ladder/matmul.ts      Test  test/bench/ladder.test.ts

override WORKGROUP_SIZE: u32 = 64;
const DEPTH: u32 = 4;          // vec4s of K per stage
const STAGE: u32 = 32 * DEPTH; // vec4s of either operand

struct Params {
  rows: u32,    // M
  depth: u32,   // K / 4
  columns: u32, // N / 4
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

var<workgroup> left: array<vec4f, STAGE>;  // [row][depth]
var<workgroup> right: array<vec4f, STAGE>; // [number of K][column]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = workgroup_id.x * 32;
  let row = lane / 8 * 4; // this invocation's first row within the tile
  let column = lane % 8;
  let n = workgroup_id.y * 8 + column;
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  for (var k = 0u; k < params.depth; k += DEPTH) {
    // Two vec4s of each operand per invocation; what lies beyond K is zero on the left, so any number serves on the right.
    for (var at = lane; at < STAGE; at += WORKGROUP_SIZE) {
      let m = min(first + at / DEPTH, params.rows - 1);
      let d = k + at % DEPTH;
      left[at] = a[m * params.depth + min(d, params.depth - 1)] * select(0.0, 1.0, d < params.depth);
      let source = min(4 * k + at / 8, 4 * params.depth - 1);
      right[at] = b[source * params.columns + min(workgroup_id.y * 8 + at % 8, params.columns - 1)];
    }
    workgroupBarrier();
    for (var d = 0u; d < DEPTH; d++) {
      let at = 32 * d + column;
      let four = mat4x4f(right[at], right[at + 8], right[at + 16], right[at + 24]);
      s0 += four * left[(row) * DEPTH + d];
      s1 += four * left[(row + 1) * DEPTH + d];
      s2 += four * left[(row + 2) * DEPTH + d];
      s3 += four * left[(row + 3) * DEPTH + d];
    }
    workgroupBarrier(); // the next stage overwrites both operands
  }
  if (n < params.columns) {
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
