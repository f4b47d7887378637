// Adaptive average pooling of x [n, inHeight, inWidth, channels] to [n, outHeight, outWidth, channels]: each output is the
// mean over the inputs it touches, rows ⌊i·in/out⌋ to ⌈(i+1)·in/out⌉ − 1 and likewise columns (PyTorch's definition).
// Where the extents divide, it is plain average pooling without overlap.
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
  let top = row * params.inHeight / params.outHeight;
  let bottom = ((row + 1u) * params.inHeight + params.outHeight - 1u) / params.outHeight;
  let left = column * params.inWidth / params.outWidth;
  let right = ((column + 1u) * params.inWidth + params.outWidth - 1u) / params.outWidth;
  var sum = vec4f();
  for (var i = top; i < bottom; i++) {
    // By rows: sums of sums stay short, and their error small.
    var line = vec4f();
    for (var j = left; j < right; j++) {
      line += x[((image * params.inHeight + i) * params.inWidth + j) * params.vectors + c];
    }
    sum += line;
  }
  y[at] = sum / f32((bottom - top) * (right - left));
}
