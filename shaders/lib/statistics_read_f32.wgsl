// The statistics behind x and second: `numbers` are the vec4s of the tensor itself, i counts the vec4s behind. The host
// exchanges this text for statistics_read_f16.wgsl.

fn x_statistic(numbers: u32, i: u32) -> vec4f {
  return x[numbers + i];
}

fn second_statistic(numbers: u32, i: u32) -> vec4f {
  return second[numbers + i];
}
