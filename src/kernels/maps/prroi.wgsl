// Precise RoI pooling of the whole map to size × size: the integral of the bilinear interpolant
// over each bin, which is separable, y = W x Wᵀ with W [size, extent] computed on the CPU (spec
// §2.2). Square maps.
struct Params { vectors: u32, extent: u32, size: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> bins: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let q = (at / params.vectors) % params.size;
  let p = (at / params.vectors / params.size) % params.size;
  let image = at / params.vectors / params.size / params.size;
  var sum = vec4f();
  for (var i = 0u; i < params.extent; i++) {
    let wi = bins[p * params.extent + i];
    if (wi == 0.0) { continue; }
    var line = vec4f();
    for (var j = 0u; j < params.extent; j++) {
      let wj = bins[q * params.extent + j];
      if (wj != 0.0) { line += wj * x[((image * params.extent + i) * params.extent + j) * params.vectors + c]; }
    }
    sum += wi * line;
  }
  y[at] = sum;
}
