// attention_narrow: attention for heads of few channels, without workgroup memory and without barriers.
//
//   y[b,i,h,:] = sum_j p[i,j] v[b,j,h,:]      p[i,:] = softmax_j(scale * q[b,i,h,:] . k[b,j,h,:])
//
// The softmax runs along with the keys, four at a time: what was summed so far is scaled down whenever a larger score
// turns up (Milakov & Gimelshein 2018, algorithm 3).
//
// Shapes    q: (B, Lq, ...)   k, v: (B, Lk, ...)   y: (B, Lq, heads * D)   D = head dimension, a multiple of 4
// Layout    vec4 along the last axis; q, k and v begin at a column of their rows, so they may be one packed tensor
// Dispatch  (Lq / 4, heads * chunks, B): one invocation owns four queries and 16 of D
// Cost      2 Lq Lk D (1 + chunks) flops per head: the scores are computed once per chunk of 16 channels
// Host      src/kernels/attention.ts      Test  test/kernels/attention.test.ts

override WORKGROUP_SIZE: u32 = 32;

const LOWEST = -3e38; // below every score; WGSL has no infinity

struct Params {
  queries: u32,      // Lq
  keys: u32,         // Lk
  head_columns: u32, // D / 4
  chunks: u32,       // of four columns per head
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

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let first = global_id.x * 4;
  if (first >= params.queries) {
    return;
  }
  let head = global_id.y / params.chunks;
  let image = global_id.z;
  let head_column = head * params.head_columns;
  let last_query = params.queries - 1;
  let q_start = image * params.queries * params.q_stride + params.q_column + head_column;
  let q0 = q_start + first * params.q_stride;
  let q1 = q_start + min(first + 1, last_query) * params.q_stride;
  let q2 = q_start + min(first + 2, last_query) * params.q_stride;
  let q3 = q_start + min(first + 3, last_query) * params.q_stride;
  let k_start = image * params.keys * params.k_stride + params.k_column + head_column;
  // A chunk that the head does not fill reads its last column again, and does not write it.
  let chunk = global_id.y % params.chunks * 4;
  let last_column = params.head_columns - 1;
  let v_start = image * params.keys * params.v_stride + params.v_column + head_column;
  let v0 = v_start + chunk;
  let v1 = v_start + min(chunk + 1, last_column);
  let v2 = v_start + min(chunk + 2, last_column);
  let v3 = v_start + min(chunk + 3, last_column);

  // Matrices have a query per column. y0 to y3: the output so far, four channels each.
  var y0 = mat4x4f();
  var y1 = mat4x4f();
  var y2 = mat4x4f();
  var y3 = mat4x4f();
  var largest = vec4f(LOWEST);
  var total = vec4f(0);

  let last_key = params.keys - 1;
  for (var key = 0u; key < params.keys; key += 4) {
    let j = min(vec4u(key, key + 1, key + 2, key + 3), vec4u(last_key));
    let row = k_start + j * params.k_stride;
    var scores = mat4x4f(); // a key per row
    for (var d = 0u; d < params.head_columns; d++) {
      let keys = mat4x4f(k[row.x + d], k[row.y + d], k[row.z + d], k[row.w + d]);
      scores += transpose(keys) * mat4x4f(q[q0 + d], q[q1 + d], q[q2 + d], q[q3 + d]);
    }
    let counts = vec4u(key, key + 1, key + 2, key + 3) < vec4u(params.keys);
    let s0 = select(vec4f(LOWEST), scores[0] * params.scale, counts);
    let s1 = select(vec4f(LOWEST), scores[1] * params.scale, counts);
    let s2 = select(vec4f(LOWEST), scores[2] * params.scale, counts);
    let s3 = select(vec4f(LOWEST), scores[3] * params.scale, counts);
    let peak = max(largest, vec4f(highest(s0), highest(s1), highest(s2), highest(s3)));
    let p = mat4x4f(exp(s0 - peak.x), exp(s1 - peak.y), exp(s2 - peak.z), exp(s3 - peak.w));
    let correction = exp(largest - peak);
    largest = peak;
    total = total * correction + vec4f(1) * p; // a row of ones sums each column

    let values = j * params.v_stride;
    y0 = scaled(y0, correction) + mat4x4f(v[v0 + values.x], v[v0 + values.y], v[v0 + values.z], v[v0 + values.w]) * p;
    y1 = scaled(y1, correction) + mat4x4f(v[v1 + values.x], v[v1 + values.y], v[v1 + values.z], v[v1 + values.w]) * p;
    y2 = scaled(y2, correction) + mat4x4f(v[v2 + values.x], v[v2 + values.y], v[v2 + values.z], v[v2 + values.w]) * p;
    y3 = scaled(y3, correction) + mat4x4f(v[v3 + values.x], v[v3 + values.y], v[v3 + values.z], v[v3 + values.w]) * p;
  }

  let row = image * params.queries + first;
  let place = head_column + chunk;
  let rows = min(4u, params.queries - first);
  let columns = min(4u, params.head_columns - chunk);
  store(scaled(y0, 1 / total), row, rows, place);
  if (columns > 1) {
    store(scaled(y1, 1 / total), row, rows, place + 1);
  }
  if (columns > 2) {
    store(scaled(y2, 1 / total), row, rows, place + 2);
  }
  if (columns > 3) {
    store(scaled(y3, 1 / total), row, rows, place + 3);
  }
}

fn highest(a: vec4f) -> f32 {
  let b = max(a.xy, a.zw);
  return max(b.x, b.y);
}

// Column by column: each query has a factor of its own.
fn scaled(m: mat4x4f, factor: vec4f) -> mat4x4f {
  return mat4x4f(m[0] * factor.x, m[1] * factor.y, m[2] * factor.z, m[3] * factor.w);
}

fn store(queries: mat4x4f, row: u32, rows: u32, column: u32) {
  var m = queries;
  for (var i = 0u; i < rows; i++) {
    y[(row + i) * params.y_stride + column] = m[i];
  }
}
