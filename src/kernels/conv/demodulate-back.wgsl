// The gradient of demodulate.wgsl by its sums, which is dy d f'(z); what y = f(z) is tells f'(z).
const SCALED: bool = true;
const LEAKY: bool = true;
const CLAMPED: bool = false;

struct Params { vectors: u32, pixels: u32, bound: f32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<vec4f>;
@group(0) @binding(2) var<storage, read> d: array<vec4f>;  // [n, vectors]
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let v = y[at];
  var g = dy[at];
  if (LEAKY) { g = select(0.2 * g, g, v > vec4f()); }
  if (CLAMPED) { g = select(vec4f(), g, abs(v) < vec4f(params.bound)); }
  if (SCALED) { g *= d[at / (params.vectors * params.pixels) * params.vectors + at % params.vectors]; }
  dx[at] = g;
}
