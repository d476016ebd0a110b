// 04_register_tile: eight pixels by four channels, 32 sums in registers.
//
// The same again, twice as far: loads per multiply-add fall with the tile's height and width, sums in registers rise
// with its area. 32 sums, 16 weights and a pixel still fit the registers of GPUs (up to 255 a lane), while a CPU
// adapter with 16 or 32 vector registers begins to spill, which its cache forgives. Half as many invocations remain:
// on small pictures a large GPU runs out of work.
//
//   y[p,n] = sum over the nine taps t and channels k of x[p + t, k] * w[t,k,n], where x is zero outside the picture
//
// Shapes    x: (H, W, C)   w: (9, C, N)   y: (H, W, N)   p + t: the pixel's neighbour under tap t
// Layout    NHWC; w holds, tap by tap and channel by channel, the N output channels, contiguous; C and N padded to fours
// Dispatch  one invocation per 8 pixels and 4 output channels
// Cost      per tap and 4 channels: 12 vec4 loads for 128 multiply-adds
// Host      bench/ladder/conv.ts      Test  test/bench/ladder.test.ts
// Include   ../lib/window.wgsl

override WORKGROUP_SIZE: u32 = 64;

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
  let n = i % params.outputs;
  let p = i / params.outputs * 8;
  if (p >= params.height * params.width) {
    return;
  }
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
      let t0 = tap_of(p, ky, kx);
      let t1 = tap_of(p + 1, ky, kx);
      let t2 = tap_of(p + 2, ky, kx);
      let t3 = tap_of(p + 3, ky, kx);
      let t4 = tap_of(p + 4, ky, kx);
      let t5 = tap_of(p + 5, ky, kx);
      let t6 = tap_of(p + 6, ky, kx);
      let t7 = tap_of(p + 7, ky, kx);
      for (var k = 0u; k < params.channels; k++) {
        let m = mat4x4f(w[at], w[at + row], w[at + 2 * row], w[at + 3 * row]);
        s0 += m * (x[t0.pixel * params.channels + k] * t0.inside);
        s1 += m * (x[t1.pixel * params.channels + k] * t1.inside);
        s2 += m * (x[t2.pixel * params.channels + k] * t2.inside);
        s3 += m * (x[t3.pixel * params.channels + k] * t3.inside);
        s4 += m * (x[t4.pixel * params.channels + k] * t4.inside);
        s5 += m * (x[t5.pixel * params.channels + k] * t5.inside);
        s6 += m * (x[t6.pixel * params.channels + k] * t6.inside);
        s7 += m * (x[t7.pixel * params.channels + k] * t7.inside);
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

fn store(p: u32, n: u32, sum: vec4f) {
  if (p < params.height * params.width) {
    y[p * params.outputs + n] = sum;
  }
}
