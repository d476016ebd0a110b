// Products in f32, and where invocations hand f32 numbers to each other once the products are made: in the memory of the
// staged numbers. The host exchanges this text for products_f16.wgsl in conv2d.wgsl.

alias Factor = f32;

fn hand_first(i: u32, value: vec4f) {
  pixels[i] = value;
}

fn first_of(i: u32) -> vec4f {
  return pixels[i];
}

fn hand_second(i: u32, value: vec4f) {
  weights[i] = value;
}

fn second_of(i: u32) -> vec4f {
  return weights[i];
}
