// Adds partial sums of images, in their order, to totals kept as pairs of floats (high, low): Knuth's two-sum carries the
// rounding error along, so that thousands of images lose nothing and batches do not matter.
struct Params { count: u32, images: u32 }  // sums an image; images in partial

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;  // [images, count]
@group(0) @binding(2) var<storage, read_write> total: array<vec2f>;  // [count]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.count) { return; }
  var sum = total[at];
  for (var i = 0u; i < params.images; i++) {
    let v = partial[i * params.count + at];
    let s = sum.x + v;
    let back = s - sum.x;
    sum = vec2f(s, sum.y + ((sum.x - (s - back)) + (v - back)));
  }
  total[at] = sum;
}
