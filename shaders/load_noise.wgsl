// load_noise: the host's static for this row, put where sampler_step looks for it.
//
//   denoised = noise[draw of the row]     nothing where the row draws none
//
// Shapes    noise: (draws, B, P, C)   denoised: (B, P, C), overwritten by sampler_step with the predicted picture
// Layout    NHWC, C padded to a multiple of 4 with zeros; draws beyond the buffer's end wrap around
// Dispatch  one invocation per four channels of a pixel, workgroups in x, then y
// Cost      one copy
// Host      src/kernels/load_noise.ts      Test  test/kernels/load_noise.test.ts
// Include   lib/philox.wgsl lib/log.wgsl lib/sampler_table.wgsl

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  count: u32, // vec4s of one draw
  draws: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<vec4u>;
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read> noise: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> denoised: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let element = global_id.y * workgroups.x * WORKGROUP_SIZE + global_id.x;
  let draw = row_at(row_start(step[0])).draw;
  if (element >= params.count || draw == NO_DRAW) {
    return;
  }
  denoised[element] = noise[(draw % params.draws) * params.count + element];
}
