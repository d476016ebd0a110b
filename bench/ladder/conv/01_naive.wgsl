// 01_naive: one invocation per number of the result, as the formula reads.
//
// The formula turned into loops. Neighbouring invocations compute neighbouring channels of one pixel, so a GPU's
// lanes read neighbouring weights and one and the same pixel: as good as a naive kernel gets. But every multiply-add
// loads two numbers, and no adapter loads as fast as it multiplies: this rung measures loads, on every kind of
// adapter.
//
//   y[p,n] = sum over the nine taps t and channels k of x[p + t, k] * w[t,k,n], where x is zero outside the picture
//
// Shapes    x: (H, W, C)   w: (9, C, N)   y: (H, W, N)   p + t: the pixel's neighbour under tap t
// Layout    NHWC; w holds, tap by tap and channel by channel, the N output channels, contiguous; C and N padded to fours
// Dispatch  one invocation per output number
// Cost      9 C multiply-adds and 18 C loads of 4 bytes per invocation: 2 loads for each
// Host      bench/ladder/conv.ts      Test  test/bench/ladder.test.ts

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  height: u32,
  width: u32,
  channels: u32, // C / 4
  outputs: u32,  // N / 4
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  let channels = 4 * params.channels;
  let outputs = 4 * params.outputs;
  let n = i % outputs;
  let p = i / outputs;
  if (p >= params.height * params.width) {
    return;
  }
  var sum = 0.0;
  for (var ky = 0u; ky < 3; ky++) {
    for (var kx = 0u; kx < 3; kx++) {
      let row = i32(p / params.width + ky) - 1;
      let column = i32(p % params.width + kx) - 1;
      let is_inside = (row >= 0) & (row < i32(params.height)) & (column >= 0) & (column < i32(params.width));
      if (is_inside) {
        let pixel = (u32(row) * params.width + u32(column)) * channels;
        let tap = (ky * 3 + kx) * channels * outputs + n;
        for (var k = 0u; k < channels; k++) {
          sum += x[pixel + k] * w[tap + k * outputs];
        }
      }
    }
  }
  y[i] = sum;
}
