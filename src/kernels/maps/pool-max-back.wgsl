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
  // Of the windows that reach this pixel: the first and the last along each axis.
  let reach = vec2i(vec2u(params.kernelHeight - 1u, params.kernelWidth - 1u)) * dilation;
  let least = max(place + pad - reach + stride - 1, vec2i()) / stride;
  let most = select(min((place + pad) / stride, outside - 1), vec2i(-1), place + pad < vec2i());
  let own = x[at];
  var sum = vec4f();
  for (var i = least.x; i <= most.x; i++) {
    for (var j = least.y; j <= most.y; j++) {
      let start = vec2i(i, j) * stride - pad;
      if (any((place - start) % dilation != vec2i())) { continue; } // between its taps
      var first = vec4<bool>(true);
      for (var k = 0; k < i32(params.kernelHeight); k++) {
        let row = start.x + k * dilation.x;
        if (row < 0 || row >= inside.x) { continue; }
        for (var l = 0; l < i32(params.kernelWidth); l++) {
          let column = start.y + l * dilation.y;
          if (column < 0 || column >= inside.y) { continue; }
          let other = x[((image * params.inHeight + u32(row)) * params.inWidth + u32(column)) * params.vectors + c];
          let before = row < place.x || (row == place.x && column < place.y);
          first = first & select(own >= other, own > other, vec4<bool>(before));
        }
      }
      let to = ((image * params.outHeight + u32(i)) * params.outWidth + u32(j)) * params.vectors + c;
      sum += select(vec4f(), dy[to], first);
    }
  }
  dx[at] = sum;
}
