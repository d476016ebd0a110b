// attention_values: the values that each query attends to, for adapters on a CPU: the second of two steps of attention.
//
//   y[b,i,h] = sum_j p[b,h,i,j] * v[b,j,h]
//
// Shapes    p: (B, heads, Lq, Lk'), as attention_weights.wgsl leaves it   v: (B, Lk, columns)   y: (B, Lq, heads * D)
// Layout    tokens x channels, vec4 along channels; a head is head_columns vec4s from v_column on, a multiple of LANES
// Dispatch  one subgroup per 16 queries x 4 * LANES channels of one head: each lane four channels of the same sixteen queries
// Cost      per 4 keys 4 + 16 / LANES vec4 loads for 256 multiply-adds: the matrix product of conv2d_subgroup.wgsl
// Host      src/kernels/attention_staged.ts      Test  test/kernels/attention.test.ts

enable subgroups;
// Every lane of a subgroup takes the same path: all branches around an exchange depend on the subgroup's number alone.
diagnostic(off, subgroup_uniformity);

override WORKGROUP_SIZE: u32 = 16;
const LANES: u32 = 8; // invocations of a subgroup: 4 or 8

struct Params {
  queries: u32,
  keys: u32,
  padded_keys: u32,  // Lk' / 4
  heads: u32,
  groups: u32,       // of 16 queries, of one head
  count: u32,        // invocations
  head_columns: u32, // vec4s of a head
  v_stride: u32,     // vec4s from one token to the next
  y_stride: u32,
  v_column: u32,     // the vec4 where the first head begins
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> p: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  // LANES divides count and head_columns, so that a subgroup shares its queries and ends as one.
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + index;
  if (i >= params.count) {
    return;
  }
  let lane = index % LANES;
  let column = i % params.head_columns;
  let group = i / params.head_columns;
  let first = group % params.groups * 16;
  let image_head = group / params.groups;
  let image = image_head / params.heads;
  let place = image_head % params.heads * params.head_columns + column;
  // The queries whose weights this lane fetches for all: every LANES-th.
  let last = params.queries - 1;
  let rows = image_head * params.queries;
  let p0 = (rows + min(first + lane, last)) * params.padded_keys;
  let p1 = (rows + min(first + lane + LANES, last)) * params.padded_keys;
  let p2 = (rows + min(first + lane + 2 * LANES, last)) * params.padded_keys;
  let p3 = (rows + min(first + lane + 3 * LANES, last)) * params.padded_keys;
  let v_start = image * params.keys * params.v_stride + params.v_column + place;
  let last_key = params.keys - 1;
  var y0 = vec4f();
  var y1 = vec4f();
  var y2 = vec4f();
  var y3 = vec4f();
  var y4 = vec4f();
  var y5 = vec4f();
  var y6 = vec4f();
  var y7 = vec4f();
  var y8 = vec4f();
  var y9 = vec4f();
  var y10 = vec4f();
  var y11 = vec4f();
  var y12 = vec4f();
  var y13 = vec4f();
  var y14 = vec4f();
  var y15 = vec4f();
  for (var four = 0u; four < params.padded_keys; four++) {
    // Keys beyond the end read the last one, with a weight of zero.
    let m = mat4x4f(
      v[v_start + min(4 * four, last_key) * params.v_stride],
      v[v_start + min(4 * four + 1, last_key) * params.v_stride],
      v[v_start + min(4 * four + 2, last_key) * params.v_stride],
      v[v_start + min(4 * four + 3, last_key) * params.v_stride],
    );
    let v0 = p[p0 + four];
    let v1 = p[p1 + four];
    // With eight lanes v0 and v1 hold all sixteen queries' weights, with four v0 to v3.
    var v2 = v1;
    var v3 = v1;
    if (LANES < 8) {
      v2 = p[p2 + four];
      v3 = p[p3 + four];
    }
    y0 += m * subgroupBroadcast(v0, 0u % LANES);
    y1 += m * subgroupBroadcast(v0, 1u % LANES);
    y2 += m * subgroupBroadcast(v0, 2u % LANES);
    y3 += m * subgroupBroadcast(v0, 3u % LANES);
    y4 += m * subgroupBroadcast(select(v1, v0, LANES == 8), 4u % LANES);
    y5 += m * subgroupBroadcast(select(v1, v0, LANES == 8), 5u % LANES);
    y6 += m * subgroupBroadcast(select(v1, v0, LANES == 8), 6u % LANES);
    y7 += m * subgroupBroadcast(select(v1, v0, LANES == 8), 7u % LANES);
    y8 += m * subgroupBroadcast(select(v2, v1, LANES == 8), 8u % LANES);
    y9 += m * subgroupBroadcast(select(v2, v1, LANES == 8), 9u % LANES);
    y10 += m * subgroupBroadcast(select(v2, v1, LANES == 8), 10u % LANES);
    y11 += m * subgroupBroadcast(select(v2, v1, LANES == 8), 11u % LANES);
    y12 += m * subgroupBroadcast(select(v3, v1, LANES == 8), 12u % LANES);
    y13 += m * subgroupBroadcast(select(v3, v1, LANES == 8), 13u % LANES);
    y14 += m * subgroupBroadcast(select(v3, v1, LANES == 8), 14u % LANES);
    y15 += m * subgroupBroadcast(select(v3, v1, LANES == 8), 15u % LANES);
  }
  let start = (image * params.queries + first) * params.y_stride + place;
  let rest = params.queries - first;
  store(0, rest, start, y0);
  store(1, rest, start, y1);
  store(2, rest, start, y2);
  store(3, rest, start, y3);
  store(4, rest, start, y4);
  store(5, rest, start, y5);
  store(6, rest, start, y6);
  store(7, rest, start, y7);
  store(8, rest, start, y8);
  store(9, rest, start, y9);
  store(10, rest, start, y10);
  store(11, rest, start, y11);
  store(12, rest, start, y12);
  store(13, rest, start, y13);
  store(14, rest, start, y14);
  store(15, rest, start, y15);
}

fn store(query: u32, rest: u32, start: u32, value: vec4f) {
  if (query < rest) {
    y[start + query * params.y_stride] = value;
  }
}
