// What unary.wgsl and unary-back.wgsl have in common: functions that adapters get wrong at their
// ends, written out of what they get right. Polynomials are those of Moshier's Cephes library
// (single/tanhf.c, single/ndtrf.c).

// tanh: the built-in one is NaN far out on SwiftShader and 150 ulp off near 0 on lavapipe.
fn hyperbolic(v: vec4f) -> vec4f {
  let t = clamp(v, vec4f(-10.0), vec4f(10.0));  // beyond 9.02 it rounds to ±1
  let z = t * t;
  var p = vec4f(-5.70498872745e-3);
  p = p * z + 2.06390887954e-2;
  p = p * z - 5.37397155531e-2;
  p = p * z + 1.33314422036e-1;
  p = p * z - 3.33332819422e-1;
  let far = sign(t) * (1.0 - 2.0 / (exp(2.0 * abs(t)) + 1.0));
  return select(far, t + t * z * p, abs(t) < vec4f(0.625));
}

// 1 / (1 + exp(−v)), without overflow.
fn logistic(v: vec4f) -> vec4f {
  let e = exp(-min(abs(v), vec4f(87.0)));
  return select(e, vec4f(1.0), v >= vec4f()) / (1.0 + e);
}

// log(1 + exp(v)) = max(v, 0) + log(1 + u), log(1 + u) = 2 artanh(u / (2 + u)): adding 1 would lose
// a small u.
fn softened(v: vec4f) -> vec4f {
  let u = exp(-min(abs(v), vec4f(87.0)));
  let s = u / (2.0 + u);
  let z = s * s;  // 1/9 or less
  var p = vec4f(1.0 / 15.0);
  p = p * z + 1.0 / 13.0;
  p = p * z + 1.0 / 11.0;
  p = p * z + 1.0 / 9.0;
  p = p * z + 1.0 / 7.0;
  p = p * z + 1.0 / 5.0;
  p = p * z + 1.0 / 3.0;
  return max(v, vec4f()) + 2.0 * s * (1.0 + z * p);
}

// exp(v) − 1 for v of at most 0, by its series near 0.
fn expMinusOne(v: vec4f) -> vec4f {
  let t = clamp(v, vec4f(-0.5), vec4f());
  var p = vec4f(1.0 / 40320.0);
  p = p * t + 1.0 / 5040.0;
  p = p * t + 1.0 / 720.0;
  p = p * t + 1.0 / 120.0;
  p = p * t + 1.0 / 24.0;
  p = p * t + 1.0 / 6.0;
  p = p * t + 0.5;
  return select(exp(max(v, vec4f(-87.0))) - 1.0, t + t * t * p, v > vec4f(-0.5));
}

// 1 − erf(a) for a from 1 on.
fn errorComplement(a: vec4f) -> vec4f {
  let x = clamp(a, vec4f(1.0), vec4f(9.0));  // exp(−81) is the last that is no subnormal
  let q = 1.0 / x;
  let z = q * q;
  var near = vec4f(2.326819970068386e-2);
  near = near * z - 1.387039388740657e-1;
  near = near * z + 3.687424674597105e-1;
  near = near * z - 5.824733027278666e-1;
  near = near * z + 6.210004621745983e-1;
  near = near * z - 4.944515323274145e-1;
  near = near * z + 3.404879937665872e-1;
  near = near * z - 2.741127028184656e-1;
  near = near * z + 5.638259427386472e-1;
  var far = vec4f(-1.047766399936249e1);
  far = far * z + 1.297719955372516e1;
  far = far * z - 7.495518717768503;
  far = far * z + 2.921019019210786;
  far = far * z - 1.015265279202700;
  far = far * z + 4.218463358204948e-1;
  far = far * z - 2.820767439740514e-1;
  far = far * z + 5.641895067754075e-1;
  return exp(-x * x) * q * select(far, near, x < vec4f(2.0));
}

// erf(v) between −1 and 1.
fn errorNear(v: vec4f) -> vec4f {
  let t = clamp(v, vec4f(-1.0), vec4f(1.0));
  let z = t * t;
  var p = vec4f(7.853861353153693e-5);
  p = p * z - 8.010193625184903e-4;
  p = p * z + 5.188327685732524e-3;
  p = p * z - 2.685381493529856e-2;
  p = p * z + 1.128358514861418e-1;
  p = p * z - 3.761262582423300e-1;
  p = p * z + 1.128379165726710;
  return t * p;
}

// 2 Φ(v): a normal deviate's probability of being below v, without loss at the low end.
fn twiceBelow(v: vec4f) -> vec4f {
  let x = v * 0.70710678118654752;
  let tail = errorComplement(abs(x));
  return select(select(tail, 2.0 - tail, x > vec4f()), 1.0 + errorNear(x), abs(x) < vec4f(1.0));
}
