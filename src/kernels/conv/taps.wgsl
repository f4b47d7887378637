// Second step of nearest ×2 upsampling and a 3×3 convolution by taps at low resolution: mixing
// channels commutes with upsampling, so the nine taps' products t = x W_tap were taken before it;
// here every output adds the nine that reach it, with bias and activation. t is [n × height ×
// width, 9, channels]; y is [n, 2 height, 2 width, channels].
// use activation
const ACTIVATION: u32 = 0;

struct Params {
  height: u32, width: u32, vectors: u32,
  first: u32,  // image of t's first pixel
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> t: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

// One pixel above, below and beside are zero outside the image, as the upsampled image's padding
// is.
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let v = params.vectors;
  let c = at % v;
  let pixel = at / v;
  let column = pixel % params.width;
  let row = (pixel / params.width) % params.height;
  let image = params.first + pixel / (params.width * params.height);
  let up = row > 0u;
  let down = row + 1u < params.height;
  let left = column > 0u;
  let right = column + 1u < params.width;
  // Where the taps of a neighbour start; neighbours outside are read in place of this pixel and
  // dropped.
  let step = 9u * v;
  let here = pixel * step + c;
  let n = select(here, here - params.width * step, up);
  let s = select(here, here + params.width * step, down);
  let w = select(here, here - step, left);
  let e = select(here, here + step, right);
  let nw = select(here, n - step, up && left);
  let ne = select(here, n + step, up && right);
  let sw = select(here, s - step, down && left);
  let se = select(here, s + step, down && right);
  let zero = vec4f();
  let here0 = t[here];
  let n0 = select(zero, t[n], up);
  let nw0 = select(zero, t[nw], up && left);
  let w0 = select(zero, t[w], left);
  let here1 = t[here + 1u * v];
  let n1 = select(zero, t[n + 1u * v], up);
  let e2 = select(zero, t[e + 2u * v], right);
  let here2 = t[here + 2u * v];
  let n2 = select(zero, t[n + 2u * v], up);
  let ne2 = select(zero, t[ne + 2u * v], up && right);
  let here3 = t[here + 3u * v];
  let w3 = select(zero, t[w + 3u * v], left);
  let here4 = t[here + 4u * v];
  let e5 = select(zero, t[e + 5u * v], right);
  let here5 = t[here + 5u * v];
  let here6 = t[here + 6u * v];
  let s6 = select(zero, t[s + 6u * v], down);
  let sw6 = select(zero, t[sw + 6u * v], down && left);
  let w6 = select(zero, t[w + 6u * v], left);
  let here7 = t[here + 7u * v];
  let s7 = select(zero, t[s + 7u * v], down);
  let e8 = select(zero, t[e + 8u * v], right);
  let here8 = t[here + 8u * v];
  let s8 = select(zero, t[s + 8u * v], down);
  let se8 = select(zero, t[se + 8u * v], down && right);
  let b = bias[c];
  let first = (image * params.height * 2u + row * 2u) * params.width * 2u + column * 2u;
  let second = first + params.width * 2u;
  y[first * v + c] = activated(nw0 + n1 + n2 + (w3 + here4 + here5) + (w6 + here7 + here8) + b, ACTIVATION);
  y[(first + 1u) * v + c] = activated(n0 + n1 + ne2 + (here3 + here4 + e5) + (here6 + here7 + e8) + b, ACTIVATION);
  y[second * v + c] = activated(w0 + here1 + here2 + (w3 + here4 + here5) + (sw6 + s7 + s8) + b, ACTIVATION);
  y[(second + 1u) * v + c] = activated(here0 + here1 + e2 + (here3 + here4 + e5) + (s6 + s7 + se8) + b, ACTIVATION);
}
