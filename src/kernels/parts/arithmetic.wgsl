// a to the power of b; of |a| where a is negative and b no whole number.
fn power(a: vec4f, b: vec4f) -> vec4f {
  let size = exp2(b * log2(max(abs(a), vec4f(1e-37))));
  let odd = (floor(b) == b) & (floor(b * 0.5) * 2.0 != b);
  let v = select(size, -size, odd & (a < vec4f()));
  // Nothing is what 0 is to any power, but to that of 0.
  return select(v, select(vec4f(1.0), vec4f(), b > vec4f()), (a == vec4f()) & (b >= vec4f()));
}
