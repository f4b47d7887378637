// Axes in another order: y [n, height, width, channels] reads x in steps of its own.
struct Params {
  height: u32, width: u32, vectors: u32, channels: u32,
  image: u32, down: u32, across: u32, deep: u32,  // numbers of x from one of y to the next
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let column = (at / params.vectors) % params.width;
  let row = (at / params.vectors / params.width) % params.height;
  let image = at / params.vectors / params.width / params.height;
  let first = image * params.image + row * params.down + column * params.across;
  var v = vec4f();
  for (var k = 0u; k < 4u; k++) {
    let c = (at % params.vectors) * 4u + k;
    if (c < params.channels) { v[k] = x[first + c * params.deep]; }
  }
  y[at] = v;
}
