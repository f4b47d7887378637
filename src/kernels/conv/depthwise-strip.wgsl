// Depthwise convolution without a stride, as in depthwise.wgsl, for software adapters, where loads
// cost more than what is done with them: an invocation walks down a strip of four columns, adds
// every row it loads to the KERNEL outputs which that row reaches, and keeps all weights. Columns
// and rows of a strip are `dilation` apart, as their taps are.
// use activation
const KERNEL: u32 = 3;      // 3 or 5
const ACTIVATION: u32 = 0;

struct Params {
  height: u32, width: u32,   // of y
  inHeight: u32, inWidth: u32,
  vectors: u32,  // channels / 4
  dilation: u32,
  padTop: i32, padLeft: i32,
  blocks: u32,   // strips side by side
  strips: u32,   // and below each other
  rows: u32,     // outputs down a strip
  total: u32,    // n × strips × blocks × vectors
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

// A row of weights; of five the first KERNEL count.
fn taps(row: u32, c: u32) -> array<vec4f, 5> {
  let v = params.vectors;
  let at = row * KERNEL * v + c;
  var w = array(weight[at], weight[at + v], weight[at + 2u * v], vec4f(), vec4f());
  if (KERNEL == 5u) {
    w[3] = weight[at + 3u * v];
    w[4] = weight[at + 4u * v];
  }
  return w;
}

fn dot5(w: array<vec4f, 5>, x0: vec4f, x1: vec4f, x2: vec4f, x3: vec4f, x4: vec4f) -> vec4f {
  let sum = w[0] * x0 + w[1] * x1 + w[2] * x2;
  if (KERNEL == 5u) { return sum + w[3] * x3 + w[4] * x4; }
  return sum;
}

// Four outputs and what a row of inputs adds to them.
fn add(a: array<vec4f, 4>, w: array<vec4f, 5>, x: array<vec4f, 8>) -> array<vec4f, 4> {
  return array(
    a[0] + dot5(w, x[0], x[1], x[2], x[3], x[4]),
    a[1] + dot5(w, x[1], x[2], x[3], x[4], x[5]),
    a[2] + dot5(w, x[2], x[3], x[4], x[5], x[6]),
    a[3] + dot5(w, x[3], x[4], x[5], x[6], x[7]),
  );
}

fn load(line: u32, column: i32, c: u32) -> vec4f {
  let inside = u32(column) < params.inWidth;  // a negative one is a large u32
  return select(vec4f(), x[(line + select(0u, u32(column), inside)) * params.vectors + c], inside);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let d = params.dilation;
  let c = at % params.vectors;
  let across = (at / params.vectors) % params.blocks;
  let down = (at / params.vectors / params.blocks) % params.strips;
  let image = at / params.vectors / params.blocks / params.strips;
  let column = (across / d) * (4u * d) + (across % d);
  let row = (down / d) * (params.rows * d) + (down % d);
  if (row >= params.height) { return; }
  let rows = min(params.rows, (params.height - row + d - 1u) / d);

  let b = bias[c];
  let none = array(b, b, b, b);
  let w0 = taps(0u, c);
  let w1 = taps(1u, c);
  let w2 = taps(2u, c);
  var w3 = array<vec4f, 5>();
  var w4 = array<vec4f, 5>();
  if (KERNEL == 5u) {
    w3 = taps(3u, c);
    w4 = taps(4u, c);
  }
  // The outputs which the row of inputs reaches by its first, second, … row of weights.
  var a0 = none;
  var a1 = none;
  var a2 = none;
  var a3 = none;
  var a4 = none;
  for (var k = 0u; k < rows + KERNEL - 1u; k++) {
    let above = i32(row + k * d) - params.padTop;
    if (above >= 0 && above < i32(params.inHeight)) {
      let line = (image * params.inHeight + u32(above)) * params.inWidth;
      let left = i32(column) - params.padLeft;
      let apart = i32(d);
      var v = array<vec4f, 8>();
      v[0] = load(line, left, c);
      v[1] = load(line, left + apart, c);
      v[2] = load(line, left + 2 * apart, c);
      v[3] = load(line, left + 3 * apart, c);
      v[4] = load(line, left + 4 * apart, c);
      v[5] = load(line, left + 5 * apart, c);
      if (KERNEL == 5u) {
        v[6] = load(line, left + 6 * apart, c);
        v[7] = load(line, left + 7 * apart, c);
      }
      a0 = add(a0, w0, v);
      a1 = add(a1, w1, v);
      a2 = add(a2, w2, v);
      if (KERNEL == 5u) {
        a3 = add(a3, w3, v);
        a4 = add(a4, w4, v);
      }
    }
    if (k + 1u >= KERNEL) {
      var done = a2;
      if (KERNEL == 5u) { done = a4; }
      let to = (image * params.height + row + (k + 1u - KERNEL) * d) * params.width;
      for (var p = 0u; p < 4u; p++) {
        let q = column + p * d;
        if (q < params.width) { y[(to + q) * params.vectors + c] = activated(done[p], ACTIVATION); }
      }
    }
    a4 = a3; a3 = a2; a2 = a1; a1 = a0; a0 = none;
  }
}
