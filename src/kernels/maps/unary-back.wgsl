// The gradient of y = f(x): dx = dy f'(x), zero in padding channels.
// use functions
// use inside
const FN: u32 = 1;  // as unary.ts numbers them

struct Params { vectors: u32, channels: u32, total: u32, a: f32, b: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

// 0 or 1.
fn when(on: vec4<bool>) -> vec4f { return select(vec4f(), vec4f(1.0), on); }

fn slope(v: vec4f, a: f32, b: f32) -> vec4f {
  let up = v > vec4f();
  if (FN == 1u) { return when(up); }
  if (FN == 2u) { return select(vec4f(a), vec4f(1.0), up); }
  if (FN == 3u) { let t = hyperbolic(v); return (1.0 - t) * (1.0 + t); }
  if (FN == 4u) { return logistic(v) * logistic(-v); }
  if (FN == 5u) { return logistic(v) * (1.0 + clamp(v, vec4f(-87.0), vec4f(87.0)) * logistic(-v)); }
  if (FN == 6u) { return logistic(v); }
  if (FN == 7u) { let d = 1.0 + abs(v); return 1.0 / (d * d); }
  if (FN == 8u) {
    let t = clamp(v, vec4f(-12.0), vec4f(12.0));
    return 0.5 * twiceBelow(v) + t * exp(-0.5 * t * t) * 0.3989422804014327;
  }
  if (FN == 9u) {
    let t = clamp(v, vec4f(-12.0), vec4f(12.0));
    let s = logistic(1.5957691216057308 * (t + 0.044715 * t * t * t));
    return s + t * s * (1.0 - s) * 1.5957691216057308 * (1.0 + 0.134145 * t * t);
  }
  if (FN == 10u) { let t = a * v + b; return a * when((t > vec4f()) & (t < vec4f(1.0))); }
  if (FN == 11u) {
    return select(when(up), v / 3.0 + 0.5, abs(v) < vec4f(3.0));
  }
  if (FN == 12u) {  // t = tanh(softplus(v)): t + v (1 − t²) logistic(v)
    let e = exp(clamp(v, vec4f(-87.0), vec4f(20.0)));
    let n = e * (e + 2.0);
    let t = n / (n + 2.0);
    return t + clamp(v, vec4f(-87.0), vec4f(20.0)) * (1.0 - t) * (1.0 + t) * logistic(v);
  }
  if (FN == 13u) { return b * select(a * exp(clamp(v, vec4f(-87.0), vec4f())), vec4f(1.0), up); }
  if (FN == 14u) { return select(exp(clamp(v / a, vec4f(-87.0), vec4f())), vec4f(1.0), up); }
  if (FN == 15u) { return when((v >= vec4f(a)) & (v <= vec4f(b))); }
  if (FN == 16u) { return when(v > vec4f(a)); }
  if (FN == 17u) { return sign(v); }
  if (FN == 18u) { return vec4f(-1.0); }
  if (FN == 19u) { return 0.5 / sqrt(v); }
  if (FN == 20u) { return exp(v); }
  if (FN == 21u) { return 1.0 / v; }
  if (FN == 22u) {
    let t = clamp(v, vec4f(-9.0), vec4f(9.0));
    return 1.1283791670955126 * exp(-t * t);
  }
  if (FN == 23u) { return -1.0 / (v * v); }
  return vec4f();  // steps
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let here = inside(at % params.vectors, params.channels);
  dx[at] = select(vec4f(), dy[at] * slope(x[at], params.a, params.b), here);
}
