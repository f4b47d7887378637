// Adds partial sums of parts of images, in their order, to totals kept as pairs of floats (high,
// low): Knuth's two-sum carries the rounding error along, so that thousands of images lose nothing
// and batches do not matter. A compiler that takes float sums for associative would see that the
// error is "0" (Mesa's does): it must not see through them.
struct Params { sums: u32, count: u32, zero: u32 }  // sums of a part; parts; 0

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;  // [count, sums]
@group(0) @binding(2) var<storage, read_write> total: array<vec2f>;  // [sums]

// x itself, but known only when the kernel runs.
fn opaque(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) ^ params.zero); }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.sums) { return; }
  var sum = total[at];
  for (var i = 0u; i < params.count; i++) {
    let v = partial[i * params.sums + at];
    let s = opaque(sum.x + v);
    let back = opaque(s - sum.x);
    sum = vec2f(s, sum.y + (opaque(sum.x - opaque(s - back)) + opaque(v - back)));
  }
  total[at] = sum;
}
