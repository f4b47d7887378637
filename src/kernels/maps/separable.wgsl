// Each row of y is a weighted sum of rows of x [n, inHeight, inWidth, channels], each column one of
// columns: pooling, resizing, padding and cropping alike. A row of a table is as many taps (where,
// weight) as the longest needs; the first of weight 0 ends it. Pixels without any tap are `fill`.
// use inside
struct Params {
  vectors: u32, channels: u32, inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32,
  down: u32, across: u32,  // taps in a row of each table
  total: u32, fill: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> rows: array<vec2f>;
@group(0) @binding(3) var<storage, read> columns: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let column = (at / params.vectors) % params.outWidth * params.across;
  let row = (at / params.vectors / params.outWidth) % params.outHeight * params.down;
  let image = at / params.vectors / params.outWidth / params.outHeight;
  if (rows[row].y == 0.0 || columns[column].y == 0.0) {
    y[at] = select(vec4f(), vec4f(params.fill), inside(c, params.channels));
    return;
  }
  var sum = vec4f();
  for (var i = row; i < row + params.down; i++) {
    let down = rows[i];
    if (down.y == 0.0) { break; }
    let line = (image * params.inHeight + u32(down.x)) * params.inWidth;
    var across = vec4f();
    for (var j = column; j < column + params.across; j++) {
      let tap = columns[j];
      if (tap.y == 0.0) { break; }
      across += tap.y * x[(line + u32(tap.x)) * params.vectors + c];
    }
    sum += down.y * across;
  }
  y[at] = sum;
}
