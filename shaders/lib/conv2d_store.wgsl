// How a sum becomes a result in the algorithms of conv2d that work in stages; the kernel has the bindings that this names.

fn store(p: u32, n: u32, sum: vec4f) {
  if (p >= params.pixels) {
    return;
  }
  let i = p * params.out_channels + n;
  var result = sum * weight_scale(n, params.out_channels);
  if (params.has_bias > 0) {
    result += vectors[params.bias_start + n];
  }
  if (params.conditions > 0) {
    let b = p / (params.out_height * params.out_width);
    let row = position[0] * params.conditions + position[4 + b];
    result += table[row * params.table_columns + params.table_start + n];
  }
  if (params.has_residual > 0) {
    result += residual[i];
  }
  y[i] = result * params.scale;
}
