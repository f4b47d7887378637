// The softmax at a point of a grid over x, over the kernel's channels params.first to params.first
// + params.count − 1.
// use logits

// The largest logit, the sum of exp(logit − largest), and params.channel's term of it.
struct Softmax { most: f32, sum: f32, own: f32 }

fn softmaxAt(point: Point) -> Softmax {
  let end = params.first + params.count;
  var s = Softmax();
  for (var round = 0u; round < 2u; round++) {
    for (var c = params.first / 4u; c < (end + 3u) / 4u; c++) {
      let v = logits(point, c);
      for (var k = 0u; k < 4u; k++) {
        let channel = c * 4u + k;
        if (channel < params.first || channel >= end) { continue; }
        if (round == 0u) { if (channel == params.first || v[k] > s.most) { s.most = v[k]; } }
        else {
          let p = exp(v[k] - s.most);
          s.sum += p;
          if (channel == params.channel) { s.own = p; }
        }
      }
    }
  }
  return s;
}
