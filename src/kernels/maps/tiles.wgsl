// A level's scores [pixels, vectors], a channel for each kind of tile, as RGB in [−1, 1]: the
// colour of the kind that scores highest, the first of equals; cropped to the top left corner.
struct Params { total: u32, width: u32, pixels: u32, inWidth: u32, inPixels: u32, vectors: u32, channels: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> colors: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let image = at / params.pixels;
  let pixel = at % params.pixels;
  let start = (image * params.inPixels + pixel / params.width * params.inWidth + pixel % params.width) * params.vectors;
  var best = 0u;
  var most = x[start].x;
  for (var c = 1u; c < params.channels; c += 1u) {
    let vector = x[start + c / 4u];
    let score = vector[c % 4u];
    if (score > most) { most = score; best = c; }
  }
  y[at] = colors[best];
}
