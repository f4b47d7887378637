// The gradient of probability.wgsl: d(own probability)/d(logit c) = own (δ − probability of c) at every output pixel, and
// every logit of dx [n, inHeight, inWidth, channels] gathers from those that were interpolated from it. The probabilities
// are computed again from x and `terms` [n, outHeight, outWidth]: kept, they would be the largest map of all.
const CORNER: bool = false;
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

// As in resize-back.wgsl.
fn outputs(i: u32, size: u32, reach: u32) -> vec2u {
  let scale = f32(size) / f32(reach);
  let centre = select(0.5, 0.0, CORNER);
  let first = u32(max(floor((f32(i) - 1.0 + centre) / scale - centre), 0.0));
  let end = u32(ceil((f32(i) + 1.0 + centre) / scale - centre)) + 1u;
  return vec2u(select(first, 0u, i == 0u), select(min(end, reach), reach, i + 1u == size));
}

// Where output o is interpolated: the lower pixel, and how far it is from there to the upper.
fn sampled(o: u32, size: u32, reach: u32) -> vec2f {
  let scale = f32(size) / f32(reach);
  var source = f32(o) * scale;
  if (!CORNER) { source = max((f32(o) + 0.5) * scale - 0.5, 0.0); }
  let lo = min(u32(source), size - 1u);
  return vec2f(f32(lo), source - f32(lo));
}

fn share(i: u32, at: vec2f, size: u32) -> f32 {
  let lo = u32(at.x);
  return select(0.0, 1.0 - at.y, lo == i) + select(0.0, at.y, min(lo + 1u, size - 1u) == i);
}

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
      let down = sampled(i, params.inHeight, params.outHeight);
      let below = share(row, down, params.inHeight);
      if (below == 0.0) { continue; }
      let top = (image * params.inHeight + u32(down.x)) * params.inWidth;
      let bottom = (image * params.inHeight + min(u32(down.x) + 1u, params.inHeight - 1u)) * params.inWidth;
      var line = vec4f();
      for (var j = columns.x; j < columns.y; j++) {
        let across = sampled(j, params.inWidth, params.outWidth);
        let beside = share(column, across, params.inWidth);
        if (beside == 0.0) { continue; }
        let left = u32(across.x);
        let right = min(left + 1u, params.inWidth - 1u);
        let a = x[(top + left) * params.vectors + c];
        let b = x[(top + right) * params.vectors + c];
        let d = x[(bottom + left) * params.vectors + c];
        let e = x[(bottom + right) * params.vectors + c];
        let v = (1.0 - down.y) * ((1.0 - across.y) * a + across.y * b) + down.y * ((1.0 - across.y) * d + across.y * e);
        let term = terms[(image * params.outHeight + i) * params.outWidth + j];
        line += beside * term.y * (own - exp(v - term.x));
      }
      sum += below * line;
    }
  }
  var g = select(vec4f(), sum, competing);
  if (ADD) { g += addend[at]; }
  dx[at] = g;
}
