// Softmax along rows, columns or both of x [outer, count, inner], or LOG of it: the largest is
// taken off first. Padding channels stay zero.
// use inside
const LOG: bool = false;

struct Params { count: u32, inner: u32, vectors: u32, channels: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let first = (at / params.inner) * params.count * params.inner + at % params.inner;
  let here = inside(at % params.vectors, params.channels);
  var most = x[first];
  for (var i = 1u; i < params.count; i++) { most = max(most, x[first + i * params.inner]); }
  var sum = vec4f();
  for (var i = 0u; i < params.count; i++) { sum += exp(x[first + i * params.inner] - most); }
  for (var i = 0u; i < params.count; i++) {
    let v = x[first + i * params.inner] - most;
    var result = exp(v) / sum;
    if (LOG) { result = v - log(sum); }
    y[first + i * params.inner] = select(vec4f(), result, here);
  }
}
