// 02_vec4: one invocation per four channels of a pixel, sixteen bytes a load.
//
// Four channels lie side by side, so one load of 16 bytes fetches what took four of 4 bytes, and each number of x,
// once in a register, meets four weights. Loads fall from 2 to 1.25 numbers per multiply-add and to 0.31
// instructions. This helps everywhere: memory units of GPUs are widest at 16 bytes a lane, and a CPU adapter saves an
// address and a bounds check on three loads of four.
//
//   y[p,n] = sum over the nine taps t and channels k of x[p + t, k] * w[t,k,n], where x is zero outside the picture
//
// Shapes    x: (H, W, C)   w: (9, C, N)   y: (H, W, N)   p + t: the pixel's neighbour under tap t
// Layout    NHWC; w holds, tap by tap and channel by channel, the N output channels, contiguous; C and N padded to fours
// Dispatch  one invocation per pixel and 4 output channels
// Cost      per tap and 4 channels: 5 vec4 loads for 16 multiply-adds
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
  let p = i / params.outputs;
  if (p >= params.height * params.width) {
    return;
  }
  var s0 = vec4f();
  let row = params.outputs; // vec4s from one channel's weights to the next
  var at = n;
  for (var ky = 0u; ky < 3; ky++) {
    for (var kx = 0u; kx < 3; kx++) {
      let t0 = tap_of(p, ky, kx);
      for (var k = 0u; k < params.channels; k++) {
        let m = mat4x4f(w[at], w[at + row], w[at + 2 * row], w[at + 3 * row]);
        s0 += m * (x[t0.pixel * params.channels + k] * t0.inside);
        at += 4 * row;
      }
    }
  }
  y[i] = s0;
}
