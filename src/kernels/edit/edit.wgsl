// Intervenes in a feature map, one edit after the other: x becomes x (1 − a) + v a with a =
// alpha[edit][unit] · mask[image][edit][pixel]. Bau et al., ICLR 2019, §3.2; spec §4.1. So two
// edits act like one of α = 1 − (1 − α₁)(1 − α₂) (spec §6.2).
// pixels of one image
struct Params { vectors: u32, width: u32, pixels: u32, edits: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [n, pixels, vectors]
@group(0) @binding(2) var<storage, read> alpha: array<vec4f>;   // [edits, vectors]
@group(0) @binding(3) var<storage, read> value: array<vec4f>;   // [edits, vectors]
@group(0) @binding(4) var<storage, read> mask: array<f32>;      // [n, edits, pixels]
// [edits, pixels, vectors], added to `value`; anything unless COPIES
@group(0) @binding(5) var<storage, read> source: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;

const COPIES = false;

// What replaces the activation x of a unit: `value`, or whatever a caller writes here instead.
fn rule(x: f32, value: f32, unit: u32, row: u32, column: u32, image: u32) -> f32 { return value; }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let pixel = (at / params.vectors) % params.pixels;
  let image = at / (params.vectors * params.pixels);
  let row = pixel / params.width;
  let column = pixel % params.width;
  var edited = x[at];
  for (var e = 0u; e < params.edits; e++) {
    let a = alpha[e * params.vectors + c] * mask[(image * params.edits + e) * params.pixels + pixel];
    var v = value[e * params.vectors + c];
    if (COPIES) { v += source[(e * params.pixels + pixel) * params.vectors + c]; }
    let replacement = vec4f(
      rule(edited.x, v.x, 4u * c, row, column, image),
      rule(edited.y, v.y, 4u * c + 1u, row, column, image),
      rule(edited.z, v.z, 4u * c + 2u, row, column, image),
      rule(edited.w, v.w, 4u * c + 3u, row, column, image));
    // Selected, so that a rule that divides by zero leaves alone what it does not edit: padding,
    // above all.
    edited = select(edited * (1.0 - a) + replacement * a, edited, a == vec4f());
  }
  y[at] = edited;
}
