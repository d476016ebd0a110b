// attention_weights: how much each query attends to each key, for adapters on a CPU: the first of two steps of attention.
//
//   p[b,h,i,j] = exp(s[i,j] - max_j s[i,j]) / sum_j exp(s[i,j] - max_j s[i,j])      s[i,j] = scale * dot(q[b,i,h], k[b,j,h])
//
// Shapes    q: (B, Lq, columns)   k: (B, Lk, columns)   p: (B, heads, Lq, Lk'), Lk' = Lk rounded up to a multiple of 8
// Layout    tokens x channels, vec4 along channels; a head is head_columns vec4s from q_column (k_column) on. p's padding is 0
// Dispatch  one subgroup per 16 queries of one head: every lane the scores of one key after another, LANES keys at a time
// Cost      per 4 channels 1 + 16 / LANES vec4 loads for 64 multiply-adds; then reads and writes its rows of p twice
// Host      src/kernels/attention_staged.ts      Test  test/kernels/attention.test.ts
//
// attention.wgsl never stores p, but its barriers and its walk through workgroup memory cost a CPU four times as much as p.

enable subgroups;
// Every lane of a subgroup takes the same path: all branches around an exchange depend on the subgroup's number alone.
diagnostic(off, subgroup_uniformity);

override WORKGROUP_SIZE: u32 = 16;
const LANES: u32 = 8; // invocations of a subgroup: 4 or 8

struct Params {
  queries: u32,
  keys: u32,
  padded_keys: u32,  // Lk'
  heads: u32,
  groups: u32,       // of 16 queries, of one head
  count: u32,        // of such groups, of all heads and images
  head_columns: u32, // vec4s of a head
  q_stride: u32,     // vec4s from one token to the next
  k_stride: u32,
  q_column: u32,     // the vec4 where the first head begins
  k_column: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> p: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + index;
  let lane = i % LANES;
  let group = i / LANES;
  if (group >= params.count) {
    return;
  }
  let first = group % params.groups * 16;
  let image_head = group / params.groups;
  let image = image_head / params.heads;
  let column = image_head % params.heads * params.head_columns;
  // The queries that this lane fetches for all: every LANES-th.
  let q_start = params.q_column + column;
  let last = params.queries - 1;
  let q0 = (image * params.queries + min(first + lane, last)) * params.q_stride + q_start;
  let q1 = (image * params.queries + min(first + lane + LANES, last)) * params.q_stride + q_start;
  let q2 = (image * params.queries + min(first + lane + 2 * LANES, last)) * params.q_stride + q_start;
  let q3 = (image * params.queries + min(first + lane + 3 * LANES, last)) * params.q_stride + q_start;
  let row = (image_head * params.queries + first) * params.padded_keys;

  for (var key = lane; key < params.padded_keys; key += LANES) {
    let at = (image * params.keys + min(key, params.keys - 1)) * params.k_stride + params.k_column + column;
    var s0 = 0.0;
    var s1 = 0.0;
    var s2 = 0.0;
    var s3 = 0.0;
    var s4 = 0.0;
    var s5 = 0.0;
    var s6 = 0.0;
    var s7 = 0.0;
    var s8 = 0.0;
    var s9 = 0.0;
    var s10 = 0.0;
    var s11 = 0.0;
    var s12 = 0.0;
    var s13 = 0.0;
    var s14 = 0.0;
    var s15 = 0.0;
    for (var d = 0u; d < params.head_columns; d++) {
      let own = k[at + d];
      let v0 = q[q0 + d];
      let v1 = q[q1 + d];
      // With eight lanes v0 and v1 hold all sixteen queries, with four v0 to v3.
      var v2 = v1;
      var v3 = v1;
      if (LANES < 8) {
        v2 = q[q2 + d];
        v3 = q[q3 + d];
      }
      s0 += dot(own, subgroupBroadcast(v0, 0u % LANES));
      s1 += dot(own, subgroupBroadcast(v0, 1u % LANES));
      s2 += dot(own, subgroupBroadcast(v0, 2u % LANES));
      s3 += dot(own, subgroupBroadcast(v0, 3u % LANES));
      s4 += dot(own, subgroupBroadcast(select(v1, v0, LANES == 8), 4u % LANES));
      s5 += dot(own, subgroupBroadcast(select(v1, v0, LANES == 8), 5u % LANES));
      s6 += dot(own, subgroupBroadcast(select(v1, v0, LANES == 8), 6u % LANES));
      s7 += dot(own, subgroupBroadcast(select(v1, v0, LANES == 8), 7u % LANES));
      s8 += dot(own, subgroupBroadcast(select(v2, v1, LANES == 8), 8u % LANES));
      s9 += dot(own, subgroupBroadcast(select(v2, v1, LANES == 8), 9u % LANES));
      s10 += dot(own, subgroupBroadcast(select(v2, v1, LANES == 8), 10u % LANES));
      s11 += dot(own, subgroupBroadcast(select(v2, v1, LANES == 8), 11u % LANES));
      s12 += dot(own, subgroupBroadcast(select(v3, v1, LANES == 8), 12u % LANES));
      s13 += dot(own, subgroupBroadcast(select(v3, v1, LANES == 8), 13u % LANES));
      s14 += dot(own, subgroupBroadcast(select(v3, v1, LANES == 8), 14u % LANES));
      s15 += dot(own, subgroupBroadcast(select(v3, v1, LANES == 8), 15u % LANES));
    }
    store(0, first, row, key, s0);
    store(1, first, row, key, s1);
    store(2, first, row, key, s2);
    store(3, first, row, key, s3);
    store(4, first, row, key, s4);
    store(5, first, row, key, s5);
    store(6, first, row, key, s6);
    store(7, first, row, key, s7);
    store(8, first, row, key, s8);
    store(9, first, row, key, s9);
    store(10, first, row, key, s10);
    store(11, first, row, key, s11);
    store(12, first, row, key, s12);
    store(13, first, row, key, s13);
    store(14, first, row, key, s14);
    store(15, first, row, key, s15);
  }
  for (var query = 0u; query < 16; query++) {
    if (first + query < params.queries) {
      normalise(row + query * params.padded_keys, lane);
    }
  }
}

fn store(query: u32, first: u32, row: u32, key: u32, score: f32) {
  if (first + query < params.queries) {
    p[row + query * params.padded_keys + key] = score * params.scale;
  }
}

// Softmax of one row; each lane goes over the keys whose scores it has stored.
fn normalise(row: u32, lane: u32) {
  var largest = -3.0e38; // below every score; WGSL has no literal for minus infinity
  for (var key = lane; key < params.keys; key += LANES) {
    largest = max(largest, p[row + key]);
  }
  largest = subgroupMax(largest);
  var sum = 0.0;
  for (var key = lane; key < params.padded_keys; key += LANES) {
    let weight = select(0.0, exp(p[row + key] - largest), key < params.keys);
    p[row + key] = weight;
    sum += weight;
  }
  let share = 1 / subgroupAdd(sum);
  for (var key = lane; key < params.padded_keys; key += LANES) {
    p[row + key] *= share;
  }
}
