// The gradient of edit.wgsl by its units' numbers, for parts of `size` of the batch's pixels: by α
// the sum of mask (v − x) g, with VALUE by v that of a g, where x is what the edit found and g the
// gradient by what it left.
const VALUE: bool = false;
const COPIES: bool = false;

// pixels of one image, and of all
struct Params { vectors: u32, pixels: u32, edits: u32, all: u32, size: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [n, pixels, vectors]
@group(0) @binding(2) var<storage, read> alpha: array<vec4f>;   // [edits, vectors]
@group(0) @binding(3) var<storage, read> value: array<vec4f>;   // [edits, vectors]
@group(0) @binding(4) var<storage, read> mask: array<f32>;      // [n, edits, pixels]
// [edits, pixels, vectors]; anything unless COPIES
@group(0) @binding(5) var<storage, read> source: array<vec4f>;
@group(0) @binding(6) var<storage, read> dy: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> parts: array<vec4f>;  // [parts, edits, vectors]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let own = (at / params.vectors) % params.edits;
  let first = at / (params.vectors * params.edits) * params.size;
  var sum = vec4f();
  for (var p = first; p < min(first + params.size, params.all); p++) {
    let pixel = p % params.pixels;
    let image = p / params.pixels;
    var found = x[p * params.vectors + c];
    var term = vec4f();
    for (var e = 0u; e < params.edits; e++) {
      let m = mask[(image * params.edits + e) * params.pixels + pixel];
      let a = alpha[e * params.vectors + c] * m;
      if (e > own) {
        term *= 1.0 - a;
        continue;
      }
      var v = value[e * params.vectors + c];
      if (COPIES) { v += source[(e * params.pixels + pixel) * params.vectors + c]; }
      if (e == own) { term = dy[p * params.vectors + c] * select(m * (v - found), a, VALUE); }
      found = found * (1.0 - a) + v * a;
    }
    sum += term;
  }
  parts[at] = sum;
}
