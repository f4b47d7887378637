// The adjoint of precise RoI pooling of a whole square map: dx = Wᵀ dy W, with W [size, extent] as
// in prroi.wgsl.
struct Params { vectors: u32, extent: u32, size: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> bins: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let j = (at / params.vectors) % params.extent;
  let i = (at / params.vectors / params.extent) % params.extent;
  let image = at / params.vectors / params.extent / params.extent;
  var sum = vec4f();
  for (var p = 0u; p < params.size; p++) {
    let wi = bins[p * params.extent + i];
    if (wi == 0.0) { continue; }
    var line = vec4f();
    for (var q = 0u; q < params.size; q++) {
      line += bins[q * params.extent + j] * dy[((image * params.size + p) * params.size + q) * params.vectors + c];
    }
    sum += wi * line;
  }
  dx[at] = sum;
}
