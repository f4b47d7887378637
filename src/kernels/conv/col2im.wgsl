// Last step of a transposed convolution: every output is the sum of the taps' products that fall on
// it, with bias and activation. t is [pixel of the input][tap][channel]; the product of pixel p
// with tap k falls on p · stride + k · dilation − pad. An invocation computes four channels of four
// outputs of a row: where a pixel lies costs a CPU more than what is added up there.
// use activation
const ACTIVATION: u32 = 0;
// Known when it is compiled, because of the divisions.
const KERNEL_HEIGHT: u32 = 1;
const KERNEL_WIDTH: u32 = 1;
const STRIDE_DOWN: u32 = 1;
const STRIDE_ACROSS: u32 = 1;
// From one tap that reaches an output to the next one: stride / gcd(stride, dilation).
const STEP_DOWN: u32 = 1;
const STEP_ACROSS: u32 = 1;

struct Params {
  height: u32, width: u32,  // of y
  inHeight: u32, inWidth: u32,
  vectors: u32,             // channels / 4 of t,
  outVectors: u32,          // of y,
  firstVector: u32,         // and where t's begin among y's
  firstImage: u32,          // of y, with which t begins
  dilationDown: u32, dilationAcross: u32,
  padTop: i32, padLeft: i32,
  blocks: u32,              // ⌈width / 4⌉
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> t: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

// The first tap that comes from a pixel to a place; no tap where there is none.
fn first(place: u32, stride: u32, dilation: u32, step: u32) -> u32 {
  for (var k = 0u; k < step; k++) {
    // place − k · dilation
    if ((place + k * dilation * (stride - 1u)) % stride == 0u) { return k; }
  }
  return 0xffffffffu;
}

// What a row of the input adds to an output by its taps `tap`.
fn line(row: u32, tap: u32, column: i32, c: u32) -> vec4f {
  var sum = vec4f();
  if (column < 0) { return sum; }
  let start = row * params.inWidth;
  for (var j = first(u32(column), STRIDE_ACROSS, params.dilationAcross, STEP_ACROSS); j < KERNEL_WIDTH; j += STEP_ACROSS) {
    let across = column - i32(j * params.dilationAcross);
    let q = u32(across) / STRIDE_ACROSS;
    if (across >= 0 && q < params.inWidth) {
      sum += t[((start + q) * KERNEL_HEIGHT * KERNEL_WIDTH + tap + j) * params.vectors + c];
    }
  }
  return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let rest = at / params.vectors;
  let begin = (rest % params.blocks) * 4u;
  let row = (rest / params.blocks) % params.height;
  let image = rest / params.blocks / params.height;
  let b = bias[params.firstVector + c];
  var a0 = b; var a1 = b; var a2 = b; var a3 = b;
  let place = i32(row) + params.padTop;
  let column = i32(begin) + params.padLeft;
  if (place >= 0) {
    for (var i = first(u32(place), STRIDE_DOWN, params.dilationDown, STEP_DOWN); i < KERNEL_HEIGHT; i += STEP_DOWN) {
      let down = place - i32(i * params.dilationDown);
      let p = u32(down) / STRIDE_DOWN;
      if (down < 0 || p >= params.inHeight) { continue; }
      let above = image * params.inHeight + p;
      a0 += line(above, i * KERNEL_WIDTH, column, c);
      a1 += line(above, i * KERNEL_WIDTH, column + 1, c);
      a2 += line(above, i * KERNEL_WIDTH, column + 2, c);
      a3 += line(above, i * KERNEL_WIDTH, column + 3, c);
    }
  }
  let v = params.outVectors;
  let to = (((params.firstImage + image) * params.height + row) * params.width + begin) * v + params.firstVector + c;
  y[to] = activated(a0, ACTIVATION);
  if (begin + 1u < params.width) { y[to + v] = activated(a1, ACTIVATION); }
  if (begin + 2u < params.width) { y[to + 2u * v] = activated(a2, ACTIVATION); }
  if (begin + 3u < params.width) { y[to + 3u * v] = activated(a3, ACTIVATION); }
}
