// The gradient of y = x s by s, a part for every `size` pixels: the sum of x dy over the pixels.
// `copied` is 0 where x is one image.
struct Params { vectors: u32, pixels: u32, copied: u32, images: u32, size: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;   // [n or 1, pixels, vectors]
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;  // [n, pixels, vectors]
@group(0) @binding(3) var<storage, read_write> parts: array<vec4f>;  // [parts, n, vectors]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let image = (at / params.vectors) % params.images;
  let first = at / (params.vectors * params.images) * params.size;
  let start = image * params.pixels;
  var sum = vec4f();
  for (var p = first; p < min(first + params.size, params.pixels); p++) {
    let own = (start + p) * params.vectors + c;
    sum += x[select(p * params.vectors + c, own, params.copied == 1u)] * dy[own];
  }
  parts[at] = sum;
}
