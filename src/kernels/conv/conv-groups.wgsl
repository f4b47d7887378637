// Convolution in groups of channels, or its transpose: every output reads the inputs of its own
// group alone. For any number of channels of a group, so that the four of a vector may belong to
// four groups. Weights are [tap][input channel of a group][output channel]. See col2im.wgsl for
// where the pixels of a transposed convolution go.
// use activation
const TRANSPOSED: bool = false;
const SHARED: bool = true;  // a vector's channels are of one group
const ACTIVATION: u32 = 0;
const RESIDUAL: bool = false;

struct Params {
  height: u32, width: u32,  // of y
  inHeight: u32, inWidth: u32,
  inStored: u32,            // channels of x, with the padding
  outVectors: u32,          // channels / 4 of y
  outChannels: u32,
  inGroup: u32, outGroup: u32,  // channels of a group
  kernelHeight: u32, kernelWidth: u32,
  strideDown: u32, strideAcross: u32,
  dilationDown: u32, dilationAcross: u32,
  padTop: i32, padLeft: i32,
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read> residual: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

// Which pixel along an axis an output reads by a tap; beyond the extent where there is none.
fn source(place: u32, tap: u32, stride: u32, dilation: u32, pad: i32) -> u32 {
  // a negative one is large
  if (!TRANSPOSED) { return u32(i32(place * stride + tap * dilation) - pad); }
  let down = i32(place) + pad - i32(tap * dilation);
  let p = u32(down) / stride;
  return select(0xffffffffu, p, down >= 0 && p * stride == u32(down));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.outVectors;
  let pixel = at / params.outVectors;
  let column = pixel % params.width;
  let row = (pixel / params.width) % params.height;
  let image = pixel / (params.width * params.height);
  // Channels of the padding have no weights, whatever they read.
  let channels = min(vec4u(4u * c) + vec4u(0u, 1u, 2u, 3u), vec4u(params.outChannels - 1u));
  let base = channels / params.outGroup * params.inGroup;
  let rows = (params.inGroup + 3u) / 4u * 4u;  // of a tap's weights
  var sum = bias[c];
  for (var i = 0u; i < params.kernelHeight; i++) {
    let p = source(row, i, params.strideDown, params.dilationDown, params.padTop);
    if (p >= params.inHeight) { continue; }
    for (var j = 0u; j < params.kernelWidth; j++) {
      let q = source(column, j, params.strideAcross, params.dilationAcross, params.padLeft);
      if (q >= params.inWidth) { continue; }
      let start = ((image * params.inHeight + p) * params.inWidth + q) * params.inStored;
      let tap = (i * params.kernelWidth + j) * rows;
      for (var k = 0u; k < params.inGroup; k++) {
        let w = weight[(tap + k) * params.outVectors + c];
        let o = base + start + k;
        if (SHARED) { sum += x[o.x] * w; } else { sum += vec4f(x[o.x], x[o.y], x[o.z], x[o.w]) * w; }
      }
    }
  }
  if (RESIDUAL) { sum += residual[at]; }
  y[at] = activated(sum, ACTIVATION);
}
