// 07_subgroup_sharing: lanes of a subgroup fetch the pixels together and pass them round.
//
// Back to lanes along channels, where all lanes of a subgroup want the same eight pixels: each lane fetches 8 / LANES
// of them and the others take them out of its register. No memory, no barrier: 8 loads become 8 / LANES. On the
// software adapters a load costs as much as ten multiply-adds and a broadcast next to nothing: a step of two to three
// over rung 04. GPUs gain less: loads of one address are already merged.
//
//   y[p,n] = sum over the nine taps t and channels k of x[p + t, k] * w[t,k,n], where x is zero outside the picture
//
// Shapes    x: (H, W, C)   w: (9, C, N)   y: (H, W, N)   p + t: the pixel's neighbour under tap t
// Layout    NHWC; w holds, tap by tap and channel by channel, the N output channels, contiguous; C and N padded to fours
//           LANES to a subgroup, numbered along the workgroup
// Dispatch  one subgroup per 8 pixels and 4 * LANES output channels
// Cost      per tap and 4 channels: 4 + 8 / LANES vec4 loads for 128 multiply-adds
// Host      bench/ladder/conv.ts      Test  test/bench/ladder.test.ts
// Include   ../lib/window.wgsl

enable subgroups;
// Every lane of a subgroup takes the same path: all branches around a broadcast depend on Params alone.
diagnostic(off, subgroup_uniformity);

override WORKGROUP_SIZE: u32 = 64;
const LANES: u32 = 8; // invocations of a subgroup

struct Params {
  height: u32,
  width: u32,
  channels: u32, // C / 4
  outputs: u32,  // N / 4
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  let blocks = (params.outputs + LANES - 1) / LANES;
  let own = i % LANES;
  // Lanes beyond the last channel compute it again, and store nothing.
  let wanted = i / LANES % blocks * LANES + own;
  let n = min(wanted, params.outputs - 1);
  let p = i / LANES / blocks * 8;
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  var s4 = vec4f();
  var s5 = vec4f();
  var s6 = vec4f();
  var s7 = vec4f();
  let row = params.outputs; // vec4s from one channel's weights to the next
  var at = n;
  for (var ky = 0u; ky < 3; ky++) {
    for (var kx = 0u; kx < 3; kx++) {
      let t0 = tap_of(p + own, ky, kx);
      let t1 = tap_of(p + own + 4, ky, kx);
      for (var k = 0u; k < params.channels; k++) {
        let m = mat4x4f(w[at], w[at + row], w[at + 2 * row], w[at + 3 * row]);
        let v0 = x[t0.pixel * params.channels + k] * t0.inside;
        var v1 = v0;
        if (LANES < 8) {
          v1 = x[t1.pixel * params.channels + k] * t1.inside;
        }
        s0 += m * subgroupBroadcast(v0, 0);
        s1 += m * subgroupBroadcast(v0, 1);
        s2 += m * subgroupBroadcast(v0, 2);
        s3 += m * subgroupBroadcast(v0, 3);
        s4 += m * subgroupBroadcast(v1, 4 % LANES);
        s5 += m * subgroupBroadcast(v1, 5 % LANES);
        s6 += m * subgroupBroadcast(v1, 6 % LANES);
        s7 += m * subgroupBroadcast(v1, 7 % LANES);
        at += 4 * row;
      }
    }
  }
  if (wanted < params.outputs) {
    store(p, n, s0);
    store(p + 1, n, s1);
    store(p + 2, n, s2);
    store(p + 3, n, s3);
    store(p + 4, n, s4);
    store(p + 5, n, s5);
    store(p + 6, n, s6);
    store(p + 7, n, s7);
  }
}

fn store(p: u32, n: u32, sum: vec4f) {
  if (p < params.height * params.width) {
    y[p * params.outputs + n] = sum;
  }
}
