// The gradient of instance normalisation: dx = (dy − mean(dy) − y mean(y dy)) / sqrt(variance +
// epsilon).
struct Params { vectors: u32, pixels: u32, epsilon: f32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<vec4f>;         // [n, pixels, vectors]
@group(0) @binding(2) var<storage, read> squares: array<vec4f>;   // [n, vectors], of x
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;        // [n, pixels, vectors]
@group(0) @binding(4) var<storage, read> sums: array<vec4f>;      // [n, vectors], of dy
@group(0) @binding(5) var<storage, read> products: array<vec4f>;  // [n, vectors], of y dy
@group(0) @binding(6) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let own = at / (params.vectors * params.pixels) * params.vectors + at % params.vectors;
  let pixels = f32(params.pixels);
  let rest = dy[at] - (sums[own] + y[at] * products[own]) / pixels;
  dx[at] = rest / sqrt(squares[own] / pixels + params.epsilon);
}
