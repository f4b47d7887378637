// The gradient of y = s x, s = 1 / sqrt(mean over channels of x² + 1e-8): dx = s (dy − x s² mean(x
// dy)).
struct Params { pixels: u32, vectors: u32, channels: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let pixel = id.x + id.y * groups.x * 64u;
  if (pixel >= params.pixels) { return; }
  let start = pixel * params.vectors;
  var squares = vec4f();
  var products = vec4f();
  for (var i = 0u; i < params.vectors; i++) {
    let v = x[start + i];
    squares += v * v;
    products += v * dy[start + i];
  }
  let channels = f32(params.channels);
  let scale = 1.0 / sqrt((squares.x + squares.y + squares.z + squares.w) / channels + 1e-8);
  let along = scale * scale * ((products.x + products.y + products.z + products.w) / channels);
  for (var i = 0u; i < params.vectors; i++) { dx[start + i] = scale * (dy[start + i] - along * x[start + i]); }
}
