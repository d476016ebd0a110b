// conv2d_subgroup: convolution by a tile of registers, for adapters where loads cost more than arithmetic.
//
//   y[b,p,n] = (bias[n] + residual[b,p,n] + sum over taps t and channels k of x[b, p*stride + t - pad, k] * w[t,k,n]) * scale
//
// Shapes    as conv2d.wgsl, N a multiple of 4 * LANES
// Layout    as conv2d.wgsl
// Dispatch  one subgroup per 8 pixels x 4 * LANES output channels: each lane four channels of the same eight pixels
// Cost      per tap and 4 input channels: 4 + 8 / LANES vec4 loads for 128 multiply-adds, where conv2d.wgsl needs 12
// Host      src/kernels/variants.ts      Test  test/kernels/conv2d.test.ts
// Include   lib/conv2d_window.wgsl
//
// All lanes of a subgroup want the same eight pixels, so each fetches 8 / LANES of them and the subgroup shares. On a
// software adapter a load costs as much as ten multiply-adds and a broadcast next to nothing: this is 2 times as fast
// as conv2d.wgsl on both. It counts on lanes being numbered along the workgroup, LANES to a subgroup.

enable subgroups;
// Every lane of a subgroup takes the same path: all branches around a broadcast depend on Params alone.
diagnostic(off, subgroup_uniformity);

override WORKGROUP_SIZE: u32 = 64;
const LANES: u32 = 8; // invocations of a subgroup: 4 or 8

struct Params {
  in_height: u32,
  in_width: u32,
  out_height: u32,
  out_width: u32,
  pixels: u32,          // B * out_height * out_width
  first_channels: u32,  // vec4s of a pixel of x
  second_channels: u32, // vec4s of a pixel of second; 0: none
  out_channels: u32,    // vec4s of a pixel of y
  kernel_height: u32,
  kernel_width: u32,
  stride: u32,
  dilation: u32,
  pad_top: i32,
  pad_left: i32,
  bias_columns: u32, // vec4s of a row of bias
  bias_column: u32,  // the vec4 where this layer's share of a row begins
  conditions: u32,   // rows of bias per step; 0: bias is one row
  upsample: u32,     // 1: the input counts as twice its height and width
  has_residual: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> second: array<vec4f>;
@group(0) @binding(3) var<storage, read> w: array<vec4f>;
@group(0) @binding(4) var<storage, read> bias: array<vec4f>;
@group(0) @binding(5) var<storage, read> position: array<u32>; // [0] the step, [4 + b] the condition of image b
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
  let p = i / params.out_channels * 8; // the same for a whole subgroup: LANES divides out_channels
  // The pixels that this lane fetches for all: one of eight, or two where there are four lanes.
  let own = i % LANES;
  let c0 = corner_of(p + own);
  let c1 = corner_of(p + own + 4);
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  var s4 = vec4f();
  var s5 = vec4f();
  var s6 = vec4f();
  var s7 = vec4f();
  let row = params.out_channels; // vec4s from one input channel's weights to the next
  var at = n;
  for (var ky = 0u; ky < params.kernel_height; ky++) {
    for (var kx = 0u; kx < params.kernel_width; kx++) {
      let t0 = tap_of(c0, i32(ky * params.dilation), i32(kx * params.dilation));
      let t1 = tap_of(c1, i32(ky * params.dilation), i32(kx * params.dilation));
      let first = params.first_channels;
      let f0 = t0.pixel * first;
      let f1 = t1.pixel * first;
      for (var k = 0u; k < first; k++) {
        let m = mat4x4f(w[at], w[at + row], w[at + 2 * row], w[at + 3 * row]);
        let v0 = x[f0 + k] * t0.inside;
        var v1 = v0;
        if (LANES < 8) {
          v1 = x[f1 + k] * t1.inside;
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
      let other = params.second_channels;
      let o0 = t0.pixel * other;
      let o1 = t1.pixel * other;
      for (var k = 0u; k < other; k++) {
        let m = mat4x4f(w[at], w[at + row], w[at + 2 * row], w[at + 3 * row]);
        let v0 = second[o0 + k] * t0.inside;
        var v1 = v0;
        if (LANES < 8) {
          v1 = second[o1 + k] * t1.inside;
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
  store(p, n, s0);
  store(p + 1, n, s1);
  store(p + 2, n, s2);
  store(p + 3, n, s3);
  store(p + 4, n, s4);
  store(p + 5, n, s5);
  store(p + 6, n, s6);
  store(p + 7, n, s7);
}
