// What every convolution kernel reads and writes. See conv-tiled.wgsl for what is computed.
// use activation
const HALF: bool = false;  // weights are float16, eight a vec4u

struct Params {
  first: u32,        // the walked pixel of x at which y begins
  pixels: u32,       // n × height × width of the grid walked: the output, or with scale 2 the input
  height: u32, width: u32,
  inHeight: u32, inWidth: u32,
  inVectors: u32,    // input channels / 4
  outVectors: u32,   // output channels / 4
  kernelHeight: u32, kernelWidth: u32,
  strideDown: u32, strideAcross: u32,
  dilationDown: u32, dilationAcross: u32,
  padTop: i32, padLeft: i32,
  scale: u32,        // 1, or 2 to upsample first
  xStride: u32,      // pixels of x from one matrix to the next,
  yStride: u32,      // and of y, also from one part to the next
  split: u32,        // parts of every sum; 1 unless a GPU splits them
  biased: u32,       // whether the bias is added; residual and activation are none otherwise
  residual: u32,     // whether there is one
  activation: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4u>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read> residual: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

// Four output channels' weights.
fn weightAt(i: u32) -> vec4f {
  if (HALF) {
    let eight = weight[i / 2u];
    let four = select(eight.xy, eight.zw, i % 2u == 1u);
    return vec4f(unpack2x16float(four.x), unpack2x16float(four.y));
  }
  return bitcast<vec4f>(weight[i]);
}

// A sum with what is added to its place in y, activated.
fn finish(sum: vec4f, at: u32) -> vec4f {
  var v = sum;
  if (params.residual == 1u) { v += residual[at]; }
  return activated(v, params.activation);
}

// Zeros above and to the left of the first pixel: of a phase, when upsampled.
fn padding(phase: u32, scale: u32) -> vec2i {
  if (scale == 2u) { return 1 - vec2i(vec2u(phase / 2u, phase % 2u)); }
  return vec2i(params.padTop, params.padLeft);
}

// Where pixel q of the walked grid starts reading: its top left tap's row and column, and its
// image's first pixel.
fn window(q: u32, stride: vec2u, pad: vec2i) -> vec3i {
  let column = q % params.width;
  let row = (q / params.width) % params.height;
  let image = q / (params.width * params.height);
  return vec3i(vec2i(vec2u(row, column) * stride) - pad, i32(image * params.inHeight * params.inWidth));
}

// From the top left tap to tap t of a kernel so many taps wide.
fn tapAt(t: u32, width: u32) -> vec2i {
  return vec2i(vec2u(t / width, t % width) * vec2u(params.dilationDown, params.dilationAcross));
}

// Where pixel p of a phase of the upsampled map lies in y.
fn interleaved(p: u32, phase: u32) -> u32 {
  return ((p / params.width) * 2u + phase / 2u) * params.width * 2u + (p % params.width) * 2u + phase % 2u;
}
