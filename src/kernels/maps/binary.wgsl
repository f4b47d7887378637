// y = f(a, b), element by element, with axes of 1 repeated; padding channels stay zero.
// use arithmetic
// use broadcast
// use inside
const FN: u32 = 1;  // as binary.ts numbers them
const SCALAR: bool = false;
const SPLAT_A: bool = false;
const SPLAT_B: bool = false;

struct Params {
  height: u32, width: u32, vectors: u32, channels: u32,
  aImage: u32, aRow: u32, aColumn: u32, aVector: u32,
  bImage: u32, bRow: u32, bColumn: u32, bVector: u32,
  total: u32, value: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

fn combined(a: vec4f, b: vec4f) -> vec4f {
  if (FN == 1u) { return a + b; }
  if (FN == 2u) { return a - b; }
  if (FN == 3u) { return a * b; }
  if (FN == 4u) { return a / b; }
  if (FN == 5u) { return power(a, b); }
  if (FN == 6u) { return min(a, b); }
  if (FN == 7u) { return max(a, b); }
  if (FN == 8u) { return select(a * b, a, a > vec4f()); }  // PReLU
  if (FN == 9u) { return b - a; }
  if (FN == 10u) { return b / a; }
  return power(b, a);                                      // 11
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let v = operands(at);
  y[at] = select(vec4f(), combined(v.a, v.b), inside(at % params.vectors, params.channels));
}
