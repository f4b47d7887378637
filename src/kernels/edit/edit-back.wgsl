// The gradient of edit.wgsl by what it edits: dx = dy Π (1 − a) over its edits.
struct Params { vectors: u32, pixels: u32, edits: u32, total: u32 }  // pixels of one image

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> alpha: array<vec4f>;  // [edits, vectors]
@group(0) @binding(2) var<storage, read> mask: array<f32>;     // [n, edits, pixels]
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let pixel = (at / params.vectors) % params.pixels;
  let image = at / (params.vectors * params.pixels);
  var g = dy[at];
  for (var e = 0u; e < params.edits; e++) {
    g *= 1.0 - alpha[e * params.vectors + c] * mask[(image * params.edits + e) * params.pixels + pixel];
  }
  dx[at] = g;
}
