// conv2d_few_inputs: convolution of a picture, whose one to four channels make a single vec4: the first layer.
//
//   y[p,n] = (bias[n] + sum over taps t of x[p*stride + t - pad] * w[t,n]) * scale
//
// Shapes    x: (B, H, W, C), C <= 4   w: (taps, 4, N)   y: (B, P, N)
// Layout    NHWC, vec4 along channels, in w along n; y carries its channels' statistics behind its numbers
// Dispatch  (tiles of 32 pixels, tiles of 32 output channels, B) workgroups of 64 invocations, each 4 pixels x 4 channels
// Cost      per tap 4 vec4s of weights and 4 pixels for 64 multiply-adds, all from cache: nothing is worth staging, and
//           conv2d.wgsl would stage three vec4s of zeros for every one of the picture
// Host      src/kernels/conv2d_special.ts      Test  test/kernels/conv2d.test.ts
// Include   lib/conv2d_params.wgsl, lib/conv2d_epilogue.wgsl, lib/weights_f32.wgsl, lib/products_f32.wgsl, lib/statistics_write_f32.wgsl

override WORKGROUP_SIZE: u32 = 64;

@group(0) @binding(0) var<uniform> params: Params; // lib/conv2d_params.wgsl
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> residual: array<vec4f>;
@group(0) @binding(3) var<storage, read> w: array<PackedWeight>;
@group(0) @binding(4) var<storage, read> vectors: array<vec4f>; // the bias
@group(0) @binding(5) var<storage, read> table: array<f32>;     // the time embedding's share, by step and condition
@group(0) @binding(6) var<storage, read> position: array<u32>;  // [0] the step, [4 + b] the condition of image b
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>;

var<workgroup> pixels: array<vec4f, 64>;  // the statistics of each invocation's pixels: means
var<workgroup> weights: array<vec4f, 64>; // and M2

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = workgroup_id.z;
  let p = workgroup_id.x * 32 + lane / 8 * ROWS;
  let n = workgroup_id.y * 8 + lane % 8;
  let is_output = n < params.out_channels;
  var sums: array<vec4f, ROWS>;
  if (is_output) {
    for (var tap = 0u; tap < params.kernel_height * params.kernel_width; tap++) {
      let at = 4 * tap * params.out_channels + n;
      let row = params.out_channels;
      let m = mat4x4f(weight(at), weight(at + row), weight(at + 2 * row), weight(at + 3 * row));
      for (var r = 0u; r < ROWS; r++) {
        sums[r] += m * pixel_at(image, p + r, tap);
      }
    }
    for (var r = 0u; r < ROWS; r++) {
      sums[r] = finished(sums[r] * weight_scale(n, params.out_channels), p + r, n, image);
    }
  }
  if (params.emits_statistics > 0) {
    store_statistics(sums, lane, is_output, workgroup_id.x, n, image);
  }
}

// What a tap of output pixel `p` reads: zero outside the picture.
fn pixel_at(image: u32, p: u32, tap: u32) -> vec4f {
  let oy = p / params.out_width;
  let ox = p % params.out_width;
  let iy = i32(oy * params.stride + tap / params.kernel_width * params.dilation) - params.pad_top;
  let ix = i32(ox * params.stride + tap % params.kernel_width * params.dilation) - params.pad_left;
  let shift = params.upsample;
  let height = i32(params.in_height << shift);
  let width = i32(params.in_width << shift);
  if (iy < 0 || iy >= height || ix < 0 || ix >= width) {
    return vec4f(0);
  }
  return x[(image * params.in_height + u32(iy >> shift)) * params.in_width + u32(ix >> shift)];
}
