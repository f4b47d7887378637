// Max pooling of any window over x [n, inHeight, inWidth, channels]; beyond the map there is
// nothing, and a window that sees nothing is 0.
struct Params {
  vectors: u32, inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32,
  kernelHeight: u32, kernelWidth: u32, strideDown: u32, strideAcross: u32,
  dilationDown: u32, dilationAcross: u32, padTop: i32, padLeft: i32,
  total: u32,
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
  var best = vec4f();
  var found = false;
  for (var i = 0u; i < params.kernelHeight; i++) {
    let down = i32(row * params.strideDown + i * params.dilationDown) - params.padTop;
    if (down < 0 || down >= i32(params.inHeight)) { continue; }
    for (var j = 0u; j < params.kernelWidth; j++) {
      let across = i32(column * params.strideAcross + j * params.dilationAcross) - params.padLeft;
      if (across < 0 || across >= i32(params.inWidth)) { continue; }
      let pixel = (image * params.inHeight + u32(down)) * params.inWidth + u32(across);
      let v = x[pixel * params.vectors + c];
      best = select(v, max(best, v), found);
      found = true;
    }
  }
  y[at] = best;
}
