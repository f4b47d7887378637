// How the convolution kernels of software adapters, which have no workgroup memory, find a pixel's
// inputs and store its sums.
// use conv-operands
const POINT: bool = false;  // a kernel of 1×1 with stride 1: pixels are read where they are written

// Where pixel p of the walked grid starts reading: its top left tap's row and column, and its
// image's first pixel.
fn origin(p: u32, pad: vec2i) -> vec3i {
  let q = params.first + min(p, params.pixels - 1u);
  if (POINT) { return vec3i(0, 0, i32(q)); }  // without a division, which a CPU makes lane by lane
  return window(q, vec2u(params.strideDown, params.strideAcross), pad);
}

fn inside(o: vec3i, tap: vec2i) -> bool {
  // A negative one is a large u32.
  return all(vec2u(o.xy + tap) < vec2u(params.inHeight, params.inWidth));
}

fn offset(o: vec3i, tap: vec2i, matrix: u32) -> u32 {
  if (POINT) { return (matrix * params.xStride + u32(o.z)) * params.inVectors; }
  let at = clamp(o.xy + tap, vec2i(), vec2i(i32(params.inHeight), i32(params.inWidth)) - 1);
  return (matrix * params.xStride + u32(o.z + at.x * i32(params.inWidth) + at.y)) * params.inVectors;
}

fn store(p: u32, matrix: u32, vector: u32, sum: vec4f) {
  if (p >= params.pixels || vector >= params.outVectors) { return; }
  var row = matrix * params.yStride + p;
  if (params.scale == 2u) { row = interleaved(p, matrix); }
  let at = row * params.outVectors + vector;
  y[at] = finish(sum, at);
}
