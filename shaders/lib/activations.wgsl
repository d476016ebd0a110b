// The non-linearities of diffusers' `act_fn`, on four channels at once.

const IDENTITY: u32 = 0;
const SILU: u32 = 1;
const GELU: u32 = 2;
const MISH: u32 = 3;
const RELU: u32 = 4;

fn activate(x: vec4f, kind: u32) -> vec4f {
  switch (kind) {
    case SILU: { return silu(x); }
    case GELU: { return gelu(x); }
    case MISH: { return mish(x); }
    case RELU: { return max(x, vec4f(0)); }
    default: { return x; }
  }
}

// x * sigmoid(x). The clamp keeps exp finite: WGSL does not promise an infinity.
fn silu(x: vec4f) -> vec4f {
  return x / (1 + exp(-clamp(x, vec4f(-80), vec4f(80))));
}

// x * Phi(x), the exact form: diffusers' "gelu" is torch's default, with the error function.
fn gelu(x: vec4f) -> vec4f {
  return 0.5 * x * (1 + erf(x * 0.70710678)); // 1 / sqrt(2)
}

// x * tanh(softplus(x)), with n = exp(x): tanh(log(1 + n)) = (n^2 + 2n) / (n^2 + 2n + 2).
fn mish(x: vec4f) -> vec4f {
  let n = exp(min(x, vec4f(20))); // past 20 the quotient is 1 in f32
  let m = n * (n + 2);
  return x * m / (m + 2);
}

// Abramowitz and Stegun 7.1.26 has |error| <= 1.5e-7, below f32's own rounding of the product above.
fn erf(x: vec4f) -> vec4f {
  let a = min(abs(x), vec4f(9)); // exp(-81) is 0 next to 1
  let t = 1 / (1 + 0.3275911 * a);
  let p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return sign(x) * (1 - p * exp(-a * a));
}
