// The gradient of max pooling of any window: to the first largest pixel of each window, in the
// order of memory as in PyTorch. Every pixel of dx asks the windows that it lies in.
struct Params {
  vectors: u32, inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32,
  kernelHeight: u32, kernelWidth: u32, strideDown: u32, strideAcross: u32,
  dilationDown: u32, dilationAcross: u32, padTop: i32, padLeft: i32,
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let place = vec2i(vec2u(at / params.vectors / params.inWidth % params.inHeight, at / params.vectors % params.inWidth));
  let image = at / params.vectors / params.inWidth / params.inHeight;
  let stride = vec2i(vec2u(params.strideDown, params.strideAcross));
  let dilation = vec2i(vec2u(params.dilationDown, params.dilationAcross));
  let pad = vec2i(params.padTop, params.padLeft);
  let inside = vec2i(vec2u(params.inHeight, params.inWidth));
  let outside = vec2i(vec2u(params.outHeight, params.outWidth));
  let own = x[at];
  var sum = vec4f();
  for (var i = 0; i < i32(params.kernelHeight); i++) {
    for (var j = 0; j < i32(params.kernelWidth); j++) {
      // The window of which this pixel is number (i, j).
      let start = place + pad - vec2i(i, j) * dilation;
      let window = start / stride;
      if (any(start < vec2i()) || any(window * stride != start) || any(window >= outside)) { continue; }
      var first = vec4<bool>(true);
      for (var k = 0; k < i32(params.kernelHeight); k++) {
        for (var l = 0; l < i32(params.kernelWidth); l++) {
          let p = start - pad + vec2i(k, l) * dilation;
          if (any(p < vec2i()) || any(p >= inside)) { continue; }
          let q = vec2u(p);
          let other = x[((image * params.inHeight + q.x) * params.inWidth + q.y) * params.vectors + c];
          let before = k < i || (k == i && l < j);
          first = first & select(own >= other, own > other, vec4<bool>(before));
        }
      }
      let w = vec2u(window);
      let to = ((image * params.outHeight + w.x) * params.outWidth + w.y) * params.vectors + c;
      sum += select(vec4f(), dy[to], first);
    }
  }
  dx[at] = sum;
}
