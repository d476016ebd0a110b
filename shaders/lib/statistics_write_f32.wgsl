// The statistics behind y: `numbers` are the vec4s of y itself, i counts the vec4s behind. The host exchanges this text for
// statistics_write_f16.wgsl.

fn write_statistic(numbers: u32, i: u32, value: vec4f) {
  y[numbers + i] = value;
}
