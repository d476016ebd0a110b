// Whether numbers are finite, told by their bits: a compiler may assume that no NaN and no infinity occurs, and fold away
// what compares floats.

const EXPONENT: u32 = 0x7f800000;

fn is_finite(v: vec4f) -> bool {
  return all((bitcast<vec4u>(v) & vec4u(EXPONENT)) != vec4u(EXPONENT));
}
