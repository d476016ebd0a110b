// conv2d_reduce: the parts of a convolution's sum added up, the second pass of split-K.
//
//   y[p,n] = (bias[n] + time[n] + sum over parts s[part,p,n] + residual[p,n]) * scale
//
// Shapes    s: (parts, B, P, N), what conv2d.wgsl leaves with params.parts > 1   y, residual: (B, P, N)
// Layout    NHWC, vec4 along N; y carries its channels' statistics behind its numbers, as conv2d.wgsl has them
// Dispatch  (tiles of 32 pixels, tiles of 32 output channels, B) workgroups of 64 invocations
// Cost      reads every part once; the first pass runs parts times as many workgroups, each with a sum as many times shorter
// Host      src/kernels/conv2d_special.ts      Test  test/kernels/conv2d.test.ts
// Include   lib/conv2d_params.wgsl, lib/conv2d_epilogue.wgsl, lib/products_f32.wgsl, lib/statistics_write_f32.wgsl
//
// Two passes, not atomics: the order of additions, and so the picture, is the same on every run.

override WORKGROUP_SIZE: u32 = 64;

@group(0) @binding(0) var<uniform> params: Params; // lib/conv2d_params.wgsl
@group(0) @binding(1) var<storage, read> s: array<vec4f>;
@group(0) @binding(2) var<storage, read> residual: array<vec4f>;
@group(0) @binding(3) var<storage, read> vectors: array<vec4f>; // the norm's scales, its shifts, the bias
@group(0) @binding(4) var<storage, read> table: array<f32>;     // the time embedding's share, by step and condition
@group(0) @binding(5) var<storage, read> position: array<u32>;  // [0] the step, [4 + b] the condition of image b
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;

var<workgroup> pixels: array<vec4f, 64>;  // the statistics of each invocation's pixels: means
var<workgroup> weights: array<vec4f, 64>; // and M2

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = workgroup_id.z;
  let p = workgroup_id.x * 32 + lane / 8 * ROWS;
  let n = workgroup_id.y * 8 + lane % 8;
  let is_output = n < params.out_channels;
  let stride = params.images * out_pixels() * params.out_channels;
  var sums: array<vec4f, ROWS>;
  for (var r = 0u; r < ROWS; r++) {
    if (is_output & (p + r < out_pixels())) {
      let at = (image * out_pixels() + p + r) * params.out_channels + n;
      for (var part = 0u; part < params.parts; part++) {
        sums[r] += s[at + part * stride];
      }
      sums[r] = finished(sums[r], p + r, n, image);
    }
  }
  if (params.emits_statistics > 0) {
    store_statistics(sums, lane, is_output, workgroup_id.x, n, image);
  }
}
