// One edit more, composed with those before it. An edit takes x to x (1 − a) + v a with a = alpha ·
// mask, so that any number of them, one after the other, take it to x K + P (spec §6.2: K is 1 − α
// of the edits together, P is their α v). Of one edit more K becomes K (1 − a), and P becomes
// P (1 − a) + v a.
struct Params { vectors: u32, total: u32 }  // total: of one part

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> before: array<vec4f>;  // [K and P, pixels, vectors]
@group(0) @binding(2) var<storage, read> alpha: array<vec4f>;   // [vectors]
@group(0) @binding(3) var<storage, read> value: array<vec4f>;   // [vectors]
@group(0) @binding(4) var<storage, read> mask: array<f32>;      // [pixels]
// [pixels, vectors], added to `value`
@group(0) @binding(5) var<storage, read> source: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> after: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let a = alpha[c] * mask[at / params.vectors];
  let v = value[c] + source[at];
  after[at] = before[at] * (1.0 - a);
  after[params.total + at] = before[params.total + at] * (1.0 - a) + v * a;
}
