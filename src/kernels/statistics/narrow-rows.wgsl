// After narrow.wgsl, when the counters have been cleared: makes them the table in which the next
// pass of radix.wgsl looks values up: 0 where no target is, else 1 + the row of counters of the
// next pass. Targets of a unit are sorted, so those of one digit are neighbours; one invocation
// gives a unit's rows.
struct Params {
  units: u32,
  targets: u32,
  rows: u32,  // of counters a unit has had
  bits: u32,  // of a digit
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> key: array<u32>;            // [targets, units]
// [targets, units]: the target's row of counters
@group(0) @binding(2) var<storage, read_write> row: array<u32>;
@group(0) @binding(3) var<storage, read_write> counters: array<u32>; // [units, rows, 2^bits]

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let unit = id.x;
  if (unit >= params.units) { return; }
  var next = 0u;  // rows given so far
  var before = 0xffffffffu;
  for (var t = 0u; t < params.targets; t++) {
    let at = t * params.units + unit;
    let counter = ((unit * params.rows + row[at]) << params.bits) + (key[at] & ((1u << params.bits) - 1u));
    if (counter != before) {
      before = counter;
      next++;
      counters[counter] = next;
    }
    row[at] = next - 1u;
  }
}
