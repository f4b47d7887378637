// Each unit's activations on an image, weighted by a score of each cell and summed: partial sums
// [n, units] of what ACE inserts, a concept's mean features (Bau et al., ICLR 2019, §3.2; spec
// §4.2).
struct Params { units: u32, cells: u32, total: u32 }  // total = images · units

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;       // [n, cells, units]
@group(0) @binding(2) var<storage, read> scores: array<f32>;  // [rows, cells]
// row of the first image; how many are valid
@group(0) @binding(3) var<storage, read> batch: array<u32>;
@group(0) @binding(4) var<storage, read_write> partial: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let image = at / params.units;
  let unit = at % params.units;
  var sum = 0.0;
  if (image < batch[1]) {
    for (var cell = 0u; cell < params.cells; cell++) {
      sum += x[(image * params.cells + cell) * params.units + unit] * scores[(batch[0] + image) * params.cells + cell];
    }
  }
  partial[at] = sum;
}
