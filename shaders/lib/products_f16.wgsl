// Products in f16: half the memory for staged numbers, and twice the rate where the hardware has it. Four products are
// added in f16, all else in f32; sums are handed over in the memory of the norm, which has been applied by then.
// Replaces products_f32.wgsl.

alias Factor = f16;

fn hand_first(i: u32, value: vec4f) {
  scales[i] = value;
}

fn first_of(i: u32) -> vec4f {
  return scales[i];
}

fn hand_second(i: u32, value: vec4f) {
  shifts[i] = value;
}

fn second_of(i: u32) -> vec4f {
  return shifts[i];
}
