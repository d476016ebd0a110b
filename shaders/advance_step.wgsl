// advance_step: the loop's counter moves on by one row of the sampler's table.
//
//   step' = step + 1
//
// Shapes    step: (1)
// Layout    one u32, read by every kernel that depends on the row; the loop's host sets it to 0
// Dispatch  one workgroup of one invocation, after the last kernel that reads `step`
// Cost      four bytes
// Host      src/kernels/advance_step.ts      Test  test/kernels/sampler_step.test.ts

override WORKGROUP_SIZE: u32 = 1;

@group(0) @binding(0) var<storage, read_write> step: array<u32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_id) local_id: vec3u) {
  if (local_id.x == 0u) {
    step[0] += 1u;
  }
}
