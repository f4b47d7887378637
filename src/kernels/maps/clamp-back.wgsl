// The gradient of y = clamp(x, −bound, bound): dy where x is within, the ends included as in
// PyTorch.
struct Params { bound: f32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at < params.total) { dx[at] = select(vec4f(), dy[at], abs(x[at]) <= vec4f(params.bound)); }
}
