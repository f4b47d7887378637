// Convolution as an implicit matrix product with tiles in workgroup memory: a workgroup computes
// PIXELS × 4 VECTORS outputs, each invocation 8 × 8 of them; 16 input channels of one tap are
// staged at a time. For GPUs. Feature maps are [n, height, width, channels]; weights are
// [phase][tap][input channel][output channel]. With scale 2 it is nearest-neighbour upsampling
// followed by a 3×3 convolution, as four 2×2 convolutions, the phases. A product of matrices is a
// 1×1 convolution of a map of one row; a batch of them lies xStride and yStride apart. With split >
// 1 every part sums a share of the taps and channels only, for conv-sum.wgsl to add.
// use conv-operands
const PIXELS: u32 = 64;   // of a tile: 64 or 128
const VECTORS: u32 = 16;  // output channels / 4 of a tile: 16 or 32
// As params say, but known when it is compiled: dividing by them would be a twentieth of the work.
const KERNEL_HEIGHT: u32 = 1;
const KERNEL_WIDTH: u32 = 1;
const STRIDE_DOWN: u32 = 1;
const STRIDE_ACROSS: u32 = 1;
const SCALE: u32 = 1;

const DEPTH: u32 = 4;     // input channels / 4 staged at a time
const GROUPS: u32 = PIXELS / 4;
const LANES: u32 = PIXELS * VECTORS / 16;

var<workgroup> inputs: array<vec4f, DEPTH * 4 * GROUPS>;    // [channel][pixel / 4, but see main]
var<workgroup> weights: array<vec4f, DEPTH * 4 * VECTORS>;  // [channel][output channel / 4]

// Where pixel p of the walked grid starts reading: its top left tap's row and column, and its
// image's first pixel. Pixels beyond the last one start far outside.
fn origin(p: u32, pad: vec2i) -> vec3i {
  if (p >= params.pixels) { return vec3i(-(1 << 30)); }
  return window(params.first + p, vec2u(STRIDE_DOWN, STRIDE_ACROSS), pad);
}

// Four channels `c` of the pixel `at` of an image; zero outside.
fn load(at: vec2i, image: i32, c: u32) -> vec4f {
  let inside = all(at >= vec2i()) && at.x < i32(params.inHeight) && at.y < i32(params.inWidth) && c < params.inVectors;
  if (!inside) { return vec4f(); }
  return x[u32(image + at.x * i32(params.inWidth) + at.y) * params.inVectors + c];
}

