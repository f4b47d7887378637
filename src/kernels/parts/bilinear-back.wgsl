// The adjoint of bilinear interpolation along one axis.
// use bilinear

// First and last + 1 of the outputs, of `reach`, that pixel i of `size` may be part of. At the
// borders, all beyond.
fn outputs(i: u32, size: u32, reach: u32) -> vec2u {
  let scale = f32(size) / f32(reach);
  let centre = select(0.5, 0.0, CORNER);
  let first = u32(max(floor((f32(i) - 1.0 + centre) / scale - centre), 0.0));
  let end = u32(ceil((f32(i) + 1.0 + centre) / scale - centre)) + 1u;
  return vec2u(select(first, 0u, i == 0u), select(min(end, reach), reach, i + 1u == size));
}

// What an output takes of pixel i.
fn share(i: u32, output: Neighbours) -> f32 {
  return select(0.0, 1.0 - output.f, output.low == i) + select(0.0, output.f, output.high == i);
}
