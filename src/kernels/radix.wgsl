// One pass of an exact radix selection for many ranks of every unit at once: among the values whose leading digits equal
// a target's prefix, count the next digit. Four passes of eight bits find the value at any rank. x is [rows, units].
// Targets are sorted by rank, so their prefixes ascend; the first of equal prefixes owns the counters.
const DIGIT: u32 = 8;  // bits a pass

struct Params {
  units: u32,
  targets: u32,
  imageRows: u32,  // rows of one image
  images: u32,     // images in x
  first: u32,      // index in the batch of the first of them
  run: u32,        // rows one invocation walks
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> batch: array<u32>;   // index of the batch's first image, how many are valid
@group(0) @binding(3) var<storage, read> digits: array<u32>;  // digits already known
@group(0) @binding(4) var<storage, read> prefix: array<u32>;  // [targets, units]
@group(0) @binding(5) var<storage, read_write> histogram: array<atomic<u32>>;  // [targets, 2^DIGIT, units]

// Unsigned order of the keys = order of the floats; −0 sorts with +0.
fn key(v: f32) -> u32 {
  let bits = bitcast<u32>(select(v, 0.0, v == 0.0));
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = id.x + id.y * groups.x * 64u;
  let unit = flat % params.units;
  let start = (flat / params.units) * params.run;
  let valid = min(params.images, max(batch[1], params.first) - params.first) * params.imageRows;
  let end = min(start + params.run, valid);
  let known = digits[0] * DIGIT;
  var slot = 0xffffffffu;  // counter of the current run of equal digits
  var length = 0u;
  var owner = params.targets;  // target that counts the last value's prefix, if any
  var last = 0u;               // the last value's prefix
  var searched = false;
  var lo = 0u;                 // the first target whose prefix is not below it
  for (var row = start; row < end; row++) {
    let k = key(x[row * params.units + unit]);
    // (k >> 32 is not defined)
    let mine = select(k >> (32u - known), 0u, known == 0u);
    // Neighbours mostly share a prefix, or at least fall between the same targets: search only when they do not.
    if (!searched || mine != last) {
      let above = lo == 0u || prefix[(lo - 1u) * params.units + unit] < mine;
      let below = lo == params.targets || prefix[min(lo, params.targets - 1u) * params.units + unit] >= mine;
      if (!(searched && above && below)) {
        lo = 0u;
        var hi = params.targets;
        while (lo < hi) {
          let mid = (lo + hi) / 2u;
          if (prefix[mid * params.units + unit] < mine) { lo = mid + 1u; } else { hi = mid; }
        }
      }
      searched = true;
      last = mine;
      owner = params.targets;
      if (lo < params.targets && prefix[lo * params.units + unit] == mine) { owner = lo; }
    }
    var next = 0xffffffffu;
    if (owner < params.targets) {
      let digit = (k >> (32u - known - DIGIT)) & ((1u << DIGIT) - 1u);
      next = ((owner << DIGIT) + digit) * params.units + unit;
    }
    // Upsampled maps are smooth: merging runs of one digit saves most of the atomics.
    if (next != slot) {
      if (slot != 0xffffffffu) { atomicAdd(&histogram[slot], length); }
      slot = next;
      length = 0u;
    }
    length++;
  }
  if (slot != 0xffffffffu) { atomicAdd(&histogram[slot], length); }
}
