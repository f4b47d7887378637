// The gradient before an activation, of the one behind it: dz = dy f'(z). What y = f(z) is tells
// f'(z).
const ACTIVATION: u32 = 1;  // 1 leaky ReLU (0.2), 2 ReLU, 3 ReLU6

struct Params { total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dz: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let v = y[at];
  var on = v > vec4f();
  if (ACTIVATION == 3u) { on = on & (v < vec4f(6.0)); }
  dz[at] = select(select(0.0, 0.2, ACTIVATION == 1u) * dy[at], dy[at], on);
}
