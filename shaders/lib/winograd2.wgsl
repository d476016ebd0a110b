// Winograd's transforms for F(2x2, 3x3) along one axis, for one channel; points 0, 1, -1, infinity.

// B^T d: x^2 - 1 over each point's factor, so that only additions are left.
fn input_transform(d: vec4f) -> vec4f {
  return vec4f(d.x - d.z, d.y + d.z, d.z - d.y, d.y - d.w);
}

// A^T m: the products at the four points, interpolated to two results.
fn output_transform(m: vec4f) -> vec2f {
  return vec2f(m.x + m.y + m.z, m.y - m.z - m.w);
}
