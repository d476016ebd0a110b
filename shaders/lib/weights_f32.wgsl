// A matrix of weights as f32: how a kernel reads its binding w. The host exchanges this text for weights_f16.wgsl or
// weights_i8.wgsl where the matrix lies in memory in that format; kernels see vec4f in all three.

alias PackedWeight = vec4f;

// Four output channels' weights of one input channel; i counts such fours.
fn weight(i: u32) -> vec4f {
  return w[i];
}

// What the sum over weights of the output channels 4n to 4n + 3 is multiplied by; `columns` are all such fours.
fn weight_scale(n: u32, columns: u32) -> vec4f {
  return vec4f(1.0);
}