fn store(p: u32, plane: u32, phase: u32, vector: u32, sum: vec4f) {
  if (p >= params.pixels || vector >= params.outVectors) { return; }
  var row = p;
  if (SCALE == 2u) { row = interleaved(p, phase); }
  let at = (plane + row) * params.outVectors + vector;
  let b = select(vec4f(), bias[vector], params.biased == 1u);
  y[at] = finish(sum + b, at);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let columns = (params.outVectors + VECTORS - 1u) / VECTORS;
  let flat = group.x + group.y * groups.x;
  let firstPixel = (flat / columns) * PIXELS;
  let firstVector = (flat % columns) * VECTORS;
  let matrix = group.z / params.split;
  let part = group.z % params.split;
  let pad = padding(matrix, SCALE);
  let taps = KERNEL_HEIGHT * KERNEL_WIDTH;
  let blocks = (params.inVectors + DEPTH - 1u) / DEPTH;
  let begin = taps * blocks * part / params.split;
  let end = taps * blocks * (part + 1u) / params.split;

  // What this invocation stages: channels `d` of the four pixels of group `g`, transposed.
  // Consecutive invocations read consecutive channels and write rows apart; exchanging columns by
  // 2d puts them into different banks.
  let g = lane / DEPTH;
  let d = lane % DEPTH;
  let stages = g < GROUPS;
  let offset = vec3i(0, 0, i32(matrix * params.xStride));
  let o0 = origin(firstPixel + g * 4u, pad) + offset;
  let o1 = origin(firstPixel + g * 4u + 1u, pad) + offset;
  let o2 = origin(firstPixel + g * 4u + 2u, pad) + offset;
  let o3 = origin(firstPixel + g * 4u + 3u, pad) + offset;
  // What it computes: eight pixels from `px` on, channels of vectors `cv` and `cv + VECTORS / 2`.
  let px = lane / (VECTORS / 2u) * 2u;  // / 4
  let cv = lane % (VECTORS / 2u);

  var acc: array<vec4f, 16>;
  var t = begin / blocks;
  var c = begin % blocks * DEPTH;
  for (var step = begin; step < end; step++) {
    if (stages) {
      let tap = tapAt(t, KERNEL_WIDTH);
      let v0 = load(o0.xy + tap, o0.z, c + d);
      let v1 = load(o1.xy + tap, o1.z, c + d);
      let v2 = load(o2.xy + tap, o2.z, c + d);
      let v3 = load(o3.xy + tap, o3.z, c + d);
      let to = d * 4u * GROUPS + (g ^ (d * 2u));
      inputs[to] = vec4f(v0.x, v1.x, v2.x, v3.x);
      inputs[to + GROUPS] = vec4f(v0.y, v1.y, v2.y, v3.y);
      inputs[to + 2u * GROUPS] = vec4f(v0.z, v1.z, v2.z, v3.z);
      inputs[to + 3u * GROUPS] = vec4f(v0.w, v1.w, v2.w, v3.w);
    }
    for (var i = lane; i < DEPTH * 4u * VECTORS; i += LANES) {
      let channel = c * 4u + i / VECTORS;
      let vector = firstVector + i % VECTORS;
      var v = vec4f();
      if (channel < params.inVectors * 4u && vector < params.outVectors) {
        v = weightAt(((matrix * taps + t) * params.inVectors * 4u + channel) * params.outVectors + vector);
      }
      weights[i] = v;
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH * 4u; k++) {
      let pixels = k * GROUPS + (px ^ (k / 4u * 2u));
      let a = inputs[pixels];
      let b = inputs[pixels + 1u];
      let lo = weights[k * VECTORS + cv];
      let hi = weights[k * VECTORS + cv + VECTORS / 2u];
      acc[0] += a.x * lo; acc[1] += a.x * hi;
      acc[2] += a.y * lo; acc[3] += a.y * hi;
      acc[4] += a.z * lo; acc[5] += a.z * hi;
      acc[6] += a.w * lo; acc[7] += a.w * hi;
      acc[8] += b.x * lo; acc[9] += b.x * hi;
      acc[10] += b.y * lo; acc[11] += b.y * hi;
      acc[12] += b.z * lo; acc[13] += b.z * hi;
      acc[14] += b.w * lo; acc[15] += b.w * hi;
    }
    workgroupBarrier();
    c += DEPTH;
    if (c >= params.inVectors) {
      c = 0u;
      t++;
    }
  }

  // Written out, because sums that a variable chooses among lie in memory, unless a compiler
  // unrolls the loop.
  let plane = select(group.z, part, SCALE == 2u) * params.yStride;
  let p = firstPixel + px * 4u;
  let lo = firstVector + cv;
  let hi = lo + VECTORS / 2u;
  store(p + 0u, plane, matrix, lo, acc[0]); store(p + 0u, plane, matrix, hi, acc[1]);
  store(p + 1u, plane, matrix, lo, acc[2]); store(p + 1u, plane, matrix, hi, acc[3]);
  store(p + 2u, plane, matrix, lo, acc[4]); store(p + 2u, plane, matrix, hi, acc[5]);
  store(p + 3u, plane, matrix, lo, acc[6]); store(p + 3u, plane, matrix, hi, acc[7]);
  store(p + 4u, plane, matrix, lo, acc[8]); store(p + 4u, plane, matrix, hi, acc[9]);
  store(p + 5u, plane, matrix, lo, acc[10]); store(p + 5u, plane, matrix, hi, acc[11]);
  store(p + 6u, plane, matrix, lo, acc[12]); store(p + 6u, plane, matrix, hi, acc[13]);
  store(p + 7u, plane, matrix, lo, acc[14]); store(p + 7u, plane, matrix, hi, acc[15]);
}
