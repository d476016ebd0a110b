// Random normals that are the same on every adapter: Philox4x32-10 and Box-Muller, in the layout of torch on CUDA.
// The definition, in f64, is src/random/philox.ts.
//
// The integers are exact. The native log, sin, cos and even f32(u32) differ between adapters by up to 1e-3, so the
// steps from integers to a normal are written out below; what is left is the last bit of +, *, / and sqrt: 2e-6.

// Upper half of a 64-bit product by 16-bit halves: WGSL has no wider integers.
fn multiply_high(a: u32, b: u32) -> u32 {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> 16u);
  let carry = a_low * b_high + (middle & 0xffffu);
  return a_high * b_high + (middle >> 16u) + (carry >> 16u);
}

fn philox(start: vec4u, seed: vec2u) -> vec4u {
  var counter = start;
  var key = seed;
  for (var round = 0u; round < 10u; round++) {
    let high_0 = multiply_high(0xd2511f53u, counter.x);
    let low_0 = 0xd2511f53u * counter.x;
    let high_1 = multiply_high(0xcd9e8d57u, counter.z);
    let low_1 = 0xcd9e8d57u * counter.z;
    counter = vec4u(high_1 ^ counter.y ^ key.x, low_1, high_0 ^ counter.w ^ key.y, low_0);
    key += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return counter;
}

// The nearest f32 to an integer, ties to even, as CUDA converts: by hand, since some adapters truncate.
fn nearest_float(value: u32) -> f32 {
  let zeros = countLeadingZeros(value);
  if (zeros >= 8u) {
    return f32(value); // at most 24 bits: exact everywhere
  }
  let shift = 8u - zeros;
  let kept = value >> shift;
  let rest = value & ((1u << shift) - 1u);
  let tie = 1u << (shift - 1u);
  let up = select(0u, 1u, rest > tie || (rest == tie && (kept & 1u) == 1u));
  return f32(kept + up) * f32(1u << shift);
}

// (sin, cos) of the angle word / 2^32 turns. The quarter turn comes from the top bits, exactly; what remains lies
// within pi/4, where short Taylor-like polynomials are within 1e-7 (FreeBSD's k_sinf.c and k_cosf.c).
fn sin_cos_of_turn(word: u32) -> vec2f {
  let shifted = word + 0x20000000u;
  let quarter = shifted >> 30u;
  let rest = i32(shifted & 0x3fffffffu) - 0x20000000;
  // Twice the signed rest plus one is the middle of the word's interval; 24 bits of it fit an f32.
  let magnitude = nearest_float(u32(abs(2 * rest + 1)));
  let angle = select(magnitude, -magnitude, rest < 0) * 7.3145905e-10; // pi / 2^32
  let z = angle * angle;
  let sine = angle + angle * z * (-0.16666666 + z * (0.0083333293 + z * (-0.00019839334 + z * 2.7183114e-6)));
  let cosine = 1.0 + z * (-0.49999999725 + z * (0.041666623324 + z * (-0.0013886763775 + z * 2.4390448796e-5)));
  switch (quarter) {
    case 0u: { return vec2f(sine, cosine); }
    case 1u: { return vec2f(cosine, -sine); }
    case 2u: { return vec2f(-sine, -cosine); }
    default: { return vec2f(-cosine, sine); }
  }
}

// Box-Muller as cuRAND has it: component 0 takes the sine, component 1 the cosine.
fn normal_of(radius_word: u32, angle_word: u32, component: u32) -> f32 {
  let u = nearest_float(radius_word) * 2.3283064365e-10 + 1.1641532183e-10; // 2^-32, 2^-33
  let radius = sqrt(max(-2.0 * accurate_log(u), 0.0));
  let direction = sin_cos_of_turn(angle_word);
  return radius * select(direction.x, direction.y, component == 1u);
}

// Element `index` of `count` of draw `draw`. A CUDA launch has at most `lanes` lanes (0: as many as elements); what
// exceeds them takes the other components and, beyond four, the next counter.
fn normal_element(seed: vec2u, draw: u32, index: u32, count: u32, lanes: u32) -> f32 {
  let width = select(count, min(lanes, count), lanes > 0u);
  let rounds = (count + 4u * width - 1u) / (4u * width);
  let visit = index / width;
  let words = philox(vec4u(draw * rounds + visit / 4u, 0u, index % width, 0u), seed);
  let component = visit % 4u;
  let pair = select(words.xy, words.zw, component >= 2u);
  return normal_of(pair.x, pair.y, component & 1u);
}
