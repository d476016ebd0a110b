// winograd_product: the products in the middle of Winograd's convolution, for adapters with subgroups of four.
//
//   y[e,t,n] = sum over channels c of v[e,t,c] * w[e,c,n]
//
// Shapes    v: (E, T, C), the E = 16 or 36 places of T tiles   w: (E, C, N)   y: (E, T, N)
// Layout    as winograd4_input.wgsl leaves v. T is a multiple of 16 and N of 32: conv2d_subgroup.wgsl takes others
// Dispatch  one subgroup, of four lanes, per 16 tiles x 32 channels: each lane two vec4s of channels of all those tiles
// Cost      per 2 input channels: 24 numbers loaded for 256 multiply-adds, where conv2d_subgroup.wgsl loads 32
// Host      src/kernels/conv2d_winograd.ts      Test  test/kernels/conv2d_winograd.test.ts
//
// The lanes share what they fetch as in conv2d_subgroup.wgsl, whose tile is half as wide. For SwiftShader, where a
// step of the doodle model takes a sixth less time; on lavapipe's eight lanes a wider tile wins and loses in turn.

enable subgroups;
// Every lane of a subgroup takes the same path: branches around an exchange depend on its number and on Params.
diagnostic(off, subgroup_uniformity);

override WORKGROUP_SIZE: u32 = 16;
const LANES: u32 = 4; // invocations of a subgroup

struct Params {
  channels: u32,     // vec2s of a tile of v
  out_channels: u32, // vec4s of a tile of y
  tiles: u32,        // T
  count: u32,        // invocations
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> v: array<vec2f>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + index;
  let lane = i % LANES;
  let lanes = params.out_channels / 2; // of sixteen tiles
  let t = i / lanes * 4 * LANES; // counts through all places; the same for a whole subgroup: LANES divides lanes
  let n = (i % lanes - lane) * 2 + lane; // the lane's other vec4 is LANES further
  // The tiles that this lane fetches for all: every LANES-th.
  let t0 = (t + lane) * params.channels;
  let t1 = t0 + LANES * params.channels;
  let t2 = t1 + LANES * params.channels;
  let t3 = t2 + LANES * params.channels;
  var s00 = mat2x4f();
  var s01 = mat2x4f();
  var s02 = mat2x4f();
  var s03 = mat2x4f();
  var s10 = mat2x4f();
  var s11 = mat2x4f();
  var s12 = mat2x4f();
  var s13 = mat2x4f();
  var s20 = mat2x4f();
  var s21 = mat2x4f();
  var s22 = mat2x4f();
  var s23 = mat2x4f();
  var s30 = mat2x4f();
  var s31 = mat2x4f();
  var s32 = mat2x4f();
  var s33 = mat2x4f();
  let row = params.out_channels;
  var at = t / params.tiles * 2 * params.channels * row + n;
  for (var c = 0u; c < params.channels; c++) {
    let wa = mat2x4f(w[at], w[at + row]);
    let wb = mat2x4f(w[at + LANES], w[at + row + LANES]);
    let v0 = v[t0 + c];
    let v1 = v[t1 + c];
    let v2 = v[t2 + c];
    let v3 = v[t3 + c];
    s00 += products(wa, wb, subgroupBroadcast(v0, 0));
    s01 += products(wa, wb, subgroupBroadcast(v0, 1));
    s02 += products(wa, wb, subgroupBroadcast(v0, 2));
    s03 += products(wa, wb, subgroupBroadcast(v0, 3));
    s10 += products(wa, wb, subgroupBroadcast(v1, 0));
    s11 += products(wa, wb, subgroupBroadcast(v1, 1));
    s12 += products(wa, wb, subgroupBroadcast(v1, 2));
    s13 += products(wa, wb, subgroupBroadcast(v1, 3));
    s20 += products(wa, wb, subgroupBroadcast(v2, 0));
    s21 += products(wa, wb, subgroupBroadcast(v2, 1));
    s22 += products(wa, wb, subgroupBroadcast(v2, 2));
    s23 += products(wa, wb, subgroupBroadcast(v2, 3));
    s30 += products(wa, wb, subgroupBroadcast(v3, 0));
    s31 += products(wa, wb, subgroupBroadcast(v3, 1));
    s32 += products(wa, wb, subgroupBroadcast(v3, 2));
    s33 += products(wa, wb, subgroupBroadcast(v3, 3));
    at += 2 * row;
  }
  store(t, n, array(s00, s01, s02, s03));
  store(t + LANES, n, array(s10, s11, s12, s13));
  store(t + 2 * LANES, n, array(s20, s21, s22, s23));
  store(t + 3 * LANES, n, array(s30, s31, s32, s33));
}

// Two input channels of one tile times the weights of both vec4s.
fn products(wa: mat2x4f, wb: mat2x4f, d: vec2f) -> mat2x4f {
  return mat2x4f(wa * d, wb * d);
}

fn store(tile: u32, n: u32, sums: array<mat2x4f, 4>) {
  var at = tile * params.out_channels + n;
  y[at] = sums[0][0];
  y[at + LANES] = sums[0][1];
  at += params.out_channels;
  y[at] = sums[1][0];
  y[at + LANES] = sums[1][1];
  at += params.out_channels;
  y[at] = sums[2][0];
  y[at + LANES] = sums[2][1];
  at += params.out_channels;
  y[at] = sums[3][0];
  y[at + LANES] = sums[3][1];
}
