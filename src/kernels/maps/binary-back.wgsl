// The gradient of y = f(a, b) by a, or BY_B: d = dy · f'(a, b), before sums over axes that were
// repeated; zero in padding channels.
// use arithmetic
// use broadcast
// use inside
const FN: u32 = 1;  // as binary.ts numbers them
const BY_B: bool = false;
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
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> d: array<vec4f>;

fn when(on: vec4<bool>) -> vec4f { return select(vec4f(), vec4f(1.0), on); }

fn slope(a: vec4f, b: vec4f) -> vec4f {
  if (FN == 1u) { return vec4f(1.0); }
  if (FN == 2u) { return vec4f(select(1.0, -1.0, BY_B)); }
  if (FN == 3u) { return select(b, a, BY_B); }
  if (FN == 4u) { return select(1.0 / b, -a / (b * b), BY_B); }
  if (FN == 5u) {
    return select(b * power(a, b - 1.0), power(a, b) * log(max(abs(a), vec4f(1e-37))), BY_B);
  }
  // Of two that are the same the first is taken.
  if (FN == 6u) { return when((a <= b) != vec4<bool>(BY_B)); }
  if (FN == 7u) { return when((a >= b) != vec4<bool>(BY_B)); }
  if (FN == 8u) { return select(select(b, a, vec4<bool>(BY_B)), when(vec4<bool>(!BY_B)), a > vec4f()); }
  if (FN == 9u) { return vec4f(-1.0); }
  if (FN == 10u) { return -b / (a * a); }
  // 11; from 9 on b is a number, without gradient
  return power(b, a) * log(max(abs(b), vec4f(1e-37)));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let v = operands(at);
  d[at] = select(vec4f(), dy[at] * slope(v.a, v.b), inside(at % params.vectors, params.channels));
}
