// Second step of a 3×3 transposed convolution of stride 2 and the filter behind it, by taps at low
// resolution: t [pixels, 9, channels] holds the products of every pixel and tap. The transposed
// convolution adds those of pixel i and tap a to its element 2 i + a along each axis; a 4×4 filter
// makes y of it [n, 2 height, 2 width, channels], which begins one element before the map, as if
// zeros were around. So the 2×2 outputs of a pixel are made of 5×5 elements, which hold 49 of the
// products. Then follows StyleGAN's demodulation.
// use demodulated

struct Params {
  height: u32, width: u32, vectors: u32,
  start: u32,  // the pixel of x that t begins with,
  first: u32,  // and the one whose outputs are made first
  bound: f32,
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> t: array<vec4f>;
@group(0) @binding(2) var<storage, read> fir: array<vec4f>;   // four rows, of a correlation
@group(0) @binding(3) var<storage, read> d: array<vec4f>;         // [n, vectors]
@group(0) @binding(4) var<storage, read> bias: array<vec4f>;      // [vectors]
@group(0) @binding(5) var<storage, read> noise: array<f32>;       // [2 height × 2 width]
@group(0) @binding(6) var<storage, read> strength: array<vec4f>;  // [vectors]
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>;

// Where the products of three pixels, one below the other, begin, and which of the pixels there
// are.
struct Three { above: u32, here: u32, below: u32, top: bool, middle: bool, bottom: bool }

fn product(there: bool, at: u32) -> vec4f {
  return select(vec4f(), t[select(params.vectors, at, there)], there);
}

// The elements of a column, 2 row − 1 to 2 row + 3, as far as they come from these pixels and this
// column of taps.
fn elements(p: Three, tap: u32) -> array<vec4f, 5> {
  let v = params.vectors;
  let a = tap * v;
  return array(
    product(p.top, p.above + a + 3u * v),
    product(p.middle, p.here + a) + product(p.top, p.above + a + 6u * v),
    product(p.middle, p.here + a + 3u * v),
    product(p.bottom, p.below + a) + product(p.middle, p.here + a + 6u * v),
    product(p.bottom, p.below + a + 3u * v),
  );
}

fn add(a: array<vec4f, 5>, b: array<vec4f, 5>) -> array<vec4f, 5> {
  return array(a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4]);
}

// Four of a column's elements by a column of the filter.
fn along(k: u32, a: vec4f, b: vec4f, c: vec4f, e: vec4f) -> vec4f {
  return fir[0][k] * a + fir[1][k] * b + fir[2][k] * c + fir[3][k] * e;
}

fn store(image: u32, row: u32, column: u32, c: u32, sum: vec4f) {
  let pixel = row * 2u * params.width + column;
  let at = (image * 4u * params.height * params.width + pixel) * params.vectors + c;
  y[at] = demodulated(sum, image, pixel, c);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let pixel = params.first + at / params.vectors;
  let column = pixel % params.width;
  let row = (pixel / params.width) % params.height;
  let image = pixel / (params.width * params.height);
  let up = row > 0u;
  let down = row + 1u < params.height;
  let left = column > 0u;
  let right = column + 1u < params.width;
  let step = 9u * params.vectors;
  let here = (pixel - params.start) * step + c;
  let line = step * params.width;
  let own = Three(here - line, here, here + line, up, true, down);
  let west = Three(here - line - step, here - step, here + line - step, up && left, left, down && left);
  let east = Three(here - line + step, here + step, here + line + step, up && right, right, down && right);
  let e0 = elements(west, 1u);
  let e1 = add(elements(own, 0u), elements(west, 2u));
  let e2 = elements(own, 1u);
  let e3 = add(elements(east, 0u), elements(own, 2u));
  let e4 = elements(east, 1u);
  store(image, 2u * row, 2u * column, c,
    along(0u, e0[0], e0[1], e0[2], e0[3]) + along(1u, e1[0], e1[1], e1[2], e1[3])
      + along(2u, e2[0], e2[1], e2[2], e2[3]) + along(3u, e3[0], e3[1], e3[2], e3[3]));
  store(image, 2u * row, 2u * column + 1u, c,
    along(0u, e1[0], e1[1], e1[2], e1[3]) + along(1u, e2[0], e2[1], e2[2], e2[3])
      + along(2u, e3[0], e3[1], e3[2], e3[3]) + along(3u, e4[0], e4[1], e4[2], e4[3]));
  store(image, 2u * row + 1u, 2u * column, c,
    along(0u, e0[1], e0[2], e0[3], e0[4]) + along(1u, e1[1], e1[2], e1[3], e1[4])
      + along(2u, e2[1], e2[2], e2[3], e2[4]) + along(3u, e3[1], e3[2], e3[3], e3[4]));
  store(image, 2u * row + 1u, 2u * column + 1u, c,
    along(0u, e1[1], e1[2], e1[3], e1[4]) + along(1u, e2[1], e2[2], e2[3], e2[4])
      + along(2u, e3[1], e3[2], e3[3], e3[4]) + along(3u, e4[1], e4[2], e4[3], e4[4]));
}
