// y = f(x), element by element; padding channels stay zero.
// use functions
// use inside
const FN: u32 = 1;  // as unary.ts numbers them

struct Params { vectors: u32, channels: u32, total: u32, a: f32, b: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

// Where a factor goes to 0 far below, v is held where it has got there.
fn mapped(v: vec4f, a: f32, b: f32) -> vec4f {
  if (FN == 1u) { return max(v, vec4f()); }                          // ReLU
  if (FN == 2u) { return select(a * v, v, v > vec4f()); }            // leaky ReLU
  if (FN == 3u) { return hyperbolic(v); }
  if (FN == 4u) { return logistic(v); }
  if (FN == 5u) { return max(v, vec4f(-87.0)) * logistic(v); }       // SiLU
  if (FN == 6u) { return softened(v); }                              // softplus
  if (FN == 7u) { return v / (1.0 + abs(v)); }                       // softsign
  if (FN == 8u) { return 0.5 * max(v, vec4f(-12.0)) * twiceBelow(v); }  // GELU
  if (FN == 9u) {                                                    // GELU by tanh
    let t = clamp(v, vec4f(-12.0), vec4f(12.0));
    return max(v, vec4f(-12.0)) * logistic(1.5957691216057308 * (t + 0.044715 * t * t * t));
  }
  if (FN == 10u) { return clamp(a * v + b, vec4f(), vec4f(1.0)); }   // hard sigmoid
  if (FN == 11u) { return v * clamp(v / 6.0 + 0.5, vec4f(), vec4f(1.0)); }  // hardswish
  if (FN == 12u) {                                                   // mish: v tanh(softplus(v))
    let e = exp(clamp(v, vec4f(-87.0), vec4f(20.0)));
    let n = e * (e + 2.0);
    return max(v, vec4f(-87.0)) * (n / (n + 2.0));
  }
  if (FN == 13u) { return select(b * a * expMinusOne(v), b * v, v > vec4f()); }  // ELU, SELU
  if (FN == 14u) { return select(a * expMinusOne(v / a), v, v > vec4f()); }      // CELU
  if (FN == 15u) { return clamp(v, vec4f(a), vec4f(b)); }
  if (FN == 16u) { return select(vec4f(), v, v > vec4f(a)); }        // thresholded ReLU
  if (FN == 17u) { return abs(v); }
  if (FN == 18u) { return -v; }
  if (FN == 19u) { return sqrt(v); }
  if (FN == 20u) { return exp(v); }
  if (FN == 21u) { return log(v); }
  if (FN == 22u) {                                                   // erf
    let tail = sign(v) * (1.0 - errorComplement(abs(v)));
    return select(tail, errorNear(v), abs(v) < vec4f(1.0));
  }
  if (FN == 23u) { return 1.0 / v; }
  if (FN == 24u) { return sign(v); }
  if (FN == 25u) { return floor(v); }
  if (FN == 26u) { return ceil(v); }
  return round(v);                                                   // 27: half to even
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let here = inside(at % params.vectors, params.channels);
  y[at] = select(vec4f(), mapped(x[at], params.a, params.b), here);
}
