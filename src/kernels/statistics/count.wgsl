// Joint counts of units and concepts at every level at once. A pixel's bucket is the number of
// levels its activation exceeds (strictly), so suffix sums over buckets give every intersection and
// every active area exactly; see dissect/counts.ts. x [n, height, width, units] is looked at on the
// labels' grid of rows × columns; see parts/column.wgsl. One invocation walks down one column of
// the grid for four units, which share the grid and the labels, so that an activation is one `mix`
// of two ends that hold for all rows between two of x, and runs of pixels of one concept and bucket
// are counted at once. relabel.wgsl gives each label its slot.
// use column
const CHANNELS = 1;    // labels a pixel can have at once
const CATEGORIES = 1;  // at most 32
const LEVELS = 1;
const CELLS = 1;       // of `ladder`
// neighbouring invocations: columns, which find buckets alike, or units, which lie together in
// memory
const ACROSS = true;

struct Params {
  units: u32,
  height: u32,
  width: u32,
  rows: u32,   // of the grid
  columns: u32,
  reachRows: f32,  // that would cover x
  reachColumns: f32,
  originRows: f32,  // where x begins
  originColumns: f32,
  blocks: u32,  // image i is counted in block i mod blocks
  blockRows: u32,  // of the histogram: CATEGORIES + slots
  total: u32,  // invocations
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
// [n, CHANNELS, rows, columns], from 1 on; 0: not counted
@group(0) @binding(2) var<storage, read> slots: array<u32>;
// index of the batch's first image, how many are valid
@group(0) @binding(3) var<storage, read> batch: array<u32>;
@group(0) @binding(4) var<storage, read> present: array<u32>;  // [n, CATEGORIES]
// [units, LEVELS + 1], ascending; the last is beyond all
@group(0) @binding(5) var<storage, read> level: array<f32>;
// [units, 2 + CELLS]; see dissect/ladder.ts
@group(0) @binding(6) var<storage, read> ladder: array<u32>;
// [blocks, CATEGORIES + slots, units, buckets from 1 on]
@group(0) @binding(7) var<storage, read_write> histogram: array<atomic<u32>>;

fn add(row: u32, unit: u32, bucket: u32, length: u32) {
  atomicAdd(&histogram[(row * params.units + unit) * LEVELS + bucket - 1u], length);
}

// A run of pixels of one slot and bucket.
struct Run {
  bucket: u32,
  length: u32,
}

// Counts a run in the block that begins at this row; bucket 0 exceeds nothing.
fn count(base: u32, slot: u32, there: u32, unit: u32, run: Run) {
  if (run.bucket == 0u || run.length == 0u) { return; }
  if (slot > 0u) { add(base + CATEGORIES + slot - 1u, unit, run.bucket, run.length); }
  // One category, one label a pixel: its pixels are those of all slots and of none, which
  // dissect/counts.ts adds up.
  if (CATEGORIES == 1 && CHANNELS == 1) {
    if (slot == 0u && there != 0u) { add(base, unit, run.bucket, run.length); }
  } else {
    // Over the bits that are set: compilers unroll a loop over all categories, and there are twelve
    // of it below, which took half a minute for 32.
    for (var left = there; left != 0u; left &= left - 1u) {
      add(base + firstTrailingBit(left), unit, run.bucket, run.length);
    }
  }
}

// The number of levels that v exceeds.
fn bucketOf(unit: u32, v: f32, first: f32, start: f32, scale: f32) -> u32 {
  if (LEVELS == 1) { return u32(v > first); }
  let cell = u32(clamp((v - start) * scale, 0.0, f32(CELLS - 1)));
  let entry = ladder[unit * (2u + CELLS) + 2u + cell];
  var bucket = entry >> 1u;
  if ((entry & 1u) != 0u) {  // levels in this cell
    while (v > level[unit * (LEVELS + 1u) + bucket]) { bucket++; }
  }
  return bucket;
}

// (What a CPU does by itself it foresees better than when runs end: there every pixel is counted at
// once.)
fn extend(run: ptr<function, Run>, base: u32, slot: u32, there: u32, unit: u32, bucket: u32) {
  if (ACROSS) {
    count(base, slot, there, unit, Run(bucket, 1u));
  } else {
    if (bucket != (*run).bucket) {
      count(base, slot, there, unit, *run);
      *run = Run(bucket, 0u);
    }
    (*run).length++;
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = id.x + id.y * groups.x * 64u;
  if (flat >= params.total) { return; }
  let fours = params.units / 4u;
  let image = flat / fours / params.columns;
  if (image >= batch[1]) { return; }
  let base = (batch[0] + image) % params.blocks * params.blockRows;
  var four = flat % fours;
  var column = (flat / fours) % params.columns;
  if (ACROSS) {
    column = flat % params.columns;
    four = (flat / params.columns) % fours;
  }
  let unit = 4u * four + vec4u(0u, 1u, 2u, 3u);
  var there = 0u;  // categories in the image, a bit each
  for (var k = 0u; k < CATEGORIES; k++) {
    there |= select(0u, 1u << k, present[image * CATEGORIES + k] != 0u);
  }
  let between = columnAt(column, params.reachColumns, params.originColumns, four);
  let rungs = unit * (LEVELS + 1u);
  let first = vec4f(level[rungs.x], level[rungs.y], level[rungs.z], level[rungs.w]);
  let cells = unit * (2u + CELLS);
  let start = bitcast<vec4f>(vec4u(ladder[cells.x], ladder[cells.y], ladder[cells.z], ladder[cells.w]));
  let next = cells + 1u;
  let scale = bitcast<vec4f>(vec4u(ladder[next.x], ladder[next.y], ladder[next.z], ladder[next.w]));
  for (var channel = 0u; channel < CHANNELS; channel++) {
    if (channel > 0u) { there = 0u; }  // a category's pixels were counted with the first channel
    var slot = 0u;
    var a = Run(0u, 0u);
    var b = a;
    var c = a;
    var d = a;
    var row = 0u;
    var line = image * params.height * params.width;
    var below = across(line, between);
    for (var r = 0u; r < params.height; r++) {
      let above = below;
      if (r + 1u < params.height) {
        line += params.width;
        below = across(line, between);
      }
      // Nothing between two ends below the lowest level exceeds it, with room for what `mix` may
      // round: on to the rows that may lie further down.
      let room = 1e-6 * max(abs(above), abs(below)) + 1e-37;
      var highest = max(above, below);
      if (FADES) { highest = max(highest, vec4f()); }
      if ((a.bucket | b.bucket | c.bucket | d.bucket) == 0u && all(highest + room < first)) {
        let next = (f32(r) + 1.5) * params.reachRows / f32(params.height) - 0.51 + params.originRows;
        row = max(row, u32(ceil(max(0.0, next))));
      }
      for (; row < params.rows; row++) {
        let at = place(row, params.height, params.reachRows, params.originRows);
        if (u32(at) > r) { break; }
        // Every number lies between the ends of the levels.
        let held = down(above, below, at - f32(r), row, params.reachRows, params.originRows);
        let v = clamp(held, vec4f(-3.4e38), vec4f(3.4e38));
        let here = slots[((image * CHANNELS + channel) * params.rows + row) * params.columns + column];
        if (here != slot) {
          count(base, slot, there, unit.x, a);
          count(base, slot, there, unit.y, b);
          count(base, slot, there, unit.z, c);
          count(base, slot, there, unit.w, d);
          slot = here;
          a.length = 0u;
          b.length = 0u;
          c.length = 0u;
          d.length = 0u;
        }
        extend(&a, base, slot, there, unit.x, bucketOf(unit.x, v.x, first.x, start.x, scale.x));
        extend(&b, base, slot, there, unit.y, bucketOf(unit.y, v.y, first.y, start.y, scale.y));
        extend(&c, base, slot, there, unit.z, bucketOf(unit.z, v.z, first.z, start.z, scale.z));
        extend(&d, base, slot, there, unit.w, bucketOf(unit.w, v.w, first.w, start.w, scale.w));
      }
    }
    count(base, slot, there, unit.x, a);
    count(base, slot, there, unit.y, b);
    count(base, slot, there, unit.z, c);
    count(base, slot, there, unit.w, d);
  }
}
