// One pass of an exact radix selection for many ranks of every unit at once. Values are 32-bit keys that sort like the
// floats. Pass 0 counts their first 16 bits, passes 1 and 2 the next 8 of those that begin like a target. After each pass
// narrow-rows.wgsl turns its counters into a table: 0 where no target is, else 1 + the row of counters of the next pass. So a
// value finds its counter by one look-up per pass, and most values are dropped by the first. x is looked at on a grid,
// a column for one unit at a time, as in count.wgsl.
const PASS: u32 = 0;
const ACROSS = true;

struct Params {
  units: u32,
  targets: u32,
  height: u32,
  width: u32,
  rows: u32,     // of the grid: those of x or those of the label maps
  columns: u32,
  total: u32,    // invocations
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;      // [n, height, width, units]
@group(0) @binding(2) var<storage, read> batch: array<u32>;  // index of the batch's first image, how many are valid
@group(0) @binding(3) var<storage, read_write> high: array<atomic<u32>>;    // [units, 65536]
@group(0) @binding(4) var<storage, read_write> middle: array<atomic<u32>>;  // [units, targets, 256]
@group(0) @binding(5) var<storage, read_write> low: array<atomic<u32>>;     // [units, targets, 256]

// See count.wgsl.
fn place(i: u32, extent: u32, size: u32) -> f32 {
  if (extent == size) { return f32(i); }
  return clamp((f32(i) + 0.5) * f32(extent) / f32(size) - 0.5, 0.0, f32(extent) - 1.0);
}

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
  if (flat >= params.total) { return; }
  let image = flat / params.units / params.columns;
  if (image >= batch[1]) { return; }
  var unit = flat % params.units;
  var column = (flat / params.units) % params.columns;
  if (ACROSS) {
    column = flat % params.columns;
    unit = (flat / params.columns) % params.units;
  }
  let source = place(column, params.width, params.columns);
  let left = u32(source);
  let right = min(left + 1u, params.width - 1u);
  let f = source - f32(left);
  let none = 0xffffffffu;
  var counter = none;  // of the current run of equal keys
  var length = 0u;
  var line = image * params.height * params.width;
  var r = 0u;  // the row of x above
  var above = mix(x[(line + left) * params.units + unit], x[(line + right) * params.units + unit], f);
  var below = above;
  if (params.height > 1u) {
    line += params.width;
    below = mix(x[(line + left) * params.units + unit], x[(line + right) * params.units + unit], f);
  }
  for (var row = 0u; row < params.rows; row++) {
    let down = place(row, params.height, params.rows);
    while (r < u32(down)) {
      r++;
      above = below;
      if (r + 1u < params.height) {
        line += params.width;
        below = mix(x[(line + left) * params.units + unit], x[(line + right) * params.units + unit], f);
      }
    }
    let k = key(mix(above, below, down - f32(r)));
    var next = (unit << 16u) + (k >> 16u);
    if (PASS > 0u) {
      let target_ = atomicLoad(&high[next]);
      next = select(none, ((unit * params.targets + target_ - 1u) << 8u) + ((k >> 8u) & 255u), target_ > 0u);
    }
    if (PASS > 1u && next != none) {
      let target_ = atomicLoad(&middle[next]);
      next = select(none, ((unit * params.targets + target_ - 1u) << 8u) + (k & 255u), target_ > 0u);
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
