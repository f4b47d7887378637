// The gradient of max pooling 3×3, stride 2, padding 1: to the first largest pixel of each window,
// in the order of memory as in PyTorch. Every pixel of dx asks the one to four windows that it lies
// in.
struct Params { vectors: u32, inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let column = (at / params.vectors) % params.inWidth;
  let row = (at / params.vectors / params.inWidth) % params.inHeight;
  let image = at / params.vectors / params.inWidth / params.inHeight;
  let own = x[at];
  var sum = vec4f();
  for (var i = row / 2u; i <= min((row + 1u) / 2u, params.outHeight - 1u); i++) {
    for (var j = column / 2u; j <= min((column + 1u) / 2u, params.outWidth - 1u); j++) {
      var first = vec4<bool>(true);
      for (var down = -1; down <= 1; down++) {
        for (var across = -1; across <= 1; across++) {
          let p = vec2i(vec2u(i, j) * 2u) + vec2i(down, across);
          if (any(p < vec2i()) || p.x >= i32(params.inHeight) || p.y >= i32(params.inWidth)) { continue; }
          let q = vec2u(p);
          let other = x[((image * params.inHeight + q.x) * params.inWidth + q.y) * params.vectors + c];
          let before = q.x < row || (q.x == row && q.y < column);
          first = first & select(own >= other, own > other, vec4<bool>(before));
        }
      }
      let to = ((image * params.outHeight + i) * params.outWidth + j) * params.vectors + c;
      sum += select(vec4f(), dy[to], first);
    }
  }
  dx[at] = sum;
}
