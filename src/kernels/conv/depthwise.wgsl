// Depthwise convolution: every channel of x [n, inHeight, inWidth, channels] by its own filter,
// with bias and activation. Weights are [tap][channel]. An invocation computes four channels of
// four pixels of a row: they share the weights, and with stride 1 most of their inputs are in the
// cache.
// use activation
const ACTIVATION: u32 = 0;

struct Params {
  height: u32, width: u32,   // of y
  inHeight: u32, inWidth: u32,
  vectors: u32,      // channels / 4
  kernelHeight: u32, kernelWidth: u32,
  strideDown: u32, strideAcross: u32,
  dilationDown: u32, dilationAcross: u32,
  padTop: i32, padLeft: i32,
  blocks: u32,       // ⌈width / 4⌉
  total: u32,        // n × height × blocks × vectors
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

fn load(line: u32, column: i32, c: u32) -> vec4f {
  let inside = u32(column) < params.inWidth;  // a negative one is a large u32
  return select(vec4f(), x[(line + select(0u, u32(column), inside)) * params.vectors + c], inside);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let first = ((at / params.vectors) % params.blocks) * 4u;
  let row = (at / params.vectors / params.blocks) % params.height;
  let image = at / params.vectors / params.blocks / params.height;
  var a0 = bias[c]; var a1 = a0; var a2 = a0; var a3 = a0;
  for (var i = 0u; i < params.kernelHeight; i++) {
    let above = i32(row * params.strideDown + i * params.dilationDown) - params.padTop;
    if (above < 0 || above >= i32(params.inHeight)) { continue; }
    let line = (image * params.inHeight + u32(above)) * params.inWidth;
    for (var j = 0u; j < params.kernelWidth; j++) {
      let w = weight[(i * params.kernelWidth + j) * params.vectors + c];
      let column = i32(first * params.strideAcross + j * params.dilationAcross) - params.padLeft;
      let step = i32(params.strideAcross);
      a0 += w * load(line, column, c);
      a1 += w * load(line, column + step, c);
      a2 += w * load(line, column + 2 * step, c);
      a3 += w * load(line, column + 3 * step, c);
    }
  }
  let to = ((image * params.height + row) * params.width + first) * params.vectors + c;
  y[to] = activated(a0, ACTIVATION);
  if (first + 1u < params.width) { y[to + params.vectors] = activated(a1, ACTIVATION); }
  if (first + 2u < params.width) { y[to + 2u * params.vectors] = activated(a2, ACTIVATION); }
  if (first + 3u < params.width) { y[to + 3u * params.vectors] = activated(a3, ACTIVATION); }
}
