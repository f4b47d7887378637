// Keeps, for every unit, the k images of largest spatial maximum, best first; of equals the earlier
// image wins. One invocation a unit inserts the images of a batch in their order.
struct Params { units: u32, k: u32, imageRows: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;      // [n, pixels, units]
// index of the batch's first image, how many are valid
@group(0) @binding(2) var<storage, read> batch: array<u32>;
@group(0) @binding(3) var<storage, read_write> value: array<f32>;  // [k, units]
// [k, units]: index + 1, 0 while empty
@group(0) @binding(4) var<storage, read_write> image: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let unit = id.x;
  if (unit >= params.units) { return; }
  for (var i = 0u; i < batch[1]; i++) {
    var most = x[i * params.imageRows * params.units + unit];
    for (var p = 1u; p < params.imageRows; p++) {
      most = max(most, x[(i * params.imageRows + p) * params.units + unit]);
    }
    var at = params.k;  // where it belongs
    while (at > 0u) {
      let above = (at - 1u) * params.units + unit;
      if (image[above] != 0u && !(most > value[above])) { break; }
      if (at < params.k) {
        value[at * params.units + unit] = value[above];
        image[at * params.units + unit] = image[above];
      }
      at--;
    }
    if (at < params.k) {
      value[at * params.units + unit] = most;
      image[at * params.units + unit] = batch[0] + i + 1u;
    }
  }
}
