// Adaptive average pooling of x [n, inHeight, inWidth, channels] to [n, outHeight, outWidth,
// channels]: each output is the mean over the inputs it touches, rows ⌊i·in/out⌋ to ⌈(i+1)·in/out⌉
// − 1 and likewise columns (PyTorch's definition). Where the extents divide, it is plain average
// pooling without overlap.
// use adaptive
struct Params {
  vectors: u32, inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32, total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let column = (at / params.vectors) % params.outWidth;
  let row = (at / params.vectors / params.outWidth) % params.outHeight;
  let image = at / params.vectors / params.outWidth / params.outHeight;
  let rows = touched(row, params.outHeight, params.inHeight);
  let columns = touched(column, params.outWidth, params.inWidth);
  var sum = vec4f();
  for (var i = rows.x; i < rows.y; i++) {
    // By rows: sums of sums stay short, and their error small.
    var line = vec4f();
    for (var j = columns.x; j < columns.y; j++) {
      line += x[((image * params.inHeight + i) * params.inWidth + j) * params.vectors + c];
    }
    sum += line;
  }
  y[at] = sum / f32((rows.y - rows.x) * (columns.y - columns.x));
}
