// The statistics behind y where y is f16: still f32, each two vec4<f16> long.
// Replaces statistics_write_f32.wgsl.

fn write_statistic(numbers: u32, i: u32, value: vec4f) {
  y[numbers + 2 * i] = bitcast<vec4<f16>>(value.xy);
  y[numbers + 2 * i + 1] = bitcast<vec4<f16>>(value.zw);
}
