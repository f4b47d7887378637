// Softmax over the channels of each pixel of x, or LOG of it: the largest is taken off first.
// Padding channels stay zero.
// use inside
const LOG: bool = false;

struct Params { vectors: u32, channels: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let pixel = id.x + id.y * groups.x * 64u;
  if (pixel >= params.total) { return; }
  let first = pixel * params.vectors;
  // What is in no channel counts as the first one.
  var largest = vec4f(x[first].x);
  for (var i = 0u; i < params.vectors; i++) {
    largest = max(largest, select(largest, x[first + i], inside(i, params.channels)));
  }
  let most = max(max(largest.x, largest.y), max(largest.z, largest.w));
  var sums = vec4f();
  for (var i = 0u; i < params.vectors; i++) {
    sums += select(vec4f(), exp(x[first + i] - most), inside(i, params.channels));
  }
  let sum = sums.x + sums.y + sums.z + sums.w;
  for (var i = 0u; i < params.vectors; i++) {
    let v = x[first + i] - most;
    var result = exp(v) / sum;
    if (LOG) { result = v - log(sum); }
    y[first + i] = select(vec4f(), result, inside(i, params.channels));
  }
}
