// Winograd's transforms for F(4x4, 3x3) along one axis, for one channel; points 0, +-A, +-B, infinity.

const A: f32 = 0.7071067811865476; // 1 / sqrt(2)
const B: f32 = 1.4142135623730951; // sqrt(2)
const A2: f32 = 0.5;               // A^2; (A B)^2 is 1
const B2: f32 = 2.0;               // B^2

struct Six {
  a: f32,
  b: f32,
  c: f32,
  d: f32,
  e: f32,
  f: f32,
}

// B^T d: the coefficients of x (x^2 - A^2) (x^2 - B^2) without the factor of each point.
fn input_transform(d: Six) -> Six {
  let even_a = d.e - B2 * d.c;
  let odd_a = A * (d.d - B2 * d.b);
  let even_b = d.e - A2 * d.c;
  let odd_b = B * (d.d - A2 * d.b);
  let first = d.a - (A2 + B2) * d.c + d.e;
  let last = d.b - (A2 + B2) * d.d + d.f;
  return Six(first, even_a + odd_a, even_a - odd_a, even_b + odd_b, even_b - odd_b, last);
}

// A^T m: the products at the six points, interpolated to four results.
fn output_transform(m: Six) -> vec4f {
  let even_a = m.b + m.c;
  let odd_a = A * (m.b - m.c);
  let even_b = m.d + m.e;
  let odd_b = B * (m.d - m.e);
  return vec4f(
    m.a + even_a + even_b,
    odd_a + odd_b,
    A2 * even_a + B2 * even_b,
    A2 * odd_a + B2 * odd_b + m.f,
  );
}
