// One pass of an exact radix selection for many ranks of every unit at once. Values are 32-bit keys
// that sort like the floats. Pass 0 counts their first 16 bits, passes 1 and 2 the next 8 of those
// that begin like a target. After each pass narrow-rows.wgsl turns its counters into a table: 0
// where no target is, else 1 + the row of counters of the next pass. So a value finds its counter
// by one look-up per pass, and most values are dropped by the first. x is looked at on a grid, a
// column for four units at a time, as in count.wgsl.
// use column
const PASS: u32 = 0;
const ACROSS = true;

struct Params {
  units: u32,
  targets: u32,
  height: u32,
  width: u32,
  rows: u32,     // of the grid: those of x or those of the label maps
  columns: u32,
  reachRows: f32,  // that would cover x
  reachColumns: f32,
  originRows: f32,  // where x begins
  originColumns: f32,
  total: u32,    // invocations
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;    // [n, height, width, units]
// index of the batch's first image, how many are valid
@group(0) @binding(2) var<storage, read> batch: array<u32>;
@group(0) @binding(3) var<storage, read_write> high: array<atomic<u32>>;    // [units, 65536]
@group(0) @binding(4) var<storage, read_write> middle: array<atomic<u32>>;  // [units, targets, 256]
@group(0) @binding(5) var<storage, read_write> low: array<atomic<u32>>;     // [units, targets, 256]

// Unsigned order of the keys = order of the floats; −0 sorts with +0.
fn key(v: vec4f) -> vec4u {
  let bits = bitcast<vec4u>(select(v, vec4f(), v == vec4f()));
  return select(bits | vec4u(0x80000000u), ~bits, (bits & vec4u(0x80000000u)) != vec4u());
}

fn add(counter: u32, length: u32) {
  if (PASS == 0u) { atomicAdd(&high[counter], length); }
  if (PASS == 1u) { atomicAdd(&middle[counter], length); }
  if (PASS == 2u) { atomicAdd(&low[counter], length); }
}

// The counter of a key, if it begins like a target.
fn counterOf(unit: u32, k: u32) -> u32 {
  var counter = (unit << 16u) + (k >> 16u);
  if (PASS > 0u) {
    let row = atomicLoad(&high[counter]);
    counter = select(0xffffffffu, ((unit * params.targets + row - 1u) << 8u) + ((k >> 8u) & 255u), row > 0u);
  }
  if (PASS > 1u && counter != 0xffffffffu) {
    let row = atomicLoad(&middle[counter]);
    counter = select(0xffffffffu, ((unit * params.targets + row - 1u) << 8u) + (k & 255u), row > 0u);
  }
  return counter;
}

// A run of keys of one counter: upsampled maps are smooth, and merging saves atomics.
struct Run {
  counter: u32,
  length: u32,
}

fn end(run: Run) {
  if (run.counter != 0xffffffffu) { add(run.counter, run.length); }
}

fn extend(run: ptr<function, Run>, counter: u32) {
  if (counter != (*run).counter) {
    end(*run);
    *run = Run(counter, 0u);
  }
  (*run).length++;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = id.x + id.y * groups.x * 64u;
  if (flat >= params.total) { return; }
  let fours = params.units / 4u;
  let image = flat / fours / params.columns;
  if (image >= batch[1]) { return; }
  var four = flat % fours;
  var column = (flat / fours) % params.columns;
  if (ACROSS) {
    column = flat % params.columns;
    four = (flat / params.columns) % fours;
  }
  let between = columnAt(column, params.reachColumns, params.originColumns, four);
  var runs0 = Run(0xffffffffu, 0u);
  var runs1 = runs0;
  var runs2 = runs0;
  var runs3 = runs0;
  var line = image * params.height * params.width;
  var r = 0u;  // the row of x above
  var above = across(line, between);
  var below = above;
  if (params.height > 1u) {
    line += params.width;
    below = across(line, between);
  }
  for (var row = 0u; row < params.rows; row++) {
    let at = place(row, params.height, params.reachRows, params.originRows);
    while (r < u32(at)) {
      r++;
      above = below;
      if (r + 1u < params.height) {
        line += params.width;
        below = across(line, between);
      }
    }
    let k = key(down(above, below, at - f32(r), row, params.reachRows, params.originRows));
    extend(&runs0, counterOf(4u * four, k.x));
    extend(&runs1, counterOf(4u * four + 1u, k.y));
    extend(&runs2, counterOf(4u * four + 2u, k.z));
    extend(&runs3, counterOf(4u * four + 3u, k.w));
  }
  end(runs0);
  end(runs1);
  end(runs2);
  end(runs3);
}
