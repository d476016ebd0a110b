// conv2d: convolution, and with one tap a linear layer, with what surrounds it in a ResNet block, in one dispatch.
//
//   h[q,k] = f(group_norm(x ++ second)[q,k])
//   y[p,n] = (bias[n] + time[n] + sum over taps t, channels k of h[p*stride + t - pad, k] * w[t,k,n] + shortcut[p,n]) * scale
//
// Shapes    x: (B, H, W, C1)   second: (B, H, W, C2)   w: (taps * (C1 + C2) + shortcut's channels, N)   y: (B, P, N)
// Layout    NHWC, vec4 along channels, in w along n. x, second and y carry their channels' statistics behind their numbers:
//           (B, tiles of 32 pixels, 2, C), mean and M2. With upsample = 1 the window runs over the nearest-neighbour 2x
//           enlargement of x. The shortcut is `residual`, or a 1x1 convolution of residual ++ second: more rows of w.
// Dispatch  (tiles of 32 pixels, tiles of 32 output channels, parts * B) workgroups of SLICES * 64 invocations
// Cost      per 4 input channels: 8 vec4 loads from workgroup memory for 16 4x4 products' rows; each input number is normalised
//           taps * N / 32 times, which costs less than writing the normalised tensor and reading it back
// Host      src/kernels/conv2d_tiled.ts      Test  test/kernels/conv2d.test.ts
// Include   lib/conv2d_params.wgsl, lib/conv2d_window.wgsl, lib/conv2d_norm.wgsl, lib/conv2d_epilogue.wgsl, lib/activations.wgsl, lib/weights_f32.wgsl, lib/products_f32.wgsl, lib/statistics_read_f32.wgsl, lib/statistics_write_f32.wgsl
//
// A workgroup computes a tile of 32 pixels x 32 channels: it stages DEPTH vec4s of each pixel and the weights that meet
// them in workgroup memory, where 64 invocations multiply them, each 4 pixels x 4 channels in registers. Small pictures
// make few tiles with a long sum, so SLICES such teams share a tile, take every SLICES-th stage and add up at the end. Where
// there are still too few tiles to fill a GPU, several workgroups share one: each sums a part, conv2d_reduce.wgsl the parts.

override WORKGROUP_SIZE: u32 = 128; // SLICES * 64
const SLICES: u32 = 2;
const DEPTH: u32 = 4;             // vec4s of the sum per stage
const LOADS: u32 = DEPTH / 2;     // vec4s that an invocation stages of each operand
const STAGE: u32 = 32 * DEPTH;    // vec4s of one operand of one team

@group(0) @binding(0) var<uniform> params: Params; // lib/conv2d_params.wgsl
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> second: array<vec4f>;
@group(0) @binding(3) var<storage, read> residual: array<vec4f>;
@group(0) @binding(4) var<storage, read> w: array<PackedWeight>;
@group(0) @binding(5) var<storage, read> vectors: array<vec4f>; // the norm's scales, its shifts, the bias
@group(0) @binding(6) var<storage, read> table: array<f32>;     // the time embedding's share, by step and condition
@group(0) @binding(7) var<storage, read> position: array<u32>;  // [0] the step, [4 + b] the condition of image b
@group(0) @binding(8) var<storage, read_write> y: array<vec4f>;

var<workgroup> pixels: array<vec4<Factor>, SLICES * STAGE>;  // [slice][pixel][depth]
var<workgroup> weights: array<vec4<Factor>, SLICES * STAGE>; // [slice][channel of the sum][output]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let image = workgroup_id.z % params.images;
  let part = workgroup_id.z / params.images;
  let first_pixel = workgroup_id.x * 32;
  let lane = index % 64;
  let slice = index / 64;
  let base = slice * STAGE;
  // An invocation's own tile of the product, and the pixels that it stages.
  let row = lane / 8 * ROWS;
  let column = lane % 8;
  let n = workgroup_id.y * 8 + column;
  var corners: array<Corner, LOADS>;
  for (var i = 0u; i < LOADS; i++) {
    corners[i] = corner_of(first_pixel + (lane + 64 * i) / DEPTH, image);
  }
  if (params.groups > 0) {
    prepare_norm(image, params.images, index);
  }

  var sums: array<vec4f, ROWS>;
  // The stages of this part of the sum, in rounds of SLICES.
  let rounds = (stage_count() + SLICES - 1) / SLICES;
  let per_part = (rounds + params.parts - 1) / params.parts;
  let end = min(rounds, (part + 1) * per_part);
  for (var round = part * per_part; round < end; round++) {
    let stage = stage_at(round * SLICES + slice);
    for (var i = 0u; i < LOADS; i++) {
      let at = lane + 64 * i;
      let k = stage.channel + at % DEPTH;
      pixels[base + at] = vec4<Factor>(input_at(corners[i], stage, k));
      let output = workgroup_id.y * 8 + at % 8;
      let is_inside = (stage.channel + at / 32 < stage.channels) & (output < params.out_channels);
      let source = (4 * (stage.row + stage.channel) + at / 8) * params.out_channels + output;
      weights[base + at] = vec4<Factor>(weight(select(0, source, is_inside)) * select(0.0, 1.0, is_inside));
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      let at = base + 32 * k + column;
      let m = mat4x4<Factor>(weights[at], weights[at + 8], weights[at + 16], weights[at + 24]);
      for (var r = 0u; r < ROWS; r++) {
        sums[r] += vec4f(m * pixels[base + (row + r) * DEPTH + k]);
      }
    }
    workgroupBarrier(); // the next stage overwrites both operands
  }
  // The teams' sums, one row at a time, through memory that has served.
  for (var r = 0u; r < ROWS; r++) {
    if (slice > 0) {
      hand_second(index, sums[r]);
    }
    workgroupBarrier();
    if (slice == 0) {
      for (var other = 1u; other < SLICES; other++) {
        sums[r] += second_of(other * 64 + lane);
      }
    }
    workgroupBarrier(); // the next row overwrites this one
  }

  let is_output = (slice == 0) & (n < params.out_channels);
  if (is_output) {
    for (var r = 0u; r < ROWS; r++) {
      sums[r] *= weight_scale(n, params.out_channels);
    }
  }
  if (params.parts > 1) {
    store_part(sums, part * params.images + image, first_pixel + row, n, is_output);
    return;
  }
  if (is_output) {
    for (var r = 0u; r < ROWS; r++) {
      sums[r] = finished(sums[r], first_pixel + row + r, n, image);
    }
  }
  if (params.emits_statistics > 0) {
    store_statistics(sums, lane, is_output, workgroup_id.x, n, image);
  }
}

// A part of the sum, for conv2d_reduce.wgsl: y is (parts, B, P, N) then.
fn store_part(sums: array<vec4f, ROWS>, image: u32, p: u32, n: u32, is_output: bool) {
  for (var r = 0u; r < ROWS; r++) {
    if (is_output & (p + r < out_pixels())) {
      y[(image * out_pixels() + p + r) * params.out_channels + n] = sums[r];
    }
  }
}
