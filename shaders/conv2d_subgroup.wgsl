// conv2d_subgroup: convolution by a tile of registers, for adapters where loads cost more than arithmetic.
//
//   y[b,p,n] = (bias[n] + time[n] + residual[b,p,n] + sum over taps t, channels k of x[b, p*stride + t - pad, k] * w[t,k,n]) * scale
//
// Shapes    as conv2d_register.wgsl, N a multiple of 4 * LANES, one source: a second loop costs a tenth even when it never turns
// Layout    as conv2d_register.wgsl
// Dispatch  one subgroup per 16 pixels x 4 * LANES output channels: each lane four channels of the same sixteen pixels
// Cost      per tap and 4 input channels: 4 + 16 / LANES vec4 loads for 256 multiply-adds, where conv2d_register.wgsl needs 24
// Host      src/kernels/conv2d_direct.ts      Test  test/kernels/conv2d.test.ts
// Include   lib/conv2d_taps.wgsl, lib/conv2d_store.wgsl, lib/weights_f32.wgsl
//
// All lanes of a subgroup want the same sixteen pixels, so each fetches 16 / LANES of them and the subgroup shares. On a
// software adapter a load costs as much as ten multiply-adds and a broadcast next to nothing. More pixels would share a
// weight further, but their sums no longer fit the processor's registers. It counts on lanes being numbered along the
// workgroup, LANES to a subgroup.

enable subgroups;
// Every lane of a subgroup takes the same path: all branches around a broadcast depend on Params alone.
diagnostic(off, subgroup_uniformity);

override WORKGROUP_SIZE: u32 = 16;
const LANES: u32 = 8; // invocations of a subgroup: 4 or 8

@group(0) @binding(0) var<uniform> params: Params; // lib/conv2d_taps.wgsl
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<PackedWeight>;
@group(0) @binding(3) var<storage, read> vectors: array<vec4f>; // the bias is in there
@group(0) @binding(4) var<storage, read> table: array<vec4f>;   // the time embedding's share, by step and condition
@group(0) @binding(5) var<storage, read> position: array<u32>;  // [0] the step, [4 + b] the condition of image b
@group(0) @binding(6) var<storage, read> residual: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  let n = i % params.out_channels;
  let p = i / params.out_channels * 16; // the same for a whole subgroup: LANES divides out_channels
  // The pixels that this lane fetches for all: every LANES-th.
  let own = p + i % LANES;
  let c0 = corner_of(own);
  let c1 = corner_of(own + LANES);
  let c2 = corner_of(own + 2 * LANES);
  let c3 = corner_of(own + 3 * LANES);
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
  let row = params.out_channels; // vec4s from one input channel's weights to the next
  var at = weights_at(p, n);
  for (var ky = 0u; ky < params.kernel_height; ky++) {
    for (var kx = 0u; kx < params.kernel_width; kx++) {
      let dy = i32(ky * params.dilation);
      let dx = i32(kx * params.dilation);
      let t0 = tap_of(c0, dy, dx);
      let t1 = tap_of(c1, dy, dx);
      let t2 = tap_of(c2, dy, dx);
      let t3 = tap_of(c3, dy, dx);
      let first = params.first_channels;
      let f0 = t0.pixel * first;
      let f1 = t1.pixel * first;
      let f2 = t2.pixel * first;
      let f3 = t3.pixel * first;
      for (var k = 0u; k < first; k++) {
        let m = mat4x4f(weight(at), weight(at + row), weight(at + 2 * row), weight(at + 3 * row));
        let v0 = x[f0 + k] * t0.inside;
        let v1 = x[f1 + k] * t1.inside;
        // With eight lanes v0 and v1 hold all sixteen pixels, with four v0 to v3.
        var v2 = v1;
        var v3 = v1;
        if (LANES < 8) {
          v2 = x[f2 + k] * t2.inside;
          v3 = x[f3 + k] * t3.inside;
        }
        s0 += m * subgroupBroadcast(v0, 0u % LANES);
        s1 += m * subgroupBroadcast(v0, 1u % LANES);
        s2 += m * subgroupBroadcast(v0, 2u % LANES);
        s3 += m * subgroupBroadcast(v0, 3u % LANES);
        s4 += m * subgroupBroadcast(select(v1, v0, LANES == 8), 4u % LANES);
        s5 += m * subgroupBroadcast(select(v1, v0, LANES == 8), 5u % LANES);
        s6 += m * subgroupBroadcast(select(v1, v0, LANES == 8), 6u % LANES);
        s7 += m * subgroupBroadcast(select(v1, v0, LANES == 8), 7u % LANES);
        s8 += m * subgroupBroadcast(select(v2, v1, LANES == 8), 8u % LANES);
        s9 += m * subgroupBroadcast(select(v2, v1, LANES == 8), 9u % LANES);
        s10 += m * subgroupBroadcast(select(v2, v1, LANES == 8), 10u % LANES);
        s11 += m * subgroupBroadcast(select(v2, v1, LANES == 8), 11u % LANES);
        s12 += m * subgroupBroadcast(select(v3, v1, LANES == 8), 12u % LANES);
        s13 += m * subgroupBroadcast(select(v3, v1, LANES == 8), 13u % LANES);
        s14 += m * subgroupBroadcast(select(v3, v1, LANES == 8), 14u % LANES);
        s15 += m * subgroupBroadcast(select(v3, v1, LANES == 8), 15u % LANES);
        at += 4 * row;
      }
    }
  }
  store(p, n, s0);
  store(p + 1, n, s1);
  store(p + 2, n, s2);
  store(p + 3, n, s3);
  store(p + 4, n, s4);
  store(p + 5, n, s5);
  store(p + 6, n, s6);
  store(p + 7, n, s7);
  store(p + 8, n, s8);
  store(p + 9, n, s9);
  store(p + 10, n, s10);
  store(p + 11, n, s11);
  store(p + 12, n, s12);
  store(p + 13, n, s13);
  store(p + 14, n, s14);
  store(p + 15, n, s15);
}
