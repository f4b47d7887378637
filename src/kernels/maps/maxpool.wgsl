// Max pooling 3×3, stride 2, padding 1 over [n, height, width, channels].
struct Params { vectors: u32, inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let column = (at / params.vectors) % params.outWidth;
  let row = (at / params.vectors / params.outWidth) % params.outHeight;
  let image = at / params.vectors / params.outWidth / params.outHeight;
  // The centre tap is always inside: start from data, since WGSL may assume there is no infinity.
  var best = x[((image * params.inHeight + row * 2u) * params.inWidth + column * 2u) * params.vectors + c];
  for (var dy = -1; dy <= 1; dy++) {
    for (var dx = -1; dx <= 1; dx++) {
      let p = vec2i(vec2u(row, column) * 2u) + vec2i(dy, dx);
      if (all(p >= vec2i()) && p.x < i32(params.inHeight) && p.y < i32(params.inWidth)) {
        best = max(best, x[((image * params.inHeight + u32(p.x)) * params.inWidth + u32(p.y)) * params.vectors + c]);
      }
    }
  }
  y[at] = best;
}
