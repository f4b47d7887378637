// The truncation trick: of each image's w a row for every layer, psi w + rest, where rest is (1 −
// psi) of the average w.
struct Params { vectors: u32, rows: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;     // [n, vectors]
@group(0) @binding(2) var<storage, read> psi: array<f32>;     // [rows]
@group(0) @binding(3) var<storage, read> rest: array<vec4f>;  // [rows, vectors]
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;  // [n, rows, vectors]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let row = (at / params.vectors) % params.rows;
  let image = at / (params.vectors * params.rows);
  y[at] = psi[row] * w[image * params.vectors + c] + rest[row * params.vectors + c];
}
