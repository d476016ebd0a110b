// conv2d_register: convolution, and with one tap a linear layer, by a tile of registers.
//
//   y[b,p,n] = (bias[n] + time[n] + residual[b,p,n] + sum over taps t, channels k of x[b, p*stride + t - pad, k] * w[t,k,n]) * scale
//
// Shapes    x: (B, H, W, C1)   second: (B, H, W, C2)   w: (taps, C1 + C2, N)   y, residual: (B, P, N)
// Layout    NHWC, vec4 along channels; w holds tap by tap the N output channels of each input channel, contiguous.
//           With upsample = 1 the window runs over the nearest-neighbour 2x enlargement of x, which is never stored.
//           time is a row of the table, chosen by step and image.
// Dispatch  one invocation per 8 pixels x 4 output channels; neighbours take neighbouring channels of the same pixels
// Cost      per tap and 4 input channels: 12 vec4 loads for 128 multiply-adds; no barrier, no workgroup memory
// Host      src/kernels/conv2d_direct.ts      Test  test/kernels/conv2d.test.ts
// Include   lib/conv2d_taps.wgsl, lib/conv2d_store.wgsl, lib/weights_f32.wgsl
//
// Why no workgroup memory: on adapters that run on a CPU a barrier costs more than the loads it saves, and
// eight pixels in registers already use every weight eight times. Everything a launch chooses is in Params, not in an
// override: one pipeline serves every layer of a network, and this kernel is the slowest of all to compile.

override WORKGROUP_SIZE: u32 = 64;

@group(0) @binding(0) var<uniform> params: Params; // lib/conv2d_taps.wgsl
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> second: array<vec4f>;
@group(0) @binding(3) var<storage, read> w: array<PackedWeight>;
@group(0) @binding(4) var<storage, read> vectors: array<vec4f>; // the bias is in there
@group(0) @binding(5) var<storage, read> table: array<vec4f>;   // the time embedding's share, by step and condition
@group(0) @binding(6) var<storage, read> position: array<u32>;  // [0] the step, [4 + b] the condition of image b
@group(0) @binding(7) var<storage, read> residual: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  let n = i % params.out_channels;
  let p = i / params.out_channels * 8;
  if (p >= params.pixels) {
    return;
  }
  let c0 = corner_of(p);
  let c1 = corner_of(p + 1);
  let c2 = corner_of(p + 2);
  let c3 = corner_of(p + 3);
  let c4 = corner_of(p + 4);
  let c5 = corner_of(p + 5);
  let c6 = corner_of(p + 6);
  let c7 = corner_of(p + 7);
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  var s4 = vec4f();
  var s5 = vec4f();
  var s6 = vec4f();
  var s7 = vec4f();
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
      let t4 = tap_of(c4, dy, dx);
      let t5 = tap_of(c5, dy, dx);
      let t6 = tap_of(c6, dy, dx);
      let t7 = tap_of(c7, dy, dx);
      let first = params.first_channels;
      let f0 = t0.pixel * first;
      let f1 = t1.pixel * first;
      let f2 = t2.pixel * first;
      let f3 = t3.pixel * first;
      let f4 = t4.pixel * first;
      let f5 = t5.pixel * first;
      let f6 = t6.pixel * first;
      let f7 = t7.pixel * first;
      for (var k = 0u; k < first; k++) {
        let m = mat4x4f(weight(at), weight(at + row), weight(at + 2 * row), weight(at + 3 * row));
        s0 += m * (x[f0 + k] * t0.inside);
        s1 += m * (x[f1 + k] * t1.inside);
        s2 += m * (x[f2 + k] * t2.inside);
        s3 += m * (x[f3 + k] * t3.inside);
        s4 += m * (x[f4 + k] * t4.inside);
        s5 += m * (x[f5 + k] * t5.inside);
        s6 += m * (x[f6 + k] * t6.inside);
        s7 += m * (x[f7 + k] * t7.inside);
        at += 4 * row;
      }
      let other = params.second_channels;
      let o0 = t0.pixel * other;
      let o1 = t1.pixel * other;
      let o2 = t2.pixel * other;
      let o3 = t3.pixel * other;
      let o4 = t4.pixel * other;
      let o5 = t5.pixel * other;
      let o6 = t6.pixel * other;
      let o7 = t7.pixel * other;
      for (var k = 0u; k < other; k++) {
        let m = mat4x4f(weight(at), weight(at + row), weight(at + 2 * row), weight(at + 3 * row));
        s0 += m * (second[o0 + k] * t0.inside);
        s1 += m * (second[o1 + k] * t1.inside);
        s2 += m * (second[o2 + k] * t2.inside);
        s3 += m * (second[o3 + k] * t3.inside);
        s4 += m * (second[o4 + k] * t4.inside);
        s5 += m * (second[o5 + k] * t5.inside);
        s6 += m * (second[o6 + k] * t6.inside);
        s7 += m * (second[o7 + k] * t7.inside);
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
