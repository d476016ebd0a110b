// threshold: the scale of dynamic thresholding, one number per image (Saharia et al. 2022, section 2.3).
//
//   s = clamp(quantile(|x0|, ratio), 1, max),   x0 as sampler_step predicts it from x and the network's output
//
// Shapes    x: (B, P, C)   model_output: (B or 2B, P, C or 2C)   scales: (B) of (s, rescale factor)
// Layout    as in sampler_step; the quantile is torch's, with linear interpolation between neighbours
// Dispatch  one workgroup per image
// Cost      reads x and model_output five times: radix selection, eight bits a pass, then the neighbour above
// Host      src/kernels/threshold.ts      Test  test/kernels/threshold.test.ts
// Include   lib/philox.wgsl lib/log.wgsl lib/sampler_table.wgsl

override WORKGROUP_SIZE: u32 = 256;
override GUIDED: bool = false;
override RESCALE: bool = false;

const BINS = 256u;
const NOTHING = 0xffffffffu; // above the bits of every number

struct Params {
  images: u32,          // B
  pixels: u32,          // P = H * W
  channels: u32,        // C, unpadded
  output_channels: u32, // C or 2C
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<vec4u>;
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read> model_output: array<vec4f>;
@group(0) @binding(4) var<storage, read> x: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> scales: array<vec2f>;

var<workgroup> counts: array<atomic<u32>, BINS>;
var<workgroup> chosen: vec2u; // the prefix of bits found so far, and the rank among the numbers that share it
var<workgroup> not_above: atomic<u32>; // how many numbers are at most the selected one
var<workgroup> above: atomic<u32>; // the least number greater than it

// Bits of |x0| for four channels; floats that are not negative sort like their bits.
fn magnitude_bits(row: Row, image: u32, at: u32) -> vec4u {
  let groups = (params.channels + 3u) / 4u;
  let output_groups = (params.output_channels + 3u) / 4u;
  let pixel = at / groups;
  let place = (image * params.pixels + pixel) * output_groups + at % groups;
  var output = model_output[place];
  if (GUIDED) {
    output = guide(output, model_output[params.images * params.pixels * output_groups + place]);
    if (RESCALE) {
      output *= scales[image].y;
    }
  }
  return bitcast<vec4u>(abs(row.x0_x * x[image * params.pixels * groups + at] + row.x0_output * output));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = workgroup_id.x;
  let groups = (params.channels + 3u) / 4u;
  let size = params.pixels * groups;
  let position = table_float(THRESHOLD_RATIO) * f32(params.pixels * params.channels - 1u);
  let rank = u32(floor(position));
  let row = row_at(row_start(step[0]));

  if (lane == 0u) {
    chosen = vec2u(0u, rank);
    atomicStore(&not_above, 0u);
    atomicStore(&above, NOTHING);
  }
  // From the highest eight bits down: count the numbers by their next eight bits, then follow the rank into its bin.
  for (var shift = 24; shift >= 0; shift -= 8) {
    for (var bin = lane; bin < BINS; bin += WORKGROUP_SIZE) {
      atomicStore(&counts[bin], 0u);
    }
    workgroupBarrier();
    let prefix = chosen.x;
    for (var at = lane; at < size; at += WORKGROUP_SIZE) {
      let bits = magnitude_bits(row, image, at);
      for (var k = 0u; k < 4u; k++) {
        let shares_prefix = shift == 24 || (bits[k] >> u32(shift + 8)) == prefix;
        if (4u * (at % groups) + k < params.channels && shares_prefix) {
          atomicAdd(&counts[(bits[k] >> u32(shift)) & 255u], 1u);
        }
      }
    }
    workgroupBarrier();
    if (lane == 0u) {
      var left = chosen.y;
      var bin = 0u;
      while (bin < BINS - 1u && left >= atomicLoad(&counts[bin])) {
        left -= atomicLoad(&counts[bin]);
        bin++;
      }
      chosen = vec2u((prefix << 8u) | bin, left);
    }
    workgroupBarrier();
  }

  let selected = chosen.x;
  for (var at = lane; at < size; at += WORKGROUP_SIZE) {
    let bits = magnitude_bits(row, image, at);
    for (var k = 0u; k < 4u; k++) {
      if (4u * (at % groups) + k < params.channels) {
        if (bits[k] <= selected) {
          atomicAdd(&not_above, 1u);
        } else {
          atomicMin(&above, bits[k]);
        }
      }
    }
  }
  workgroupBarrier();
  if (lane == 0u) {
    let below = bitcast<f32>(selected);
    var next = below;
    let neighbour = atomicLoad(&above);
    // The next rank is the same number again where it occurs often enough.
    if (atomicLoad(&not_above) <= rank + 1u && neighbour != NOTHING) {
      next = bitcast<f32>(neighbour);
    }
    let quantile = below + (position - floor(position)) * (next - below);
    scales[image].x = min(max(quantile, 1.0), table_float(THRESHOLD_MAX));
  }
}
