// Joint counts of units and concepts at every level at once. A pixel's bucket is the number of levels its activation
// exceeds (strictly), so suffix sums over buckets give every intersection and every active area exactly; see
// dissect/counts.ts. x [n, height, width, units] is looked at on the labels' grid of size × size: bilinear with
// half-pixel centres and clamped borders (spec §3.4). One invocation walks down one column of the grid for one unit, so
// that an activation is one `mix` of two ends that hold for all rows between two of x, and runs of pixels of one
// concept and bucket are counted at once. relabel.wgsl gives each label its slot.
const CHANNELS = 1;    // labels a pixel can have at once
const CATEGORIES = 1;  // at most 32
const ACROSS = true;   // neighbouring invocations: columns, which find buckets alike, or units, which lie together in memory

struct Params {
  units: u32,
  levels: u32,
  height: u32,
  width: u32,
  size: u32,
  total: u32,  // invocations
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> slots: array<u32>;   // [n, CHANNELS, size, size], from 1 on; 0: not counted
@group(0) @binding(3) var<storage, read> batch: array<u32>;    // index of the batch's first image, how many are valid
@group(0) @binding(4) var<storage, read> present: array<u32>;  // [n, CATEGORIES]
@group(0) @binding(5) var<storage, read> level: array<f32>;    // [1 + levels + 1, units], ascending; the ends are beyond all
@group(0) @binding(6) var<storage, read_write> histogram: array<atomic<u32>>;  // [CATEGORIES + slots, units, buckets from 1 on]

// Where pixel i of `size` lies among `extent`. (A GPU's division may round: no detour where nothing is to be done.)
fn place(i: u32, extent: u32, size: u32) -> f32 {
  if (extent == size) { return f32(i); }
  return clamp((f32(i) + 0.5) * f32(extent) / f32(size) - 0.5, 0.0, f32(extent) - 1.0);
}

fn add(row: u32, unit: u32, bucket: u32, length: u32) {
  atomicAdd(&histogram[(row * params.units + unit) * params.levels + bucket - 1u], length);
}

// Counts a run; bucket 0 exceeds nothing.
fn count(slot: u32, there: u32, unit: u32, bucket: u32, length: u32) {
  if (bucket == 0u || length == 0u) { return; }
  if (slot > 0u) { add(CATEGORIES + slot - 1u, unit, bucket, length); }
  if ((there & 1u) != 0u) { add(0u, unit, bucket, length); }
  if (CATEGORIES > 1) {  // what a CPU need not compile
    for (var k = 1u; k < CATEGORIES; k++) {
      if ((there & (1u << k)) != 0u) { add(k, unit, bucket, length); }
    }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = id.x + id.y * groups.x * 64u;
  if (flat >= params.total) { return; }
  let image = flat / params.units / params.size;
  if (image >= batch[1]) { return; }
  var unit = flat % params.units;
  var column = (flat / params.units) % params.size;
  if (ACROSS) {
    column = flat % params.size;
    unit = (flat / params.size) % params.units;
  }
  var there = 0u;  // categories in the image, a bit each
  for (var k = 0u; k < CATEGORIES; k++) {
    there |= select(0u, 1u << k, present[image * CATEGORIES + k] != 0u);
  }
  let source = place(column, params.width, params.size);
  let left = u32(source);
  let right = min(left + 1u, params.width - 1u);
  let f = source - f32(left);
  for (var channel = 0u; channel < CHANNELS; channel++) {
    if (channel > 0u) { there = 0u; }  // a category's pixels were counted with the first channel
    var slot = 0u;
    var bucket = 0u;
    var length = 0u;  // of the run of pixels of one slot and bucket
    var low = level[unit];  // what the run's activations exceed, and what they do not
    var high = level[params.units + unit];
    var row = 0u;
    var line = image * params.height * params.width;
    var below = mix(x[(line + left) * params.units + unit], x[(line + right) * params.units + unit], f);
    for (var r = 0u; r < params.height; r++) {
      let above = below;
      if (r + 1u < params.height) {
        line += params.width;
        below = mix(x[(line + left) * params.units + unit], x[(line + right) * params.units + unit], f);
      }
      // Nothing between two ends below the lowest level exceeds it, with room for what `mix` may round: on to the rows
      // that may lie further down.
      let room = 1e-6 * max(abs(above), abs(below)) + 1e-37;
      if (bucket == 0u && max(above, below) + room < high) {
        row = max(row, u32(ceil(max(0.0, (f32(r) + 1.5) * f32(params.size) / f32(params.height) - 0.51))));
      }
      for (; row < params.size; row++) {
        let down = place(row, params.height, params.size);
        if (u32(down) > r) { break; }
        // Every number lies between the ends of the levels.
        let v = clamp(mix(above, below, down - f32(r)), -3.4e38, 3.4e38);
        let here = slots[((image * CHANNELS + channel) * params.size + row) * params.size + column];
        if (here != slot || v <= low || v > high) {
          count(slot, there, unit, bucket, length);
          slot = here;
          length = 0u;
          while (v > high) {
            bucket++;
            low = high;
            high = level[(bucket + 1u) * params.units + unit];
          }
          while (v <= low) {
            bucket--;
            high = low;
            low = level[bucket * params.units + unit];
          }
        }
        length++;
      }
    }
    count(slot, there, unit, bucket, length);
  }
}
