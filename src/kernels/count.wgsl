// Joint counts of units and concepts at every level at once. A pixel's bucket is the number of levels its activation
// exceeds (strictly), so suffix sums over buckets give every intersection and every active area exactly; see
// dissect/counts.ts. x is [rows, units], a row a pixel; relabel.wgsl gives each label its slot.
const CHANNELS = 1;  // labels a pixel can have at once
const KEPT = 1;      // buckets kept for further channels: those of a run where there are any

struct Params {
  units: u32,
  levels: u32,
  categories: u32,
  imageRows: u32,   // pixels of one image
  images: u32,      // images in x
  first: u32,       // index in the batch of the first of them
  run: u32,         // rows one invocation walks; divides imageRows
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> slots: array<u32>;   // [n, CHANNELS, pixels], from 1 on; 0: not counted
@group(0) @binding(3) var<storage, read> batch: array<u32>;    // index of the batch's first image, how many are valid
@group(0) @binding(4) var<storage, read> present: array<u32>;  // [n, categories]
@group(0) @binding(5) var<storage, read> level: array<f32>;    // [levels, units], ascending
@group(0) @binding(6) var<storage, read_write> histogram: array<atomic<u32>>;  // [categories + slots, levels + 1, units]

fn add(row: u32, bucket: u32, unit: u32, length: u32) {
  atomicAdd(&histogram[(row * (params.levels + 1u) + bucket) * params.units + unit], length);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = id.x + id.y * groups.x * 64u;
  let unit = flat % params.units;
  let start = (flat / params.units) * params.run;
  let image = params.first + start / params.imageRows;
  if (start >= params.images * params.imageRows || image >= batch[1]) { return; }
  var buckets: array<u32, KEPT>;
  for (var channel = 0u; channel < CHANNELS; channel++) {
    // Upsampled maps and label maps are smooth: merging runs of one counter saves most of the atomics.
    var slot = 0u;
    var bucket = 0u;
    var length = 0u;         // of the current run of one slot and bucket
    var categoryLength = 0u; // of the current run of one bucket
    for (var i = 0u; i < params.run; i++) {
      let row = start + i;
      let here = slots[(image * CHANNELS + channel) * params.imageRows + row % params.imageRows];
      var lo = 0u;
      if (CHANNELS > 1 && channel > 0u) {
        lo = buckets[i];
      } else {
        let v = x[row * params.units + unit];
        var hi = params.levels;
        // Neighbours mostly share a bucket: try the last one before searching.
        let same = (bucket == 0u || v > level[(max(bucket, 1u) - 1u) * params.units + unit])
          && (bucket == params.levels || !(v > level[min(bucket, params.levels - 1u) * params.units + unit]));
        if (same) { lo = bucket; hi = bucket; }
        while (lo < hi) {
          let mid = (lo + hi) / 2u;
          if (v > level[mid * params.units + unit]) { lo = mid + 1u; } else { hi = mid; }
        }
        if (CHANNELS > 1) { buckets[i] = lo; }
      }
      if (lo != bucket || here != slot) {
        if (length > 0u && slot > 0u) { add(params.categories + slot - 1u, bucket, unit, length); }
        length = 0u;
        slot = here;
      }
      if (lo != bucket) {
        if (categoryLength > 0u && channel == 0u) { addCategories(image, bucket, unit, categoryLength); }
        categoryLength = 0u;
        bucket = lo;
      }
      length++;
      categoryLength++;
    }
    if (slot > 0u) { add(params.categories + slot - 1u, bucket, unit, length); }
    if (channel == 0u) { addCategories(image, bucket, unit, categoryLength); }
  }
}

fn addCategories(image: u32, bucket: u32, unit: u32, length: u32) {
  for (var k = 0u; k < params.categories; k++) {
    if (present[image * params.categories + k] != 0u) { add(k, bucket, unit, length); }
  }
}
