// After a pass of radix.wgsl: extends every target's prefix by the digit in which its rank falls, and makes the rank
// relative to that digit.
const DIGIT: u32 = 8;

struct Params { units: u32, targets: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> histogram: array<u32>;  // [targets, 2^DIGIT, units]
@group(0) @binding(2) var<storage, read> prefix: array<u32>;     // [targets, units]
@group(0) @binding(3) var<storage, read> rank: array<u32>;       // [targets, units]
@group(0) @binding(4) var<storage, read_write> nextPrefix: array<u32>;
@group(0) @binding(5) var<storage, read_write> nextRank: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = id.x + id.y * groups.x * 64u;
  if (flat >= params.units * params.targets) { return; }
  let unit = flat % params.units;
  let target_ = flat / params.units;
  let mine = prefix[flat];
  var lo = 0u;
  var hi = target_;
  while (lo < hi) {
    let mid = (lo + hi) / 2u;
    if (prefix[mid * params.units + unit] < mine) { lo = mid + 1u; } else { hi = mid; }
  }
  var below = rank[flat];
  var digit = 0u;
  let last = (1u << DIGIT) - 1u;
  for (; digit < last; digit++) {
    let count = histogram[((lo << DIGIT) + digit) * params.units + unit];
    if (below < count) { break; }
    below -= count;
  }
  nextPrefix[flat] = (mine << DIGIT) | digit;
  nextRank[flat] = below;
}
