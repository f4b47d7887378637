// A column of a grid that is laid over the kernel's `x` [n, height, width, units], four units of
// it: bilinear between the centres of cells (spec §3.4).
// zeros around x, into which it fades over a cell's width; else its borders go on
const FADES = false;

// Where pixel i lies among `extent` cells, which `reach` pixels from `origin` on would cover: more
// than there are where the grid shows a part, from the top left corner.
fn unbounded(i: u32, extent: u32, reach: f32, origin: f32) -> f32 {
  return (f32(i) + 0.5 - origin) * f32(extent) / reach - 0.5;
}

// The same within the cells' centres. (A GPU's division may round: no detour where nothing is to be
// done.)
fn place(i: u32, extent: u32, reach: f32, origin: f32) -> f32 {
  if (f32(extent) == reach && origin == 0.0) { return f32(i); }
  return clamp(unbounded(i, extent, reach, origin), 0.0, f32(extent) - 1.0);
}

// What is left of the cells at pixel i: less than all from the outermost centres on.
fn remaining(i: u32, extent: u32, reach: f32, origin: f32) -> f32 {
  let at = unbounded(i, extent, reach, origin);
  return clamp(min(at + 1.0, f32(extent) - at), 0.0, 1.0);
}

// The two of x's columns that it lies between, as vec4s from a row's first, how far it is from the
// left one to the right one, and what is left of both.
struct Column { left: u32, right: u32, f: f32, share: f32 }

fn columnAt(column: u32, reach: f32, origin: f32, four: u32) -> Column {
  let fours = params.units / 4u;
  let source = place(column, params.width, reach, origin);
  let left = u32(source);
  let right = min(left + 1u, params.width - 1u);
  var share = 1.0;
  if (FADES) { share = remaining(column, params.width, reach, origin); }
  return Column(left * fours + four, right * fours + four, source - f32(left), share);
}

// What it holds in the row of x that begins with pixel `line`.
fn across(line: u32, column: Column) -> vec4f {
  let start = line * (params.units / 4u);
  let v = mix(x[start + column.left], x[start + column.right], column.f);
  if (FADES) { return v * column.share; }
  return v;
}

// What it holds at pixel `row`, of what it holds in the rows above and below, `f` between them.
fn down(above: vec4f, below: vec4f, f: f32, row: u32, reach: f32, origin: f32) -> vec4f {
  let v = mix(above, below, f);
  if (FADES) { return v * remaining(row, params.height, reach, origin); }
  return v;
}
