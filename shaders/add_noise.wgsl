// add_noise: the forward process, a picture at the noise level of a row.
//
//   x = alpha * original + sigma * static,   model_input = input_scale * x
//
// Shapes    original, x: (B, P, C)   model_input: (B or 2B, P, C)
// Layout    NHWC, C padded to a multiple of 4 with zeros; alpha, sigma and input_scale come from the table's row `step`
// Dispatch  one invocation per four channels of a pixel, workgroups in x, then y
// Cost      reads original once, writes x and model_input once; one Philox per channel
// Host      src/kernels/add_noise.ts      Test  test/kernels/add_noise.test.ts
// Include   lib/philox.wgsl lib/log.wgsl lib/sampler_table.wgsl

override WORKGROUP_SIZE: u32 = 64;
override GUIDED: bool = false;
// The static was made on the host and lies in x.
override NOISE_FROM_HOST: bool = false;

struct Params {
  images: u32,      // B
  pixels: u32,      // P = H * W
  channels: u32,    // C, unpadded
  first_pixel: u32, // where x begins in a picture of all_pixels: 0 and P, unless it is a band of one picture
  all_pixels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<vec4u>;
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read> original: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> model_input: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let groups = (params.channels + 3u) / 4u;
  let tensor_size = params.images * params.pixels * groups;
  let element = global_id.y * workgroups.x * WORKGROUP_SIZE + global_id.x;
  if (element >= tensor_size) {
    return;
  }
  var noise = x[element];
  if (!NOISE_FROM_HOST) {
    noise = static_at(element + params.first_pixel * groups, params.images, params.all_pixels, params.channels);
  }
  let row = row_at(row_start(step[0]));
  let state = row.alpha * original[element] + row.sigma * noise;
  let seen = row.input_scale * state;
  x[element] = state;
  model_input[element] = seen;
  if (GUIDED) {
    model_input[tensor_size + element] = seen;
  }
}
