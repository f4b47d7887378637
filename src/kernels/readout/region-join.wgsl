// The largest of the parts' largest, and the sum of their sums; see region.wgsl.
struct Params { parts: u32, each: u32, vectors: u32 }  // each = images · vectors

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> parts: array<vec4f>;        // [parts, n, vectors, 2]
@group(0) @binding(2) var<storage, read_write> joined: array<vec4f>;  // [n, 2, vectors]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.each) { return; }
  var most = parts[2u * at];
  var sum = parts[2u * at + 1u];
  for (var part = 1u; part < params.parts; part++) {
    most = max(most, parts[2u * (part * params.each + at)]);
    sum += parts[2u * (part * params.each + at) + 1u];
  }
  let to = at / params.vectors * 2u * params.vectors + at % params.vectors;
  joined[to] = most;
  joined[to + params.vectors] = sum;
}
