// conv2d: convolution, and with one tap a linear layer, with what surrounds it in a ResNet block, in one dispatch.
//
//   h[q,k] = f(group_norm(x ++ second)[q,k])
//   y[p,n] = (bias[n] + time[n] + sum over taps t, channels k of h[p*stride + t - pad, k] * w[t,k,n] + shortcut[p,n]) * scale
//
// Shapes    x: (B, H, W, C1)   second: (B, H, W, C2)   w: (taps * (C1 + C2) + shortcut's channels, N)   y: (B, P, N)
// Layout    NHWC, vec4 along channels, in w along n. x, second and y carry their channels' statistics behind their numbers:
//           (B, tiles of 32 pixels, 2, C), mean and M2. With upsample = 1 the window runs over the nearest-neighbour 2x
//           enlargement of x. The shortcut is `residual`, or a 1x1 convolution of residual ++ second: more rows of w.
// Dispatch  (tiles of 32 pixels, tiles of 32 output channels, B) workgroups of SLICES * 64 invocations
// Cost      per 4 input channels: 8 vec4 loads from workgroup memory for 16 4x4 products' rows; each input number is normalised
//           taps * N / 32 times, which costs less than writing the normalised tensor and reading it back
// Host      src/kernels/conv2d.ts      Test  test/kernels/conv2d.test.ts
// Include   lib/conv2d_params.wgsl, lib/conv2d_window.wgsl, lib/conv2d_norm.wgsl, lib/activations.wgsl, lib/weights_f32.wgsl
//
// A workgroup computes a tile of 32 pixels x 32 channels: it stages DEPTH vec4s of each pixel and the weights that meet
// them in workgroup memory, where 64 invocations multiply them, each 4 pixels x 4 channels in registers. Small pictures
// make few tiles with a long sum, so SLICES such teams share a tile, take every SLICES-th stage and add up at the end.

override WORKGROUP_SIZE: u32 = 128; // SLICES * 64
const SLICES: u32 = 2;
const DEPTH: u32 = 4;             // vec4s of the sum per stage
const ROWS: u32 = 4;              // pixels of an invocation
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

var<workgroup> pixels: array<vec4f, SLICES * STAGE>;  // [slice][pixel][depth]
var<workgroup> weights: array<vec4f, SLICES * STAGE>; // [slice][channel of the sum][output]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let image = workgroup_id.z;
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
    prepare_norm(image, num_workgroups.z, index);
  }

  var sums: array<vec4f, ROWS>;
  let stages = stage_count();
  for (var round = 0u; round < stages; round += SLICES) {
    let stage = stage_at(round + slice);
    for (var i = 0u; i < LOADS; i++) {
      let at = lane + 64 * i;
      let k = stage.channel + at % DEPTH;
      pixels[base + at] = input_at(corners[i], stage, k);
      let output = workgroup_id.y * 8 + at % 8;
      let is_inside = (stage.channel + at / 32 < stage.channels) & (output < params.out_channels);
      let source = (4 * (stage.row + stage.channel) + at / 8) * params.out_channels + output;
      weights[base + at] = weight(select(0, source, is_inside)) * select(0.0, 1.0, is_inside);
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      let at = base + 32 * k + column;
      let m = mat4x4f(weights[at], weights[at + 8], weights[at + 16], weights[at + 24]);
      for (var r = 0u; r < ROWS; r++) {
        sums[r] += m * pixels[base + (row + r) * DEPTH + k];
      }
    }
    workgroupBarrier(); // the next stage overwrites both operands
  }
  // The teams' sums, one row at a time, through the memory of the weights.
  for (var r = 0u; r < ROWS; r++) {
    if (slice > 0) {
      weights[index] = sums[r];
    }
    workgroupBarrier();
    if (slice == 0) {
      for (var other = 1u; other < SLICES; other++) {
        sums[r] += weights[other * 64 + lane];
      }
    }
    workgroupBarrier(); // the next row overwrites this one
  }

  let is_output = (slice == 0) & (n < params.out_channels);
  if (is_output) {
    for (var r = 0u; r < ROWS; r++) {
      sums[r] = finished(sums[r], first_pixel + row + r, n, image);
    }
  }
  if (params.emits_statistics == 0) {
    return;
  }
  // Mean and M2 of this invocation's pixels, then of the tile's eight: Chan, Golub & LeVeque 1979, eq. 2.1.
  let own = tile_part(first_pixel + row, ROWS);
  var mean = vec4f(0);
  for (var r = 0u; r < own; r++) {
    mean += (sums[r] - sums[0]) / f32(own);
  }
  mean += sums[0];
  var squares = vec4f(0);
  for (var r = 0u; r < own; r++) {
    squares += (sums[r] - mean) * (sums[r] - mean);
  }
  if (slice == 0) {
    pixels[lane] = mean;
    weights[lane] = squares;
  }
  workgroupBarrier();
  if (!is_output || row > 0) {
    return;
  }
  let size = f32(tile_part(first_pixel, 32));
  var tile_mean = vec4f(0);
  for (var i = 0u; i < 8; i++) {
    tile_mean += (pixels[8 * i + column] - mean) * (f32(tile_part(first_pixel + ROWS * i, ROWS)) / size);
  }
  tile_mean += mean;
  var tile_squares = vec4f(0);
  for (var i = 0u; i < 8; i++) {
    let part = f32(tile_part(first_pixel + ROWS * i, ROWS));
    let centred = pixels[8 * i + column] - tile_mean;
    tile_squares += select(vec4f(0), weights[8 * i + column] + part * centred * centred, part > 0);
  }
  let tiles = (out_pixels() + 31) / 32;
  let at = (num_workgroups.z * out_pixels() + (image * tiles + workgroup_id.x) * 2) * params.out_channels + n;
  y[at] = tile_mean;
  y[at + params.out_channels] = tile_squares;
}
