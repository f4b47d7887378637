// First and second moments of each unit's activation over a strip of columns of one image, and its
// sum over each slot's label, as partial sums a strip: [strips, 2 + slots, units]. x is looked at
// on the labels' grid, column by column, as in count.wgsl. One invocation walks one strip in a
// fixed order, so that the result does not depend on the batch, four units at a time, which share
// the grid and the labels. relabel.wgsl gives each label its slot.
// use column
struct Params {
  units: u32,
  sumRows: u32,   // 2 + slots
  channels: u32,  // labels a pixel can have at once
  height: u32,
  width: u32,
  rows: u32,      // of the grid
  columns: u32,
  reachRows: f32,  // that would cover x
  reachColumns: f32,
  originRows: f32,  // where x begins
  originColumns: f32,
  strips: u32,    // of an image
  first: u32,     // index of the first strip to sum up
  count: u32,     // how many
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;    // [n, height, width, units]
// [n, channels, gridRows, gridColumns], from 1 on; 0: not summed up
@group(0) @binding(2) var<storage, read> slots: array<u32>;
@group(0) @binding(3) var<storage, read> batch: array<u32>;
// rows: Σv, Σv², Σv over each slot from 1 on
@group(0) @binding(4) var<storage, read_write> partial: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = id.x + id.y * groups.x * 64u;
  let fours = params.units / 4u;
  if (flat >= fours * params.count) { return; }
  let four = flat % fours;
  let index = flat / fours;
  let image = (params.first + index) / params.strips;
  let strip = (params.first + index) % params.strips;
  let base = index * params.sumRows * fours + four;
  for (var i = 0u; i < params.sumRows; i++) { partial[base + i * fours] = vec4f(); }
  if (image >= batch[1]) { return; }
  let end = (strip + 1u) * params.columns / params.strips;
  for (var channel = 0u; channel < params.channels; channel++) {
    var sum = vec4f();
    var squares = vec4f();
    for (var column = strip * params.columns / params.strips; column < end; column++) {
      let between = columnAt(column, params.reachColumns, params.originColumns, four);
      var line = image * params.height * params.width;
      var r = 0u;  // the row of x above
      var above = across(line, between);
      var below = above;
      if (params.height > 1u) {
        line += params.width;
        below = across(line, between);
      }
      var slot = 0u;
      var run = vec4f();
      var columnSum = vec4f();
      var columnSquares = vec4f();
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
        let v = down(above, below, at - f32(r), row, params.reachRows, params.originRows);
        let here = slots[((image * params.channels + channel) * params.rows + row) * params.columns + column];
        if (here != slot) {
          if (slot > 0u) { partial[base + (1u + slot) * fours] += run; }
          slot = here;
          run = vec4f();
        }
        run += v;
        columnSum += v;
        columnSquares += v * v;
      }
      // Two stages keep the sums short: a column, then all.
      if (slot > 0u) { partial[base + (1u + slot) * fours] += run; }
      sum += columnSum;
      squares += columnSquares;
    }
    if (channel == 0u) {
      partial[base] = sum;
      partial[base + fours] = squares;
    }
  }
}
