// An activation as f16: how a kernel's f32 text stores what lies in memory as vec4<f16>.
// Appended by src/kernels/half_activations.ts.

// Rounded; what f16 cannot hold becomes a NaN or an infinity for certain, so that it is noticed, by the bits of the f32:
// beyond 65504 the language leaves the result open.
fn stored(v: vec4f) -> vec4<f16> {
  let is_beyond = (bitcast<vec4u>(v) & vec4u(0x7fffffff)) > vec4u(0x477fe000);
  let infinity = select(vec4u(0), vec4u(0x7c00, 0x7c000000, 0x7c00, 0x7c000000), is_beyond);
  return bitcast<vec4<f16>>(bitcast<vec2u>(vec4<f16>(v)) | infinity.xz | infinity.yw);
}
