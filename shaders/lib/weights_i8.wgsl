// A matrix of weights as 8-bit integers q from -127 to 127, four to a word: weight = q / 127 * scale, one scale per output
// channel, so that sums are scaled once and not each weight. The f32 scales lie behind the words.
// Replaces weights_f32.wgsl.

alias PackedWeight = u32;

fn weight(i: u32) -> vec4f {
  return unpack4x8snorm(w[i]);
}

fn weight_scale(n: u32, columns: u32) -> vec4f {
  let at = arrayLength(&w) - 4 * columns + 4 * n;
  return vec4f(bitcast<f32>(w[at]), bitcast<f32>(w[at + 1]), bitcast<f32>(w[at + 2]), bitcast<f32>(w[at + 3]));
}
