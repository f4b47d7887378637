// What a unit does in a region of each image, for a part of `size` of its cells: the largest of
// activation · reach, and the sum of activation · share (the published server's "features").
struct Params { vectors: u32, cells: u32, images: u32, masks: u32, size: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;      // [n, cells, vectors]
@group(0) @binding(2) var<storage, read> reach: array<f32>;    // [masks, cells]
@group(0) @binding(3) var<storage, read> share: array<f32>;    // [masks, cells]
@group(0) @binding(4) var<storage, read_write> parts: array<vec4f>;  // [parts, n, vectors, 2]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let image = (at / params.vectors) % params.images;
  let first = at / (params.vectors * params.images) * params.size;
  let mask = image % params.masks * params.cells;
  var most = x[(image * params.cells + first) * params.vectors + c] * reach[mask + first];
  var sum = vec4f();
  for (var cell = first; cell < min(first + params.size, params.cells); cell++) {
    let v = x[(image * params.cells + cell) * params.vectors + c];
    most = max(most, v * reach[mask + cell]);
    sum += v * share[mask + cell];
  }
  parts[2u * at] = most;
  parts[2u * at + 1u] = sum;
}
