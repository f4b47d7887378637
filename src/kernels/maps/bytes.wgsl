// An image [pixels, RGB_] in [−1,1] as bytes: clamp((x + 1) / 2 · 255) truncated (spec §1.1),
// packed R, G, B, 255.
struct Params { total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> rgba: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let v = vec3u(clamp((x[at].xyz + 1.0) / 2.0 * 255.0, vec3f(), vec3f(255.0)));
  rgba[at] = v.x | (v.y << 8u) | (v.z << 16u) | 0xff000000u;
}
