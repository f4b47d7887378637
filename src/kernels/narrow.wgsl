// After a pass of radix.wgsl: finds the digit in which each target's rank falls, appends it to the target's key, makes the
// rank relative to it, and turns the counters into the table that the next pass looks values up in. One invocation walks
// the counters of one unit; targets are sorted by rank, so one walk serves them all.
struct Params {
  units: u32,
  targets: u32,
  rows: u32,    // of counters a unit has
  digits: u32,  // counters in a row
  bits: u32,    // of a digit
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> counters: array<u32>;  // [units, rows, digits]
@group(0) @binding(2) var<storage, read_write> key: array<u32>;       // [targets, units]
@group(0) @binding(3) var<storage, read_write> rank: array<u32>;      // [targets, units], within the row it is in
@group(0) @binding(4) var<storage, read_write> row: array<u32>;       // [targets, units]: the target's row of counters

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let unit = id.x;
  if (unit >= params.units) { return; }
  var t = 0u;     // the next target
  var rows = 0u;  // rows that the next pass has
  while (t < params.targets) {
    let here = row[t * params.units + unit];
    var below = 0u;  // values in the digits before
    for (var d = 0u; d < params.digits; d++) {
      let at = (unit * params.rows + here) * params.digits + d;
      let count = counters[at];
      var found = false;
      while (t < params.targets) {
        let me = t * params.units + unit;
        // (The last digit takes what is left, so that this ends whatever was counted.)
        if (row[me] != here || (rank[me] >= below + count && d + 1u < params.digits)) { break; }
        key[me] = (key[me] << params.bits) | d;
        rank[me] -= below;
        row[me] = rows;
        found = true;
        t++;
      }
      counters[at] = 0u;
      if (found) {
        rows++;
        counters[at] = rows;
      }
      below += count;
    }
  }
}
