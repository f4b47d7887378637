// The gradient of probability.wgsl: d(own probability)/d(logit c) = own (δ − probability of c) at
// every output pixel, and every logit of dx [n, inHeight, inWidth, channels] gathers from those
// that were interpolated from it. The probabilities are computed again from x and `terms` [n,
// outHeight, outWidth]: kept, they would be the largest map of all.
// use bilinear-back
const ADD: bool = false;

struct Params {
  vectors: u32, inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32, total: u32,
  first: u32, count: u32,  // the range
  channel: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> terms: array<vec2f>;
@group(0) @binding(3) var<storage, read> addend: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let column = (at / params.vectors) % params.inWidth;
  let row = (at / params.vectors / params.inWidth) % params.inHeight;
  let image = at / params.vectors / params.inWidth / params.inHeight;
  let channels = vec4u(c * 4u) + vec4u(0u, 1u, 2u, 3u);
  let competing = (channels >= vec4u(params.first)) & (channels < vec4u(params.first + params.count));
  let own = select(vec4f(), vec4f(1.0), channels == vec4u(params.channel));
  var sum = vec4f();
  if (any(competing)) {
    let rows = outputs(row, params.inHeight, params.outHeight);
    let columns = outputs(column, params.inWidth, params.outWidth);
    for (var i = rows.x; i < rows.y; i++) {
      let v = neighbours(i, params.inHeight, params.outHeight);
      let below = share(row, v);
      if (below == 0.0) { continue; }
      let top = (image * params.inHeight + v.low) * params.inWidth;
      let bottom = (image * params.inHeight + v.high) * params.inWidth;
      var line = vec4f();
      for (var j = columns.x; j < columns.y; j++) {
        let h = neighbours(j, params.inWidth, params.outWidth);
        let beside = share(column, h);
        if (beside == 0.0) { continue; }
        let a = x[(top + h.low) * params.vectors + c];
        let b = x[(top + h.high) * params.vectors + c];
        let d = x[(bottom + h.low) * params.vectors + c];
        let e = x[(bottom + h.high) * params.vectors + c];
        let logit = between(v.f, h.f, a, b, d, e);
        let term = terms[(image * params.outHeight + i) * params.outWidth + j];
        line += beside * term.y * (own - exp(logit - term.x));
      }
      sum += below * line;
    }
  }
  var g = select(vec4f(), sum, competing);
  if (ADD) { g += addend[at]; }
  dx[at] = g;
}
