// y = gain / √x, and 0 where x is 0, as in padding channels.
struct Params { gain: f32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let v = x[at];
  let some = v > vec4f();
  y[at] = select(vec4f(), params.gain / sqrt(select(vec4f(1.0), v, some)), some);
}
