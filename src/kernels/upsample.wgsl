// A feature map on the grid of a label map: bilinear with half-pixel centres and clamped borders (spec §3.4), for images
// first … first + count − 1 of x [n, height, width, units]. Every statistic reads what this writes, so that one
// activation has one value whoever asks.
struct Params { units: u32, height: u32, width: u32, size: u32, first: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;  // [count, size, size, units]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let vectors = params.units / 4u;
  let c = at % vectors;
  let column = (at / vectors) % params.size;
  let row = (at / vectors / params.size) % params.size;
  let image = at / vectors / params.size / params.size + params.first;
  let extent = vec2f(f32(params.height), f32(params.width));
  let source = clamp((vec2f(f32(row), f32(column)) + 0.5) * extent / f32(params.size) - 0.5, vec2f(), extent - 1.0);
  let lo = vec2u(source);
  let hi = min(lo + 1u, vec2u(extent) - 1u);
  let f = source - vec2f(lo);
  let top = (image * params.height + lo.x) * params.width;
  let bottom = (image * params.height + hi.x) * params.width;
  let above = mix(x[(top + lo.y) * vectors + c], x[(top + hi.y) * vectors + c], f.y);
  let below = mix(x[(bottom + lo.y) * vectors + c], x[(bottom + hi.y) * vectors + c], f.y);
  y[at] = mix(above, below, f.x);
}
