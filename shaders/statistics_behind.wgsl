// statistics_behind: each channel's mean and spread by tiles of 32 pixels, written behind the tensor itself.
//
//   mean[b,t,c] = 1/n sum_p y[b,p,c]      M2[b,t,c] = sum_p (y[b,p,c] - mean[b,t,c])^2      p in tile t, n = its pixels
//
// Shapes    y: (B, P, C), then (B, T, 2, C), T = ceil(P / 32): row 0 the mean, row 1 M2
// Layout    vec4 along C: what conv2d.wgsl leaves behind its result and wants behind its input
// Dispatch  one invocation per (b, t, four channels)
// Cost      reads y twice, the second time from cache
// Host      src/kernels/statistics_behind.ts      Test  test/kernels/statistics_behind.test.ts
// Include   lib/statistics_write_f32.wgsl
//
// For results of algorithms that have no tile of 32 pixels in one workgroup. One binding, not two: a buffer may not be
// read through one and written through another.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32,
  pixels: u32,  // P
  columns: u32, // C / 4, rounded up
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  let columns = params.columns;
  let tiles = (params.pixels + 31) / 32;
  if (i >= params.images * tiles * columns) {
    return;
  }
  let column = i % columns;
  let tile = i / columns; // b * T + t
  let first_pixel = tile % tiles * 32;
  let count = min(32, params.pixels - first_pixel);
  let first = (tile / tiles * params.pixels + first_pixel) * columns + column;
  let end = first + count * columns;
  // Sums are taken about the first pixel: where the mean is far larger than the spread, a plain sum loses the spread.
  let origin = y[first];
  var sum = vec4f(0);
  for (var j = first; j < end; j += columns) {
    sum += y[j] - origin;
  }
  let mean = origin + sum / f32(count);
  var squares = vec4f(0);
  for (var j = first; j < end; j += columns) {
    let centred = y[j] - mean;
    squares += centred * centred;
  }
  let numbers = params.images * params.pixels * columns;
  let at = 2 * tile * columns + column;
  write_statistic(numbers, at, mean);
  write_statistic(numbers, at + columns, squares);
}
