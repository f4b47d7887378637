// The largest of the channels of each pixel of x, as the one channel of y.
struct Params { vectors: u32, channels: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let pixel = id.x + id.y * groups.x * 64u;
  if (pixel >= params.total) { return; }
  var most = x[pixel * params.vectors].x;
  for (var c = 1u; c < params.channels; c++) { most = max(most, x[pixel * params.vectors + c / 4u][c % 4u]); }
  y[pixel] = vec4f(most, 0.0, 0.0, 0.0);
}
