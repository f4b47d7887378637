// y = clamp(x, −bound, bound): with 1 the generator's optional hard tanh.
struct Params { bound: f32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at < params.total) { y[at] = clamp(x[at], vec4f(-params.bound), vec4f(params.bound)); }
}
