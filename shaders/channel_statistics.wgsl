// channel_statistics: mean and spread of each channel over tiles of pixels, the first third of a group norm.
//
//   mean[b,t,c] = 1/n sum_p x[b,p,c]      M2[b,t,c] = sum_p (x[b,p,c] - mean[b,t,c])^2      p in tile t, n = its pixels
//
// Shapes    x: (B, P, C) with P = H * W     statistics: (B, T, 2, C), row 0 the mean, row 1 M2
// Layout    vec4 along C; the padding of x is zero, and so are its mean and M2
// Dispatch  one invocation per (b, t, four channels): no barrier, neighbours read neighbouring vec4s
// Cost      reads x twice, the second time from cache
// Host      src/kernels/group_norm.ts      Test  test/kernels/group_norm.test.ts

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  count: u32,    // B * T * columns
  columns: u32,  // C / 4, rounded up
  pixels: u32,   // P
  tiles: u32,    // T
  per_tile: u32, // pixels of a tile; the last one may have fewer
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> statistics: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) {
    return;
  }
  let columns = params.columns;
  let column = i % columns;
  let tile = i / columns; // b * T + t
  let image = tile / params.tiles;
  let first_pixel = (tile - image * params.tiles) * params.per_tile;
  let pixels = min(params.per_tile, params.pixels - first_pixel);
  let first = (image * params.pixels + first_pixel) * columns + column;
  let end = first + pixels * columns;

  // Sums are taken about the first pixel: where the mean is far larger than the spread, a plain sum loses the spread.
  let origin = x[first];
  var sum = vec4f(0);
  for (var j = first; j < end; j += columns) {
    sum += x[j] - origin;
  }
  let mean = origin + sum / f32(pixels);

  var squares = vec4f(0);
  for (var j = first; j < end; j += columns) {
    let centred = x[j] - mean;
    squares += centred * centred;
  }
  statistics[tile * 2 * columns + column] = mean;
  statistics[(tile * 2 + 1) * columns + column] = squares;
}
