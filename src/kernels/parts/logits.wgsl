// Logits at a point of an outHeight × outWidth grid over x [n, inHeight, inWidth, channels]. The
// kernel has `x` and its extents in `params`.
// use bilinear

// The four pixels around a point, as places in x, and how far it is between them.
struct Point { a: u32, b: u32, c: u32, d: u32, down: f32, across: f32 }

fn pointAt(image: u32, row: u32, column: u32) -> Point {
  let v = neighbours(row, params.inHeight, params.outHeight);
  let h = neighbours(column, params.inWidth, params.outWidth);
  let top = (image * params.inHeight + v.low) * params.inWidth;
  let bottom = (image * params.inHeight + v.high) * params.inWidth;
  return Point(
    (top + h.low) * params.vectors, (top + h.high) * params.vectors,
    (bottom + h.low) * params.vectors, (bottom + h.high) * params.vectors, v.f, h.f,
  );
}

// Channels 4 vector to 4 vector + 3.
fn logits(p: Point, vector: u32) -> vec4f {
  return between(p.down, p.across, x[p.a + vector], x[p.b + vector], x[p.c + vector], x[p.d + vector]);
}
