// Collects every unit's feature map on its top images: y[k, unit, pixel] for those images that are
// in this batch.
struct Params { units: u32, k: u32, imageRows: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;      // [n, pixels, units]
// index of the batch's first image, how many are valid
@group(0) @binding(2) var<storage, read> batch: array<u32>;
@group(0) @binding(3) var<storage, read> image: array<u32>;  // [k, units]: index + 1, 0 for none
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let pixel = at % params.imageRows;
  let unit = (at / params.imageRows) % params.units;
  let wanted = image[at / params.imageRows];
  if (wanted <= batch[0] || wanted > batch[0] + batch[1]) { return; }
  let i = wanted - 1u - batch[0];
  y[at] = x[(i * params.imageRows + pixel) * params.units + unit];
}
