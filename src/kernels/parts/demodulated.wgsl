// What StyleGAN does to a convolution's sums: demodulation, bias, noise, leaky ReLU, clamp. The
// kernel has these bindings, and `vectors` and `bound` in `params`: d [n, vectors], bias
// [vectors], noise [pixels], strength [vectors].
// use activation
const SCALED: bool = true;  // by d
const NOISE: bool = true;
const LEAKY: bool = true;
const CLAMPED: bool = false;

fn demodulated(sum: vec4f, image: u32, pixel: u32, c: u32) -> vec4f {
  var v = sum;
  if (SCALED) { v *= d[image * params.vectors + c]; }
  v += bias[c];
  if (NOISE) { v += noise[pixel] * strength[c]; }
  if (LEAKY) { v = activated(v, 1u); }
  if (CLAMPED) { v = clamp(v, vec4f(-params.bound), vec4f(params.bound)); }
  return v;
}
