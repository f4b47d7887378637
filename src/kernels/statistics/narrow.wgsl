// After a pass of radix.wgsl: finds the digit in which each target's rank falls, appends it to the
// target's key, and makes the rank relative to it. One invocation walks one target's row of
// counters; what comes next is narrow-rows.wgsl's.
const SUMS = false;  // sixteen bits: by sums of 256 counters (radix-sums.wgsl) first

struct Params {
  units: u32,
  rows: u32,   // of counters a unit has
  bits: u32,   // of a digit
  total: u32,  // targets × units
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counters: array<u32>;   // [units, rows, 2^bits]
@group(0) @binding(2) var<storage, read> sums: array<u32>;       // [units, 256]
// [targets, units]: the target's row of counters
@group(0) @binding(3) var<storage, read> row: array<u32>;
@group(0) @binding(4) var<storage, read_write> key: array<u32>;  // [targets, units]
// [targets, units], within the row it is in
@group(0) @binding(5) var<storage, read_write> rank: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let unit = at % params.units;
  var left = rank[at];  // values below the target in what is not walked yet
  var digit = 0u;
  // (The last digit takes what is left, so that this ends whatever was counted.)
  if (SUMS) {
    for (; digit < 255u; digit++) {
      let below = sums[unit * 256u + digit];
      if (left < below) { break; }
      left -= below;
    }
    digit *= 256u;
  }
  let start = (unit * params.rows + row[at]) << params.bits;
  let last = digit + 255u;
  for (; digit < last; digit++) {
    let below = counters[start + digit];
    if (left < below) { break; }
    left -= below;
  }
  key[at] = (key[at] << params.bits) | digit;
  rank[at] = left;
}
