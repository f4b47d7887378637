// The adjoint of spread.wgsl: tap k of pixel i of dt [n, inHeight, inWidth, 9, channels] gathers
// dy, shifted back by the tap, from the pixels that were interpolated from it.
// use bilinear-back
struct Params {
  vectors: u32, inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32, total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dt: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let k = (at / params.vectors) % 9u;
  let pixel = at / params.vectors / 9u;
  let column = pixel % params.inWidth;
  let row = (pixel / params.inWidth) % params.inHeight;
  let image = pixel / params.inWidth / params.inHeight;
  let rows = outputs(row, params.inHeight, params.outHeight);
  let columns = outputs(column, params.inWidth, params.outWidth);
  var sum = vec4f();
  for (var i = rows.x; i < rows.y; i++) {
    let y = i + 1u - k / 3u;  // a negative one is a large u32
    let down = share(row, neighbours(i, params.inHeight, params.outHeight));
    if (down == 0.0 || y >= params.outHeight) { continue; }
    let line = (image * params.outHeight + y) * params.outWidth;
    var across = vec4f();
    for (var j = columns.x; j < columns.y; j++) {
      let x = j + 1u - k % 3u;
      if (x >= params.outWidth) { continue; }
      across += share(column, neighbours(j, params.inWidth, params.outWidth)) * dy[(line + x) * params.vectors + c];
    }
    sum += down * across;
  }
  dt[at] = sum;
}
