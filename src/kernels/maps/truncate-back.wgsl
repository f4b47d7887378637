// The gradient of the truncation trick by w: the sum over rows of psi dy.
struct Params { vectors: u32, rows: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> psi: array<f32>;  // [rows]
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;  // [n, rows, vectors]
@group(0) @binding(3) var<storage, read_write> dw: array<vec4f>;  // [n, vectors]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let first = at / params.vectors * params.rows;
  var sum = vec4f();
  for (var row = 0u; row < params.rows; row++) { sum += psi[row] * dy[(first + row) * params.vectors + c]; }
  dw[at] = sum;
}
