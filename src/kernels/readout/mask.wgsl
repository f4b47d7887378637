// 1 where any of the label maps [n, maps, pixels] holds a label, 0 elsewhere.
struct Params { maps: u32, pixels: u32, label: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let image = at / params.pixels;
  let pixel = at % params.pixels;
  var found = 0.0;
  for (var m = 0u; m < params.maps; m++) {
    if (labels[(image * params.maps + m) * params.pixels + pixel] == params.label) { found = 1.0; }
  }
  y[at] = found;
}
