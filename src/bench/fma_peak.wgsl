// fma_peak: how many multiply-adds a second the device makes when nothing else stands in the way.
//
//   a[k] = a[k] * m + c,   sixteen independent chains k to an invocation, eight links to a turn, `turns` turns
//
// Shapes    y: (N, 4), the sum of an invocation's four vec4 chains
// Layout    y[i] belongs to invocation i
// Dispatch  one invocation per row of y
// Cost      128 multiply-adds a turn, so 256 * turns floating-point operations, for one 16-byte write
// Host      src/bench/peaks.ts      Test  test/bench/peaks.test.ts
//
// One chain would measure how long an addition takes, not how many the device makes at a time. m and c come from a
// uniform, so that no compiler can shorten the chain; the sum is written, so that none can drop it.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  turns: u32,
  m: f32,
  c: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let m = vec4f(params.m);
  let c = vec4f(params.c);
  let start = f32(global_id.x % 1024u) / 1024.0;
  var a0 = vec4f(start, start + 0.1, start + 0.2, start + 0.3);
  var a1 = a0 + 0.4;
  var a2 = a0 + 0.8;
  var a3 = a0 + 1.2;
  for (var turn = 0u; turn < params.turns; turn++) {
    a0 = fma(a0, m, c); a1 = fma(a1, m, c); a2 = fma(a2, m, c); a3 = fma(a3, m, c);
    a0 = fma(a0, m, c); a1 = fma(a1, m, c); a2 = fma(a2, m, c); a3 = fma(a3, m, c);
    a0 = fma(a0, m, c); a1 = fma(a1, m, c); a2 = fma(a2, m, c); a3 = fma(a3, m, c);
    a0 = fma(a0, m, c); a1 = fma(a1, m, c); a2 = fma(a2, m, c); a3 = fma(a3, m, c);
    a0 = fma(a0, m, c); a1 = fma(a1, m, c); a2 = fma(a2, m, c); a3 = fma(a3, m, c);
    a0 = fma(a0, m, c); a1 = fma(a1, m, c); a2 = fma(a2, m, c); a3 = fma(a3, m, c);
    a0 = fma(a0, m, c); a1 = fma(a1, m, c); a2 = fma(a2, m, c); a3 = fma(a3, m, c);
    a0 = fma(a0, m, c); a1 = fma(a1, m, c); a2 = fma(a2, m, c); a3 = fma(a3, m, c);
  }
  y[global_id.x] = a0 + a1 + a2 + a3;
}
