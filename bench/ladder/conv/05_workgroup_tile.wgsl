// 05_workgroup_tile: a workgroup stages pixels and weights in its own memory, all of it shares them.
//
// 64 invocations compute 32 pixels x 32 channels, 4 x 4 each. All that they need of a tap and 16 channels is fetched
// once, side by side, into workgroup memory, and read from there eight times over. On a GPU that memory is about as
// near as a cache and has no tags to look up: the classic step towards peak. A CPU adapter has no such memory: it
// copies from cache to cache, and must run all invocations up to each barrier in turn, which costs it more than it
// saves.
//
//   y[p,n] = sum over the nine taps t and channels k of x[p + t, k] * w[t,k,n], where x is zero outside the picture
//
// Shapes    x: (H, W, C)   w: (9, C, N)   y: (H, W, N)   p + t: the pixel's neighbour under tap t
// Layout    NHWC; w holds, tap by tap and channel by channel, the N output channels, contiguous; C and N padded to fours
// Dispatch  (tiles of 32 pixels, tiles of 32 output channels) workgroups of 64 invocations
// Cost      per tap and 16 channels: 256 vec4 loads and 2 barriers for 16,384 multiply-adds; 8 vec4s of workgroup memory for 64
// Host      bench/ladder/conv.ts      Test  test/bench/ladder.test.ts
// Include   ../lib/window.wgsl

override WORKGROUP_SIZE: u32 = 64;
const DEPTH: u32 = 4;          // vec4s of the sum per stage
const STAGE: u32 = 32 * DEPTH; // vec4s of either operand

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

var<workgroup> pixels: array<vec4f, STAGE>;  // [pixel][depth]
var<workgroup> weights: array<vec4f, STAGE>; // [channel of the sum][output]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = workgroup_id.x * 32;
  let row = lane / 8 * 4; // this invocation's first pixel within the tile
  let column = lane % 8;
  let n = workgroup_id.y * 8 + column;
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  for (var tap = 0u; tap < 9; tap++) {
    for (var k = 0u; k < params.channels; k += DEPTH) {
      // Two vec4s of each operand per invocation; what lies beyond the edges is zero.
      for (var at = lane; at < STAGE; at += WORKGROUP_SIZE) {
        let t = tap_of(first + at / DEPTH, tap / 3, tap % 3);
        let channel = min(k + at % DEPTH, params.channels - 1);
        let is_channel = select(0.0, 1.0, k + at % DEPTH < params.channels);
        pixels[at] = x[t.pixel * params.channels + channel] * t.inside * is_channel;
        let output = min(workgroup_id.y * 8 + at % 8, params.outputs - 1);
        let source = min(4 * k + at / 8, 4 * params.channels - 1);
        weights[at] = w[(tap * 4 * params.channels + source) * params.outputs + output];
      }
      workgroupBarrier();
      for (var d = 0u; d < DEPTH; d++) {
        let at = 32 * d + column;
        let m = mat4x4f(weights[at], weights[at + 8], weights[at + 16], weights[at + 24]);
        s0 += m * pixels[(row) * DEPTH + d];
        s1 += m * pixels[(row + 1) * DEPTH + d];
        s2 += m * pixels[(row + 2) * DEPTH + d];
        s3 += m * pixels[(row + 3) * DEPTH + d];
      }
      workgroupBarrier(); // the next stage overwrites both operands
    }
  }
  if (n < params.outputs) {
    store(first + row, n, s0);
    store(first + row + 1, n, s1);
    store(first + row + 2, n, s2);
    store(first + row + 3, n, s3);
  }
}

fn store(p: u32, n: u32, sum: vec4f) {
  if (p < params.height * params.width) {
    y[p * params.outputs + n] = sum;
  }
}
