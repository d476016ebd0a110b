// layer_norm: normalise each token, then scale and shift each channel.
//
//   y[r,d] = (x[r,d] - mean[r]) / sqrt(var[r] + eps) * gamma[d] + beta[d]
//
// Shapes    x, y: (rows, D)   gamma, beta: (D)
// Layout    vec4 along D; what pads D counts for nothing in mean and var, and stays zero with gamma and beta
// Dispatch  one invocation per row: no barrier, which on CPU adapters costs more than the row
// Cost      reads x three times, twice from cache, and writes y once
// Host      src/kernels/layer_norm.ts      Test  test/kernels/layer_norm.test.ts

override WORKGROUP_SIZE: u32 = 32;

struct Params {
  rows: u32,
  columns: u32,  // vec4s of a row
  channels: u32, // D
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(3) var<storage, read> beta: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  if (row >= params.rows) {
    return;
  }
  let columns = params.columns;
  let start = row * columns;
  let is_channel = vec4u(0, 1, 2, 3) < vec4u(params.channels - 4 * (columns - 1)); // in the last vec4

  // Sums are taken about the first number: where the mean is far larger than the spread, a plain sum loses the spread.
  let origin = x[start].x;
  var sum = select(vec4f(0), x[start + columns - 1] - origin, is_channel);
  for (var i = 0u; i < columns - 1; i++) {
    sum += x[start + i] - origin;
  }
  let size = f32(params.channels);
  let mean = origin + dot(sum, vec4f(1)) / size;

  let last = select(vec4f(0), x[start + columns - 1] - mean, is_channel);
  var squares = last * last;
  for (var i = 0u; i < columns - 1; i++) {
    let centred = x[start + i] - mean;
    squares += centred * centred;
  }
  let rstd = inverseSqrt(dot(squares, vec4f(1)) / size + params.eps);

  for (var i = 0u; i < columns; i++) {
    y[start + i] = (x[start + i] - mean) * rstd * gamma[i] + beta[i];
  }
}
