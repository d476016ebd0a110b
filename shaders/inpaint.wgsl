// inpaint: outside the mask the state is put back to the known picture at the noise level of the next row.
//
//   x = mask * x + (1 - mask) * (alpha * original + sigma * static),   model_input = input_scale * x
//
// Shapes    original, x: (B, P, C)   mask: (B, P, 1), 1 where the network paints   model_input: (B or 2B, P, C)
// Layout    NHWC, C padded to a multiple of 4 with zeros; alpha, sigma, input_scale: of the next row
// Dispatch  one invocation per four channels of a pixel, after sampler_step, before advance_step
// Cost      reads original, mask and x once, writes x and model_input once; one Philox per channel
// Host      src/kernels/inpaint.ts      Test  test/kernels/inpaint.test.ts
// Include   lib/philox.wgsl lib/log.wgsl lib/sampler_table.wgsl

override WORKGROUP_SIZE: u32 = 64;
override GUIDED: bool = false;
// The static was made on the host: `noise` holds it, (draws, B, P, C), of which draw 0 counts here.
override NOISE_FROM_HOST: bool = false;

struct Params {
  images: u32,   // B
  pixels: u32,   // P = H * W
  channels: u32, // C, unpadded
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<vec4u>;
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read> original: array<vec4f>;
@group(0) @binding(4) var<storage, read> mask: array<vec4f>;
@group(0) @binding(5) var<storage, read> noise: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> model_input: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let groups = (params.channels + 3u) / 4u;
  let tensor_size = params.images * params.pixels * groups;
  let element = global_id.y * workgroups.x * WORKGROUP_SIZE + global_id.x;
  if (element >= tensor_size) {
    return;
  }
  var known = original[element];
  if (step[0] + 1u < table_word(ROWS)) {
    let row = row_at(row_start(step[0] + 1u));
    var drawn = noise[element];
    if (!NOISE_FROM_HOST) {
      drawn = static_at(element, params.images, params.pixels, params.channels);
    }
    known = row.alpha * known + row.sigma * drawn;
  }
  // Not mix(): an adapter may compute it as known + share * (x - known), which is not x at share 1.
  let share = mask[element / groups].x;
  let state = share * x[element] + (1.0 - share) * known;
  let seen = next_input_scale(step[0]) * state;
  x[element] = state;
  model_input[element] = seen;
  if (GUIDED) {
    model_input[tensor_size + element] = seen;
  }
}
