// The statistics behind x and second where these are f16: still f32, each two vec4<f16> long.
// Replaces statistics_read_f32.wgsl.

fn x_statistic(numbers: u32, i: u32) -> vec4f {
  return vec4f(bitcast<vec2f>(x[numbers + 2 * i]), bitcast<vec2f>(x[numbers + 2 * i + 1]));
}

fn second_statistic(numbers: u32, i: u32) -> vec4f {
  return vec4f(bitcast<vec2f>(second[numbers + 2 * i]), bitcast<vec2f>(second[numbers + 2 * i + 1]));
}
