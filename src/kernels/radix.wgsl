// One pass of an exact radix selection for many ranks of every unit at once. Values are 32-bit keys that sort like the
// floats. Pass 0 counts their first 16 bits, passes 1 and 2 the next 8 of those that begin like a target. After each pass
// narrow.wgsl turns its counters into a table: 0 where no target is, else 1 + the row of counters of the next pass. So a
// value finds its counter by one look-up per pass, and most values are dropped by the first.
const PASS: u32 = 0;

struct Params {
  units: u32,
  imageRows: u32,  // rows of one image
  images: u32,     // images in x
  first: u32,      // index in the batch of the first of them
  run: u32,        // rows one invocation walks
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;      // [rows, units]
@group(0) @binding(2) var<storage, read> batch: array<u32>;  // index of the batch's first image, how many are valid
@group(0) @binding(3) var<storage, read_write> high: array<atomic<u32>>;    // [65536, units]
@group(0) @binding(4) var<storage, read_write> middle: array<atomic<u32>>;  // [targets, 256, units]
@group(0) @binding(5) var<storage, read_write> low: array<atomic<u32>>;     // [targets, 256, units]

// Unsigned order of the keys = order of the floats; −0 sorts with +0.
fn key(v: f32) -> u32 {
  let bits = bitcast<u32>(select(v, 0.0, v == 0.0));
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

fn add(counter: u32, length: u32) {
  if (PASS == 0u) { atomicAdd(&high[counter], length); }
  if (PASS == 1u) { atomicAdd(&middle[counter], length); }
  if (PASS == 2u) { atomicAdd(&low[counter], length); }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = id.x + id.y * groups.x * 64u;
  let unit = flat % params.units;
  let start = (flat / params.units) * params.run;
  let valid = min(params.images, max(batch[1], params.first) - params.first) * params.imageRows;
  let end = min(start + params.run, valid);
  let none = 0xffffffffu;
  var counter = none;  // of the current run of equal keys
  var length = 0u;
  for (var row = start; row < end; row++) {
    let k = key(x[row * params.units + unit]);
    var next = (k >> 16u) * params.units + unit;
    if (PASS > 0u) {
      let target_ = atomicLoad(&high[next]);
      next = select(none, ((target_ - 1u) * 256u + ((k >> 8u) & 255u)) * params.units + unit, target_ > 0u);
    }
    if (PASS > 1u && next != none) {
      let target_ = atomicLoad(&middle[next]);
      next = select(none, ((target_ - 1u) * 256u + (k & 255u)) * params.units + unit, target_ > 0u);
    }
    // Upsampled maps are smooth: merging runs of one counter saves atomics.
    if (next != counter) {
      if (counter != none) { add(counter, length); }
      counter = next;
      length = 0u;
    }
    length++;
  }
  if (counter != none) { add(counter, length); }
}
