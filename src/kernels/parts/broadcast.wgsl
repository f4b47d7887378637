// Where numbers of a and b are that make those at this place; an axis of one number has steps of 0,
// and a single channel is that of all. SCALAR: b is params.value.
struct Operands { a: vec4f, b: vec4f }

fn operands(at: u32) -> Operands {
  let vector = at % params.vectors;
  let column = (at / params.vectors) % params.width;
  let row = (at / params.vectors / params.width) % params.height;
  let image = at / params.vectors / params.width / params.height;
  var v = Operands(a[image * params.aImage + row * params.aRow + column * params.aColumn + vector * params.aVector],
                   vec4f(params.value));
  if (SPLAT_A) { v.a = v.a.xxxx; }
  if (!SCALAR) {
    v.b = b[image * params.bImage + row * params.bRow + column * params.bColumn + vector * params.bVector];
    if (SPLAT_B) { v.b = v.b.xxxx; }
  }
  return v;
}
