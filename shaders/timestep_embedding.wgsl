// timestep_embedding: a timestep as sines and cosines of many frequencies (Vaswani et al. 2017, section 3.5).
//
//   f[i] = exp(-ln(max_period) * i / (half - shift)),   i < half = D / 2
//   y[row] = (sin(scale t f), cos(scale t f)),  or with FLIP the cosines first;  an odd D ends with a zero
//
// Shapes    t: (rows)   y: (rows, D)
// Layout    vec4 along D, padded with zeros
// Dispatch  one invocation per vec4 of y
// Cost      writes y once; up to 8 sines a vec4, outside the loop
// Host      src/kernels/timestep_embedding.ts      Test  test/kernels/timestep_embedding.test.ts
// Include   lib/sincos.wgsl

override WORKGROUP_SIZE: u32 = 64;
override FLIP: bool = false;

struct Params {
  rows: u32,
  channels: u32, // D
  rate: f32,     // -ln(max_period)
  divisor: f32,  // half - shift
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> t: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

fn element(timestep: f32, column: u32) -> f32 {
  let half = params.channels / 2;
  if (column >= 2 * half) {
    return 0.0;
  }
  let i = column % half;
  let frequency = accurate_exp(params.rate * f32(i) / params.divisor);
  // The product is rounded before it is scaled, as in PyTorch: at t = 999 the order shows in the fifth digit.
  let wave = sin_cos(params.scale * (timestep * frequency));
  let is_sine = (column < half) != FLIP;
  return select(wave.y, wave.x, is_sine);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  let columns = (params.channels + 3) / 4;
  if (i >= params.rows * columns) {
    return;
  }
  let timestep = t[i / columns];
  let column = i % columns * 4;
  y[i] = vec4f(
    element(timestep, column),
    element(timestep, column + 1),
    element(timestep, column + 2),
    element(timestep, column + 3),
  );
}
