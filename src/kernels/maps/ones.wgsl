// Ones in every channel of y [pixels, stored], zeros in the padding.
struct Params { stored: u32, channels: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at < params.total) { y[at] = select(0.0, 1.0, at % params.stored < params.channels); }
}
