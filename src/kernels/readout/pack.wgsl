// Labels, which are below 65,536, two to a word: of a pair the first is the low half.
struct Params { total: u32, words: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> labels: array<u32>;  // [total]
@group(0) @binding(2) var<storage, read_write> halves: array<u32>;  // [words]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.words) { return; }
  var word = labels[2u * at];
  if (2u * at + 1u < params.total) { word |= labels[2u * at + 1u] << 16u; }
  halves[at] = word;
}
