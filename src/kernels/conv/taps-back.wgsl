// The adjoint of taps.wgsl: for each pixel of a map that nearest ×2 upsampling and a 3×3
// convolution were applied to, and for each of the nine taps, the sum of the four outputs to whose
// sums the pixel contributed by that tap.
// extents of the small map, channels / 4 of dy
struct Params { height: u32, width: u32, vectors: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;        // [n, 2 height, 2 width, vectors]
@group(0) @binding(2) var<storage, read_write> t: array<vec4f>;  // [n, height, width, 9, vectors]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let k = (at / params.vectors) % 9u;
  let pixel = at / params.vectors / 9u;
  let row = (pixel / params.width) % params.height;
  let column = pixel % params.width;
  let image = pixel / params.width / params.height;
  let size = vec2u(params.height, params.width) * 2u;
  var sum = vec4f();
  for (var a = 0u; a < 4u; a++) {
    // a negative one is a large u32
    let p = vec2u(row, column) * 2u + vec2u(a / 2u, a % 2u) + 1u - vec2u(k / 3u, k % 3u);
    if (all(p < size)) { sum += dy[((image * size.x + p.x) * size.y + p.y) * params.vectors + c]; }
  }
  t[at] = sum;
}
