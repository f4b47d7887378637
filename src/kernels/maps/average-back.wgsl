// The adjoint of adaptive average pooling: pixel i of dx [n, inHeight, inWidth, channels] was part
// of the outputs ⌊i·out/in⌋ to ⌈(i+1)·out/in⌉ − 1, of each with one over its area. And of what
// preprocess.wgsl does to channels: a factor for each, and their order.
// use adaptive
const BGR: bool = false;

struct Params {
  vectors: u32, inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32, total: u32,
  factor0: f32, factor1: f32, factor2: f32, factor3: f32,  // of dx's channels
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let column = (at / params.vectors) % params.inWidth;
  let row = (at / params.vectors / params.inWidth) % params.inHeight;
  let image = at / params.vectors / params.inWidth / params.inHeight;
  let rows = touched(row, params.inHeight, params.outHeight);
  let columns = touched(column, params.inWidth, params.outWidth);
  var sum = vec4f();
  for (var i = rows.x; i < rows.y; i++) {
    let down = touched(i, params.outHeight, params.inHeight);
    let line = (image * params.outHeight + i) * params.outWidth;
    for (var j = columns.x; j < columns.y; j++) {
      let across = touched(j, params.outWidth, params.inWidth);
      sum += dy[(line + j) * params.vectors + c] / f32((down.y - down.x) * (across.y - across.x));
    }
  }
  if (BGR) { sum = sum.zyxw; }
  dx[at] = sum * vec4f(params.factor0, params.factor1, params.factor2, params.factor3);
}
