// init_noise: the first state of a generation, pure static, and the network's first view of it.
//
//   x = initial_scale * static,   model_input = input_scale * x
//
// Shapes    x: (B, P, C)   model_input: (B or 2B, P, C)
// Layout    NHWC, C padded to a multiple of 4 with zeros; the static is counted in NCHW order as torch does
// Dispatch  one invocation per four channels of a pixel, workgroups in x, then y
// Cost      writes each tensor once; one Philox per channel
// Host      src/kernels/init_noise.ts      Test  test/kernels/init_noise.test.ts
// Include   lib/philox.wgsl lib/log.wgsl lib/sampler_table.wgsl

override WORKGROUP_SIZE: u32 = 64;
override GUIDED: bool = false;
// The static was made on the host and lies in x.
override NOISE_FROM_HOST: bool = false;

struct Params {
  images: u32,   // B
  pixels: u32,   // P = H * W
  channels: u32, // C, unpadded
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> model_input: array<vec4f>;

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
    noise = static_at(element, params.images, params.pixels, params.channels);
  }

  let state = table_float(INITIAL_SCALE) * noise;
  let seen = row_at(row_start(0u)).input_scale * state;
  x[element] = state;
  model_input[element] = seen;
  if (GUIDED) {
    model_input[tensor_size + element] = seen;
  }
}
