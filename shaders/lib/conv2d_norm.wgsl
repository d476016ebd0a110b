// The group norm in front of a convolution: from the statistics that x and second carry to a scale and a shift per
// channel in workgroup memory, and their application. Statistics of channels, not of groups, because a tensor meets
// norms of different group widths: alone, and as half of a concatenation.

const MAX_NORM_COLUMNS: u32 = 192; // vec4s of x ++ second
const MAX_GROUPS: u32 = 128;

var<workgroup> scales: array<vec4f, MAX_NORM_COLUMNS>; // at first the means,
var<workgroup> shifts: array<vec4f, MAX_NORM_COLUMNS>; // and M2
var<workgroup> group_statistics: array<vec2f, MAX_GROUPS>; // mean and 1 / sqrt(variance + eps)

// f(x * scale + shift) for four channels of column `j` of x ++ second.
fn normalised(value: vec4f, j: u32) -> vec4f {
  if (params.groups == 0) {
    return value;
  }
  return activate(value * scales[j] + shifts[j], params.activation);
}

// The number of the unpadded channel in component `i` of column `j`: each source is padded on its own.
fn channel_of(j: u32, i: u32) -> u32 {
  let c = 4 * j + i;
  return select(c, c - 4 * params.first_channels + params.source_channels, j >= params.first_channels);
}

fn column_of(c: u32) -> u32 {
  return select(c, c - params.source_channels + 4 * params.first_channels, c >= params.source_channels);
}

fn prepare_norm(image: u32, images: u32, lane: u32) {
  let columns = params.first_channels + params.second_channels;
  for (var j = lane; j < columns; j += WORKGROUP_SIZE) {
    channel_statistics(image, images, j);
  }
  workgroupBarrier();
  for (var g = lane; g < params.groups; g += WORKGROUP_SIZE) {
    group_statistics[g] = statistics_of(g);
  }
  workgroupBarrier();
  let row = select(0, table_at(image), params.time == TIME_MODULATES);
  let channels = params.groups * params.group_channels;
  for (var j = lane; j < columns; j += WORKGROUP_SIZE) {
    var scale = vec4f(0);
    var shift = vec4f(0);
    for (var i = 0u; i < 4; i++) {
      let c = min(channel_of(j, i), channels - 1); // padding: its gamma and beta are zero
      let of_group = group_statistics[c / params.group_channels];
      let own_scale = vectors[j][i] * of_group.y;
      let own_shift = vectors[columns + j][i] - of_group.x * own_scale;
      let time = select(vec2f(0), vec2f(table[row + c], table[row + channels + c]), params.time == TIME_MODULATES);
      scale[i] = own_scale * (1 + time.x);
      shift[i] = own_shift * (1 + time.x) + time.y;
    }
    scales[j] = scale;
    shifts[j] = shift;
  }
  workgroupBarrier();
}

// The mean and M2 of column j over the whole image, out of its tiles: Chan, Golub & LeVeque 1979, eq. 2.1.
fn channel_statistics(image: u32, images: u32, j: u32) {
  let in_pixels = params.in_height * params.in_width;
  let tiles = (in_pixels + 31) / 32;
  let is_second = j >= params.first_channels;
  let stride = select(params.first_channels, params.second_channels, is_second);
  let numbers = images * in_pixels * stride;
  let at = image * tiles * 2 * stride + select(j, j - params.first_channels, is_second);
  let origin = statistic(is_second, numbers, at);
  var mean = vec4f(0);
  for (var t = 0u; t < tiles; t++) {
    mean += (statistic(is_second, numbers, at + 2 * t * stride) - origin) * f32(min(32, in_pixels - 32 * t));
  }
  mean = origin + mean / f32(in_pixels);
  var squares = vec4f(0);
  for (var t = 0u; t < tiles; t++) {
    let centred = statistic(is_second, numbers, at + 2 * t * stride) - mean;
    squares += statistic(is_second, numbers, at + (2 * t + 1) * stride) + centred * centred * f32(min(32, in_pixels - 32 * t));
  }
  scales[j] = mean;
  shifts[j] = squares;
}

fn statistic(is_second: bool, numbers: u32, at: u32) -> vec4f {
  if (is_second) {
    return second_statistic(numbers, at);
  }
  return x_statistic(numbers, at);
}

fn statistics_of(group: u32) -> vec2f {
  let begin = group * params.group_channels;
  let end = begin + params.group_channels;
  let origin = scales[column_of(begin) / 4][column_of(begin) % 4];
  var mean = 0.0;
  for (var c = begin; c < end; c++) {
    mean += scales[column_of(c) / 4][column_of(c) % 4] - origin;
  }
  mean = origin + mean / f32(params.group_channels);
  let in_pixels = f32(params.in_height * params.in_width);
  var squares = 0.0;
  for (var c = begin; c < end; c++) {
    let centred = scales[column_of(c) / 4][column_of(c) % 4] - mean;
    squares += shifts[column_of(c) / 4][column_of(c) % 4] + in_pixels * centred * centred;
  }
  return vec2f(mean, inverseSqrt(squares / (in_pixels * f32(params.group_channels)) + params.eps));
}
