// The adjoint of resize.wgsl: every pixel of dx [n, inHeight, inWidth, channels] gathers from the
// pixels of dy that were interpolated from it, with the same weights. A slice of dy's channels
// becomes a slice of dx's, whose others are zero; with ADD onto another map of dx's shape.
// use bilinear-back
const ADD: bool = false;

struct Params {
  inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32,
  vectors: u32,                    // of the slice
  inVectors: u32, inFirst: u32,    // of all of dx, and where the slice goes
  outVectors: u32, outFirst: u32,  // of all of dy, and where it begins
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> addend: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.inVectors - params.inFirst;  // a negative one is a large u32
  let column = (at / params.inVectors) % params.inWidth;
  let row = (at / params.inVectors / params.inWidth) % params.inHeight;
  let image = at / params.inVectors / params.inWidth / params.inHeight;
  var sum = vec4f();
  if (c < params.vectors) {
    let rows = outputs(row, params.inHeight, params.outHeight);
    let columns = outputs(column, params.inWidth, params.outWidth);
    for (var i = rows.x; i < rows.y; i++) {
      let down = share(row, neighbours(i, params.inHeight, params.outHeight));
      if (down == 0.0) { continue; }
      let line = (image * params.outHeight + i) * params.outWidth;
      var across = vec4f();
      for (var j = columns.x; j < columns.y; j++) {
        let weight = share(column, neighbours(j, params.inWidth, params.outWidth));
        across += weight * dy[(line + j) * params.outVectors + params.outFirst + c];
      }
      sum += down * across;
    }
  }
  if (ADD) { sum += addend[at]; }
  dx[at] = sum;
}
