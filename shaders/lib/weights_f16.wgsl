// A matrix of weights as f16, two to a word: half the memory and, on every adapter, core WGSL. Unpacking is exact.
// Replaces weights_f32.wgsl.

alias PackedWeight = vec2u;

fn weight(i: u32) -> vec4f {
  let words = w[i];
  return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));
}

fn weight_scale(n: u32, columns: u32) -> vec4f {
  return vec4f(1.0);
}
