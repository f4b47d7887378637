// An RGB image [n, height, width, RGB_] in [−1,1] as a network's input: values 0…range in the
// network's channel order, minus a mean, over a deviation, resized by adaptive average pooling (the
// mean over the input pixels an output pixel touches).
// use adaptive
const BGR: bool = false;

struct Params {
  inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32, total: u32,
  range: f32,
  mean0: f32, mean1: f32, mean2: f32,
  deviation0: f32, deviation1: f32, deviation2: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let column = at % params.outWidth;
  let row = (at / params.outWidth) % params.outHeight;
  let image = at / params.outWidth / params.outHeight;
  let rows = touched(row, params.outHeight, params.inHeight);
  let columns = touched(column, params.outWidth, params.inWidth);
  var sum = vec3f();
  for (var i = rows.x; i < rows.y; i++) {
    for (var j = columns.x; j < columns.y; j++) {
      sum += (x[(image * params.inHeight + i) * params.inWidth + j].xyz + 1.0) / 2.0 * params.range;
    }
  }
  var v = sum / f32((rows.y - rows.x) * (columns.y - columns.x));
  if (BGR) { v = v.zyx; }
  let mean = vec3f(params.mean0, params.mean1, params.mean2);
  let deviation = vec3f(params.deviation0, params.deviation1, params.deviation2);
  y[at] = vec4f((v - mean) / deviation, 0.0);
}
