// Parts of a sum, added in their order.
struct Params { parts: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;  // [parts, total]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  var sum = vec4f();
  for (var part = 0u; part < params.parts; part++) { sum += x[part * params.total + at]; }
  y[at] = sum;
}
