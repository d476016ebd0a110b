// What the two folds of a group norm share: the statistics of one group out of those of its channels and tiles.
// A kernel that includes this declares `params` with the fields below and the bindings `first` and `second`.

struct Params {
  groups: u32,             // G
  channels: u32,           // C, of both sources together
  channels_per_group: u32, // C / G
  first_channels: u32,     // channels of the first source
  first_stride: u32,       // the same, padded
  second_stride: u32,      // padded channels of the second source, 0 where there is none
  pixels: u32,             // P
  tiles: u32,              // T
  per_tile: u32,           // pixels of a tile; the last one may have fewer
  count: u32,              // B * G
  eps: f32,
  conditions: u32,         // rows of a table per step
  column: u32,             // where the scales begin in a row of the table; the shifts follow
  table_stride: u32,       // padded columns of the table
}

// Where channel `c` of the concatenated sources stands in a row of `affine`: each source is padded on its own.
fn affine_column(c: u32) -> u32 {
  return select(c, c - params.first_channels + params.first_stride, c >= params.first_channels);
}

// Row 0 (means) or 1 (M2) of the statistics of channel `c` in tile `tile`, which counts through the batch.
fn statistic(tile: u32, row: u32, c: u32) -> f32 {
  if (c < params.first_channels) {
    return first[(tile * 2 + row) * params.first_stride + c];
  }
  return second[(tile * 2 + row) * params.second_stride + c - params.first_channels];
}

fn tile_pixels(t: u32) -> f32 {
  return f32(min(params.per_tile, params.pixels - t * params.per_tile));
}

// Mean and 1 / sqrt(variance + eps) of a group: Chan, Golub & LeVeque 1979, eq. 2.1, over all parts at once. The means
// are summed about the first of them, for the same reason as in channel_statistics.
fn group_statistics(image: u32, group: u32) -> vec2f {
  let begin = group * params.channels_per_group;
  let end = begin + params.channels_per_group;
  let origin = statistic(image * params.tiles, 0, begin);
  let size = f32(params.channels_per_group) * f32(params.pixels);

  var sum = 0.0;
  for (var t = 0u; t < params.tiles; t++) {
    var of_tile = 0.0;
    for (var c = begin; c < end; c++) {
      of_tile += statistic(image * params.tiles + t, 0, c) - origin;
    }
    sum += of_tile * tile_pixels(t);
  }
  let from_origin = sum / size;

  var squares = 0.0;
  for (var t = 0u; t < params.tiles; t++) {
    var within = 0.0;
    var between = 0.0;
    for (var c = begin; c < end; c++) {
      let centred = statistic(image * params.tiles + t, 0, c) - origin - from_origin;
      between += centred * centred;
      within += statistic(image * params.tiles + t, 1, c);
    }
    squares += within + between * tile_pixels(t);
  }
  return vec2f(origin + from_origin, inverseSqrt(squares / size + params.eps));
}

// The first group of an image also zeroes the padding of its two rows, which belongs to no channel.
fn clear_padding(row: u32) {
  for (var j = params.first_channels; j < params.first_stride; j++) {
    affine[row + j] = 0.0;
  }
  for (var j = affine_column(params.channels); j < params.first_stride + params.second_stride; j++) {
    affine[row + j] = 0.0;
  }
}
