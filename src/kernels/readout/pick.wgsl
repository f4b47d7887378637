// Channels in another order: channel c of y [pixels, channels] is channel order[c] of x.
struct Params { vectors: u32, channels: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = (at % params.vectors) * 4u;
  let pixel = at / params.vectors;
  var v = vec4f();
  for (var k = 0u; k < 4u; k++) {
    if (c + k < params.channels) {
      let source = order[c + k];
      v[k] = x[pixel * params.vectors + source / 4u][source % 4u];
    }
  }
  y[at] = v;
}
