// Natural logarithm for normal x > 0, within 1 ulp (FreeBSD's e_logf.c).
fn accurate_log(x: f32) -> f32 {
  let bits = bitcast<u32>(x) + (0x3f800000u - 0x3f3504f3u); // split so that the mantissa lies in [sqrt(1/2), sqrt(2))
  let exponent = f32(i32(bits >> 23u) - 127);
  let f = bitcast<f32>((bits & 0x007fffffu) + 0x3f3504f3u) - 1.0;
  let s = f / (2.0 + f);
  let z = s * s;
  let w = z * z;
  let r = z * (0.66666662693 + w * 0.28498786688) + w * (0.40000972152 + w * 0.24279078841);
  let half_square = 0.5 * f * f;
  return s * (half_square + r) + exponent * 9.0580006145e-6 - half_square + f + exponent * 0.69313812256;
}
