// conv2d_few_outputs: convolution to a picture, whose one to four channels make a single vec4: the last layer.
//
//   y[p] = (bias + sum over taps t, channels k of f(group_norm(x)[p*stride + t - pad, k]) * w[t,k]) * scale
//
// Shapes    x: (B, H, W, C)   w: (taps, C, N), N <= 4   y: (B, P, N)
// Layout    NHWC, vec4 along channels; x carries its channels' statistics behind its numbers
// Dispatch  (runs of 8 pixels, 1, B) workgroups of 64 invocations: eight share a pixel, each every eighth vec4 of its sum
// Cost      per tap and 4 channels one vec4 of x, normalised, and four of w for 16 multiply-adds; conv2d.wgsl would compute
//           28 channels that nobody wants
// Host      src/kernels/conv2d_special.ts      Test  test/kernels/conv2d.test.ts
// Include   lib/conv2d_params.wgsl, lib/conv2d_norm.wgsl, lib/activations.wgsl, lib/weights_f32.wgsl, lib/statistics_read_f32.wgsl

override WORKGROUP_SIZE: u32 = 64;
const PIXELS: u32 = 8; // of a workgroup
const TEAM: u32 = 8;   // invocations of a pixel

@group(0) @binding(0) var<uniform> params: Params; // lib/conv2d_params.wgsl
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> second: array<vec4f>; // unused: lib/conv2d_norm.wgsl knows two sources
@group(0) @binding(3) var<storage, read> w: array<PackedWeight>;
@group(0) @binding(4) var<storage, read> vectors: array<vec4f>; // the norm's scales, its shifts, the bias
@group(0) @binding(5) var<storage, read> table: array<f32>;     // the time embedding's share, by step and condition
@group(0) @binding(6) var<storage, read> position: array<u32>;  // [0] the step, [4 + b] the condition of image b
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>;

var<workgroup> parts: array<vec4f, PIXELS * TEAM>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = workgroup_id.z;
  let p = workgroup_id.x * PIXELS + lane / TEAM;
  let member = lane % TEAM;
  if (params.groups > 0) {
    prepare_norm(image, params.images, lane);
  }
  var sum = vec4f(0);
  if (p < out_pixels()) {
    for (var tap = 0u; tap < params.kernel_height * params.kernel_width; tap++) {
      let iy = i32(p / params.out_width * params.stride + tap / params.kernel_width * params.dilation) - params.pad_top;
      let ix = i32(p % params.out_width * params.stride + tap % params.kernel_width * params.dilation) - params.pad_left;
      if (iy >= 0 && iy < i32(params.in_height) && ix >= 0 && ix < i32(params.in_width)) {
        let pixel = (image * params.in_height + u32(iy)) * params.in_width + u32(ix);
        for (var k = member; k < params.first_channels; k += TEAM) {
          let at = 4 * (tap * params.first_channels + k);
          let m = mat4x4f(weight(at), weight(at + 1), weight(at + 2), weight(at + 3));
          sum += m * normalised(x[pixel * params.first_channels + k], k);
        }
      }
    }
  }
  parts[lane] = sum;
  workgroupBarrier();
  if (member > 0 || p >= out_pixels()) {
    return;
  }
  for (var other = 1u; other < TEAM; other++) {
    sum += parts[lane + other];
  }
  let bias = select(0, 2 * params.first_channels, params.groups > 0);
  y[image * out_pixels() + p] = (sum * weight_scale(0, 1) + vectors[bias]) * params.scale;
}
