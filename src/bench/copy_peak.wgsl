// copy_peak: how many bytes a second a kernel moves when it computes nothing.
//
//   y[i] = x[i]
//
// Shapes    x, y: at least `count` vec4s
// Layout    contiguous
// Dispatch  one invocation per vec4, workgroups in x, then y
// Cost      reads 16 bytes, writes 16 bytes
// Host      src/bench/peaks.ts      Test  test/bench/peaks.test.ts

override WORKGROUP_SIZE: u32 = 64;

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
  if (i < params.count) {
    y[i] = x[i];
  }
}
