// 09_winograd_product: Winograd, second of three: one matrix product per number of a transformed tile.
//
// Where the multiplications are: for each of a tile's 16 (or 36) numbers, tiles x channels times channels x outputs.
// Nothing of the window is left, neither taps nor a rim; it is rung 06 of the matrix product, once per position: a
// subgroup shares sixteen tiles.
//
//   M[i,t,n] = sum over channels k of V[i,t,k] * U[i,k,n]
//
// Shapes    V: (positions, T, C)   U: (positions, C, N), the weights transformed   M: (positions, T, N)
// Layout    row by row; C and N padded to multiples of four; LANES to a subgroup, numbered along the workgroup
// Dispatch  (one subgroup per 16 tiles and 4 * LANES outputs, 1, positions)
// Cost      per 4 channels: 4 + 16 / LANES vec4 loads for 256 multiply-adds
// Host      bench/ladder/conv.ts      Test  test/bench/ladder.test.ts

enable subgroups;
// Every lane of a subgroup takes the same path: all branches around a broadcast depend on Params alone.
diagnostic(off, subgroup_uniformity);

override WORKGROUP_SIZE: u32 = 64;
const LANES: u32 = 8; // invocations of a subgroup

struct Params {
  tiles: u32,    // T
  channels: u32, // C / 4
  outputs: u32,  // N / 4
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> v: array<vec4f>;
@group(0) @binding(2) var<storage, read> u: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> products: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = workgroup_id.x * WORKGROUP_SIZE + lane;
  let position = workgroup_id.z;
  let blocks = (params.outputs + LANES - 1) / LANES;
  let own = i % LANES;
  // Lanes beyond the last output compute it again, and store nothing.
  let wanted = i / LANES % blocks * LANES + own;
  let n = min(wanted, params.outputs - 1);
  let t = i / LANES / blocks * 16;
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
  // Sixteen tiles: one a lane, or two or four where a subgroup has eight or four.
  let v0_at = (position * params.tiles + min(t + own, params.tiles - 1)) * params.channels;
  let v1_at = (position * params.tiles + min(t + own + 4, params.tiles - 1)) * params.channels;
  let v2_at = (position * params.tiles + min(t + own + 8, params.tiles - 1)) * params.channels;
  let v3_at = (position * params.tiles + min(t + own + 12, params.tiles - 1)) * params.channels;
  let row = params.outputs; // vec4s from one channel's weights to the next
  var at = position * 4 * params.channels * row + n;
  for (var k = 0u; k < params.channels; k++) {
    let four = mat4x4f(u[at], u[at + row], u[at + 2 * row], u[at + 3 * row]);
    let v0 = v[v0_at + k];
    var v1 = v0;
    var v2 = v0;
    var v3 = v0;
    if (LANES < 8) {
      v1 = v[v1_at + k];
    }
    if (LANES < 16) {
      v2 = v[v2_at + k];
      v3 = v2;
    }
    if (LANES < 8) {
      v3 = v[v3_at + k];
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
  if (wanted < params.outputs) {
    let first = position * params.tiles;
    store(first, t, n, s0);
    store(first, t + 1, n, s1);
    store(first, t + 2, n, s2);
    store(first, t + 3, n, s3);
    store(first, t + 4, n, s4);
    store(first, t + 5, n, s5);
    store(first, t + 6, n, s6);
    store(first, t + 7, n, s7);
    store(first, t + 8, n, s8);
    store(first, t + 9, n, s9);
    store(first, t + 10, n, s10);
    store(first, t + 11, n, s11);
    store(first, t + 12, n, s12);
    store(first, t + 13, n, s13);
    store(first, t + 14, n, s14);
    store(first, t + 15, n, s15);
  }
}

fn store(first: u32, t: u32, n: u32, sum: vec4f) {
  if (t < params.tiles) {
    products[(first + t) * params.outputs + n] = sum;
  }
}
