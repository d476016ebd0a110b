// 06_uniform_weights: lanes along pixels, so that all lanes want the same weight.
//
// So far lanes run along channels: they share the pixel and differ in the weight. Here they run along pixels, and
// differ in the pixel; each holds 2 pixels x 8 channels. A weight's address is the same for the whole workgroup, so a
// GPU with a scalar unit or a constant cache fetches it once for all lanes. The price: neighbouring lanes read pixels
// that lie C numbers apart. On the software adapters a load costs the same per lane whatever its address, so nothing
// is won.
//
//   y[p,n] = sum over the nine taps t and channels k of x[p + t, k] * w[t,k,n], where x is zero outside the picture
//
// Shapes    x: (H, W, C)   w: (9, C, N)   y: (H, W, N)   p + t: the pixel's neighbour under tap t
// Layout    NHWC; w holds, tap by tap and channel by channel, the N output channels, contiguous; C and N padded to fours
// Dispatch  (tiles of 2 * 64 pixels, pairs of vec4s of output channels) workgroups; a lane takes pixels 64 apart
// Cost      per tap and 4 channels: 8 vec4 loads of one address and 2 of its own for 64 multiply-adds
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
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let p = workgroup_id.x * 2 * WORKGROUP_SIZE + lane;
  let q = p + WORKGROUP_SIZE;
  let n = workgroup_id.y * 2;
  // Where N / 4 is odd, the last pair's second half computes its first half again.
  let other = min(n + 1, params.outputs - 1) - n;
  var p0 = vec4f();
  var p1 = vec4f();
  var q0 = vec4f();
  var q1 = vec4f();
  let row = params.outputs; // vec4s from one channel's weights to the next
  var at = n;
  for (var ky = 0u; ky < 3; ky++) {
    for (var kx = 0u; kx < 3; kx++) {
      let tp = tap_of(p, ky, kx);
      let tq = tap_of(q, ky, kx);
      for (var k = 0u; k < params.channels; k++) {
        let xp = x[tp.pixel * params.channels + k] * tp.inside;
        let xq = x[tq.pixel * params.channels + k] * tq.inside;
        let m0 = mat4x4f(w[at], w[at + row], w[at + 2 * row], w[at + 3 * row]);
        let b = at + other;
        let m1 = mat4x4f(w[b], w[b + row], w[b + 2 * row], w[b + 3 * row]);
        p0 += m0 * xp;
        p1 += m1 * xp;
        q0 += m0 * xq;
        q1 += m1 * xq;
        at += 4 * row;
      }
    }
  }
  store(p, n, p0);
  store(p, n + other, p1);
  store(q, n, q0);
  store(q, n + other, q1);
}

fn store(p: u32, n: u32, sum: vec4f) {
  if (p < params.height * params.width) {
    y[p * params.outputs + n] = sum;
  }
}
