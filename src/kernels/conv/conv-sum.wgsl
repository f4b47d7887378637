// The parts of a convolution's sums, added in their order, then bias, residual and activation.
// use activation
struct Params {
  split: u32,       // parts
  vectors: u32,     // channels / 4
  first: u32,       // the element of y at which the parts begin
  total: u32,       // elements of a part
  residual: u32,    // whether there is one
  activation: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> parts: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read> residual: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if (i >= params.total) { return; }
  var v = parts[i];
  for (var part = 1u; part < params.split; part++) { v += parts[part * params.total + i]; }
  v += bias[i % params.vectors];
  let at = params.first + i;
  if (params.residual == 1u) { v += residual[at]; }
  y[at] = activated(v, params.activation);
}
