// attention: every query takes an average of the values, weighted by how well it fits each key.
//
//   y[b,i,h,:] = sum_j p[i,j] v[b,j,h,:]      p[i,:] = softmax_j(scale * q[b,i,h,:] . k[b,j,h,:])
//
// The weights are never stored whole: the keys pass by in tiles, and what was summed so far is scaled down whenever a
// larger score turns up (Milakov & Gimelshein 2018, algorithm 3; Dao et al. 2022).
//
// Shapes    q: (B, Lq, ...)   k, v: (B, Lk, ...)   y: (B, Lq, heads * D)   D = head dimension, 4 to 512
// Layout    vec4 along the last axis; q, k and v begin at a column of their rows, so they may be one packed tensor
// Dispatch  (query tiles, heads * chunks of D, B) workgroups; a lane owns four of D for 8 queries
// Cost      4 Lq Lk D flops per head; 3 barriers per tile of keys; loads are shared by 4 x 4 scores and by 8 queries
// Host      src/kernels/attention.ts      Test  test/kernels/attention.test.ts

override WORKGROUP_SIZE: u32 = 64;

const LOWEST = -3e38; // below every score; WGSL has no infinity

struct Params {
  queries: u32,      // Lq
  keys: u32,         // Lk
  head_columns: u32, // D / 4
  chunks: u32,       // workgroups that share one head's D
  columns: u32,      // vec4s of D that a workgroup writes
  groups: u32,       // of 8 queries, at most 8; columns * groups <= WORKGROUP_SIZE
  tile: u32,         // keys of a tile, a multiple of 4; 2 * groups * tile <= 256
  q_stride: u32,     // a row of each tensor, in vec4s
  k_stride: u32,
  v_stride: u32,
  y_stride: u32,
  q_column: u32,     // where head 0 begins in a row, in vec4s
  k_column: u32,
  v_column: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

var<workgroup> weights: array<vec4f, 256>; // [key][four queries]: scores, then exp(score - largest)
// Per four queries, kept by one lane: the largest score so far, the sum of the weights, and what the outputs so far (in
// the end: the finished ones) are multiplied with.
var<workgroup> largest: array<vec4f, 16>;
var<workgroup> total: array<vec4f, 16>;
var<workgroup> rescale: array<vec4f, 16>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let quads = 2 * params.groups; // of queries
  let head = workgroup_id.y / params.chunks;
  let first_query = workgroup_id.x * 8 * params.groups;
  let q_start = workgroup_id.z * params.queries * params.q_stride + params.q_column + head * params.head_columns;
  let k_start = workgroup_id.z * params.keys * params.k_stride + params.k_column + head * params.head_columns;
  let v_start = workgroup_id.z * params.keys * params.v_stride + params.v_column + head * params.head_columns;

  // A lane's place in the output. Lanes and columns too many do their neighbour's work and write nothing.
  let group = min(lane / params.columns, params.groups - 1);
  let column = (workgroup_id.y % params.chunks) * params.columns + lane % params.columns;
  let v_lane = v_start + min(column, params.head_columns - 1);
  var y0 = vec4f(0);
  var y1 = vec4f(0);
  var y2 = vec4f(0);
  var y3 = vec4f(0);
  var y4 = vec4f(0);
  var y5 = vec4f(0);
  var y6 = vec4f(0);
  var y7 = vec4f(0);

  for (var quad = lane; quad < quads; quad += WORKGROUP_SIZE) {
    largest[quad] = vec4f(LOWEST);
    total[quad] = vec4f(0);
  }
  for (var first_key = 0u; first_key < params.keys; first_key += params.tile) {
    let keys = min(params.tile, params.keys - first_key);
    let parts = quads * ((keys + 3) / 4);
    for (var part = lane; part < parts; part += WORKGROUP_SIZE) {
      score(part / quads * 4, part % quads, first_key, first_query, k_start, q_start);
    }
    workgroupBarrier();
    for (var quad = lane; quad < quads; quad += WORKGROUP_SIZE) {
      weigh(quad, keys);
    }
    workgroupBarrier();
    let low = rescale[2 * group];
    let high = rescale[2 * group + 1];
    y0 *= low.x;
    y1 *= low.y;
    y2 *= low.z;
    y3 *= low.w;
    y4 *= high.x;
    y5 *= high.y;
    y6 *= high.z;
    y7 *= high.w;
    for (var key = 0u; key < keys; key++) {
      let value = v[v_lane + (first_key + key) * params.v_stride];
      let p = weights[key * quads + 2 * group];
      let r = weights[key * quads + 2 * group + 1];
      y0 += p.x * value;
      y1 += p.y * value;
      y2 += p.z * value;
      y3 += p.w * value;
      y4 += r.x * value;
      y5 += r.y * value;
      y6 += r.z * value;
      y7 += r.w * value;
    }
    workgroupBarrier(); // the next tile overwrites the weights
  }
  for (var quad = lane; quad < quads; quad += WORKGROUP_SIZE) {
    rescale[quad] = 1 / total[quad];
  }
  workgroupBarrier();

