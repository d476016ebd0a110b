// (sin x, cos x) to 1e-7 for |x| up to 1e4: the native functions are only promised to 2^-11.
//
// Cody and Waite's reduction: x - k pi/2, with pi/2 in three parts short enough that k times the first two is exact;
// then the polynomials of FreeBSD's k_sinf.c and k_cosf.c on [-pi/4, pi/4].
fn sin_cos(x: f32) -> vec2f {
  let k = round(x * 0.636619772); // 2 / pi
  let r = ((x - k * 1.5703125) - k * 4.837512969970703e-4) - k * 7.549789948768648e-8;
  let z = r * r;
  let sine = r + r * z * (-0.16666666 + z * (0.0083333293 + z * (-0.00019839334 + z * 2.7183114e-6)));
  let cosine = 1.0 + z * (-0.49999999725 + z * (0.041666623324 + z * (-0.0013886763775 + z * 2.4390448796e-5)));
  let quarter = u32(i32(k)) & 3u;
  let swapped = select(vec2f(sine, cosine), vec2f(cosine, sine), (quarter & 1u) == 1u);
  let signs = vec2f(select(1.0, -1.0, quarter >= 2u), select(1.0, -1.0, quarter == 1u || quarter == 2u));
  return swapped * signs;
}

// exp(x) for -80 < x <= 0 to 1 ulp: 2^k times a Taylor polynomial on [-ln2/2, ln2/2], ln2 in two parts.
fn accurate_exp(x: f32) -> f32 {
  let k = round(x * 1.442695041); // 1 / ln 2
  let r = (x - k * 0.693359375) + k * 2.12194440e-4;
  let p = 1.0 + r * (1.0 + r * (0.5 + r * (0.16666667 + r * (0.041666668 + r * (0.0083333338 + r * 0.0013888889)))));
  return p * bitcast<f32>(u32(i32(k) + 127) << 23u);
}
