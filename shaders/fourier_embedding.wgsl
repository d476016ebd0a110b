// fourier_embedding: the logarithm of a noise level as sines and cosines of learnt frequencies
// (Song et al. 2021, "Score-based generative modeling", appendix G; Tancik et al. 2020).
//
//   y[row] = (sin(2 pi ln(t) w), cos(2 pi ln(t) w))
//
// Shapes    t: (rows)   w: (C)   y: (rows, 2C)
// Layout    vec4 along the last axis, padded with zeros
// Dispatch  one invocation per vec4 of y
// Cost      writes y once; 4 sines a vec4, outside the loop
// Host      src/kernels/fourier_embedding.ts      Test  test/kernels/timestep_embedding.test.ts
// Include   lib/sincos.wgsl lib/log.wgsl

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32,
  channels: u32, // C
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> t: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

fn element(level: f32, column: u32) -> f32 {
  if (column >= 2 * params.channels) {
    return 0.0;
  }
  // The order of the products is PyTorch's: the angle reaches hundreds of turns, where each rounding shows.
  let wave = sin_cos(level * w[column % params.channels] * 2.0 * 3.14159265);
  return select(wave.y, wave.x, column < params.channels);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  let columns = (2 * params.channels + 3) / 4;
  if (i >= params.rows * columns) {
    return;
  }
  let level = accurate_log(t[i / columns]);
  let column = i % columns * 4;
  y[i] = vec4f(
    element(level, column),
    element(level, column + 1),
    element(level, column + 2),
    element(level, column + 3),
  );
}
