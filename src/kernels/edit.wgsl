// Intervenes in a feature map: y = x (1 − a) + v a with a = alpha[unit] · mask[pixel] and v = value[unit].
// Bau et al., ICLR 2019, §3.2; spec §4.1.
struct Params { vectors: u32, pixels: u32, total: u32 }  // pixels of one image

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> alpha: array<vec4f>;
@group(0) @binding(3) var<storage, read> value: array<vec4f>;
@group(0) @binding(4) var<storage, read> mask: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let a = alpha[c] * mask[(at / params.vectors) % params.pixels];
  y[at] = x[at] * (1.0 - a) + value[c] * a;
}
