// activation: a non-linearity, element by element.
//
//   y[i] = f(x[i]),   f one of silu, gelu, mish, relu (lib/activations.wgsl gives each formula)
//
// Shapes    x, y: any shape
// Layout    vec4 along the last axis; f(0) = 0 for every f, so the padding stays zero
// Dispatch  one invocation per vec4
// Cost      reads x once, writes y once
// Host      src/kernels/activation.ts      Test  test/kernels/activation.test.ts
// Include   lib/activations.wgsl

override WORKGROUP_SIZE: u32 = 64;
override ACTIVATION: u32 = 1; // lib/activations.wgsl numbers them

struct Params {
  count: u32, // vec4s
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) {
    return;
  }
  y[i] = activate(x[i], ACTIVATION);
}
