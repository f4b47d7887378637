// A column of a grid that is laid over the kernel's `x` [n, height, width, units], four units of
// it: bilinear with half-pixel centres and clamped borders (spec §3.4).

// Where pixel i lies among `extent`, which so many pixels (`reach`) would cover: more than there
// are where the grid shows a part, from the top left corner. (A GPU's division may round: no detour
// where nothing is to be done.)
fn place(i: u32, extent: u32, reach: f32) -> f32 {
  if (f32(extent) == reach) { return f32(i); }
  return clamp((f32(i) + 0.5) * f32(extent) / reach - 0.5, 0.0, f32(extent) - 1.0);
}

// The two of x's columns that it lies between, as vec4s from a row's first, and how far it is from
// the left one to the right one.
struct Column { left: u32, right: u32, f: f32 }

fn columnAt(column: u32, reach: f32, four: u32) -> Column {
  let fours = params.units / 4u;
  let source = place(column, params.width, reach);
  let left = u32(source);
  let right = min(left + 1u, params.width - 1u);
  return Column(left * fours + four, right * fours + four, source - f32(left));
}

// What it holds in the row of x that begins with pixel `line`.
fn across(line: u32, column: Column) -> vec4f {
  let start = line * (params.units / 4u);
  return mix(x[start + column.left], x[start + column.right], column.f);
}
