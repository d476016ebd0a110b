// What follows the sum in the algorithms of conv2d that work by tiles of 32 pixels x 32 channels: what is added to it, and
// the statistics of the tile. The kernel has 64 invocations for this, each with 4 pixels x 4 channels, and 64 vec4s or
// more of workgroup memory in `pixels` and in `weights`.

const ROWS: u32 = 4; // pixels of an invocation

// How many of the `count` pixels from `p` on lie in the image.
fn tile_part(p: u32, count: u32) -> u32 {
  return min(max(out_pixels(), p) - p, count);
}

// Adds what comes after the sum, stores the result and returns it.
fn finished(sum: vec4f, p: u32, n: u32, image: u32) -> vec4f {
  if (p >= out_pixels()) {
    return vec4f(0);
  }
  let i = (image * out_pixels() + p) * params.out_channels + n;
  let bias = select(0, 2 * (params.first_channels + params.second_channels), params.groups > 0);
  var result = sum + vectors[bias + n];
  if (params.time == TIME_IS_BIAS) {
    let at = table_at(image) + 4 * n;
    result += vec4f(table[at], table[at + 1], table[at + 2], table[at + 3]);
  }
  if (params.has_residual > 0) {
    result += residual[i];
  }
  result *= params.scale;
  y[i] = result;
  return result;
}

// Stores the mean and M2 of the tile behind y: of each invocation's pixels `values`, then of all eight invocations' of a
// channel (Chan, Golub & LeVeque 1979, eq. 2.1). Only those with `is_output` have values; all must call it.
fn store_statistics(values: array<vec4f, ROWS>, lane: u32, is_output: bool, tile: u32, n: u32, image: u32) {
  let column = lane % 8;
  let row = lane / 8 * ROWS;
  let first_pixel = 32 * tile;
  let own = tile_part(first_pixel + row, ROWS);
  var mean = vec4f(0);
  for (var r = 0u; r < own; r++) {
    mean += (values[r] - values[0]) / f32(own);
  }
  mean += values[0];
  var squares = vec4f(0);
  for (var r = 0u; r < own; r++) {
    squares += (values[r] - mean) * (values[r] - mean);
  }
  if (is_output) {
    hand_first(lane, mean);
    hand_second(lane, squares);
  }
  workgroupBarrier();
  if (!is_output || row > 0) {
    return;
  }
  let size = f32(tile_part(first_pixel, 32));
  var tile_mean = vec4f(0);
  for (var i = 0u; i < 8; i++) {
    tile_mean += (first_of(8 * i + column) - mean) * (f32(tile_part(first_pixel + ROWS * i, ROWS)) / size);
  }
  tile_mean += mean;
  var tile_squares = vec4f(0);
  for (var i = 0u; i < 8; i++) {
    let part = f32(tile_part(first_pixel + ROWS * i, ROWS));
    let centred = first_of(8 * i + column) - tile_mean;
    tile_squares += select(vec4f(0), second_of(8 * i + column) + part * centred * centred, part > 0);
  }
  let tiles = (out_pixels() + 31) / 32;
  let numbers = params.images * out_pixels() * params.out_channels;
  let at = (image * tiles + tile) * 2 * params.out_channels + n;
  write_statistic(numbers, at, tile_mean);
  write_statistic(numbers, at + params.out_channels, tile_squares);
}
