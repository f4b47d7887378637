// Sums over each image's pixels, a part for every `size` of them: of x, or with SQUARES of the
// squared distances from its mean, of which the sums are known.
const SQUARES: bool = false;

struct Params { vectors: u32, pixels: u32, images: u32, size: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;     // [n, pixels, vectors]
@group(0) @binding(2) var<storage, read> sums: array<vec4f>;  // [n, vectors]
@group(0) @binding(3) var<storage, read_write> parts: array<vec4f>;  // [parts, n, vectors]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let image = (at / params.vectors) % params.images;
  let first = at / (params.vectors * params.images) * params.size;
  var mean = vec4f();
  if (SQUARES) { mean = sums[image * params.vectors + c] / f32(params.pixels); }
  var sum = vec4f();
  for (var p = first; p < min(first + params.size, params.pixels); p++) {
    let v = x[(image * params.pixels + p) * params.vectors + c] - mean;
    sum += select(v, v * v, SQUARES);
  }
  parts[at] = sum;
}