  if (column >= params.head_columns || lane >= params.columns * params.groups) {
    return;
  }
  let low = rescale[2 * group];
  let high = rescale[2 * group + 1];
  let place = head * params.head_columns + column;
  let first = first_query + 8 * group;
  store(first, place, workgroup_id.z, y0 * low.x);
  store(first + 1, place, workgroup_id.z, y1 * low.y);
  store(first + 2, place, workgroup_id.z, y2 * low.z);
  store(first + 3, place, workgroup_id.z, y3 * low.w);
  store(first + 4, place, workgroup_id.z, y4 * high.x);
  store(first + 5, place, workgroup_id.z, y5 * high.y);
  store(first + 6, place, workgroup_id.z, y6 * high.z);
  store(first + 7, place, workgroup_id.z, y7 * high.w);
}

// Four queries times four keys. Those beyond the end read the last one: such weights are never read, such rows never stored.
fn score(key: u32, quad: u32, first_key: u32, first_query: u32, k_start: u32, q_start: u32) {
  let last_key = params.keys - 1;
  let k0 = k_start + min(first_key + key, last_key) * params.k_stride;
  let k1 = k_start + min(first_key + key + 1, last_key) * params.k_stride;
  let k2 = k_start + min(first_key + key + 2, last_key) * params.k_stride;
  let k3 = k_start + min(first_key + key + 3, last_key) * params.k_stride;
  let last_query = params.queries - 1;
  let query = first_query + 4 * quad;
  let q0 = q_start + min(query, last_query) * params.q_stride;
  let q1 = q_start + min(query + 1, last_query) * params.q_stride;
  let q2 = q_start + min(query + 2, last_query) * params.q_stride;
  let q3 = q_start + min(query + 3, last_query) * params.q_stride;
  var s0 = vec4f(0);
  var s1 = vec4f(0);
  var s2 = vec4f(0);
  var s3 = vec4f(0);
  for (var d = 0u; d < params.head_columns; d++) {
    let a = mat4x4f(q[q0 + d], q[q1 + d], q[q2 + d], q[q3 + d]);
    s0 += k[k0 + d] * a; // a row vector times the columns: one dot product per query
    s1 += k[k1 + d] * a;
    s2 += k[k2 + d] * a;
    s3 += k[k3 + d] * a;
  }
  let quads = 2 * params.groups;
  weights[key * quads + quad] = s0 * params.scale;
  weights[(key + 1) * quads + quad] = s1 * params.scale;
  weights[(key + 2) * quads + quad] = s2 * params.scale;
  weights[(key + 3) * quads + quad] = s3 * params.scale;
}

// Turns the scores of four queries into weights relative to their largest score so far.
fn weigh(quad: u32, keys: u32) {
  let quads = 2 * params.groups;
  let end = keys * quads;
  let before = largest[quad];
  var peak = before;
  for (var i = quad; i < end; i += quads) {
    peak = max(peak, weights[i]);
  }
  var sum = vec4f(0);
  for (var i = quad; i < end; i += quads) {
    let weight = exp(weights[i] - peak);
    weights[i] = weight;
    sum += weight;
  }
  let correction = exp(before - peak);
  largest[quad] = peak;
  total[quad] = total[quad] * correction + sum;
  rescale[quad] = correction;
}

fn store(query: u32, place: u32, image: u32, value: vec4f) {
  if (query < params.queries) {
    y[(image * params.queries + query) * params.y_stride + place] = value;
  }
}
