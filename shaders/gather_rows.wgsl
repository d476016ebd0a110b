// gather_rows: rows of a table, chosen by number: an embedding.
//
//   y[row, d] = table[indices[row], d]
//
// Shapes    table: (N, D)   indices: (rows)   y: (rows, D)
// Layout    vec4 along D, padded with zeros; an index past the end takes the last row
// Dispatch  one invocation per vec4 of y
// Cost      reads and writes y's size once
// Host      src/kernels/gather_rows.ts      Test  test/kernels/gather_rows.test.ts

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32,
  columns: u32, // vec4s of a row
  last: u32,    // N - 1
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<vec4f>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  if (i >= params.rows * params.columns) {
    return;
  }
  let index = min(indices[i / params.columns], params.last);
  y[i] = table[index * params.columns + i % params.columns];
}
