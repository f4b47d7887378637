// Bilinear interpolation along one axis, with clamped borders: pixels are sampled at their
// half-pixel centres (PyTorch's align_corners=False), or with CORNER at their top left corners
// (TensorFlow 1's resize_bilinear).
const CORNER: bool = false;

// The two pixels, of `size`, that output o of `reach` lies between, and how far it is from the
// first to the second.
struct Neighbours { low: u32, high: u32, f: f32 }

fn neighbours(o: u32, size: u32, reach: u32) -> Neighbours {
  let scale = f32(size) / f32(reach);
  var source = f32(o) * scale;
  if (!CORNER) { source = max((f32(o) + 0.5) * scale - 0.5, 0.0); }
  let low = min(u32(source), size - 1u);
  return Neighbours(low, min(low + 1u, size - 1u), source - f32(low));
}

// Between four pixels: a and b in the row above, c and d in the one below, `down` and `across` the
// way between them.
fn between(down: f32, across: f32, a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> vec4f {
  return (1.0 - down) * ((1.0 - across) * a + across * b) + down * ((1.0 - across) * c + across * d);
}
