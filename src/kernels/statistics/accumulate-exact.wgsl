// Adds partial sums of parts of images to totals that lose nothing: integers of 192 bits, two's
// complement, the lowest word first, in units of 2⁻⁸⁰. So neither their order nor how images are
// divided among batches and machines changes a bit. A float's bits below 2⁻⁸⁰ are rounded; one of
// 2⁷⁸ and more, or none at all, makes a total the least integer for good, which stands for "not a
// number". The sixth word is there so that no sum of others becomes it, nor wraps: 2³³ floats below
// 2⁷⁸ fit, of half a thousand million images.
struct Params { sums: u32, count: u32 }  // sums of a part; parts

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;  // [count, sums]
@group(0) @binding(2) var<storage, read_write> total: array<u32>;  // [sums, 6]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.sums) { return; }
  var w0 = total[6u * at];
  var w1 = total[6u * at + 1u];
  var w2 = total[6u * at + 2u];
  var w3 = total[6u * at + 3u];
  var w4 = total[6u * at + 4u];
  var w5 = total[6u * at + 5u];
  var lost = w5 == 0x80000000u;
  for (var i = 0u; i < params.count; i++) {
    let bits = bitcast<u32>(partial[i * params.sums + at]);
    let exponent = (bits >> 23u) & 255u;
    if (exponent < 46u) { continue; }  // below half a unit
    lost = lost || exponent >= 205u;
    // The float is mantissa · 2^(exponent − 150): its place among the total's bits is exponent −
    // 70.
    var mantissa = (bits & 0x7fffffu) | 0x800000u;
    var place = 0u;
    if (exponent < 70u) { mantissa = ((mantissa >> (69u - exponent)) + 1u) >> 1u; } else { place = exponent - 70u; }
    let shift = place & 31u;
    let low = mantissa << shift;
    let high = (mantissa >> 1u) >> (31u - shift);
    let word = place >> 5u;
    // −x is ~x + 1
    let sign = select(0u, 0xffffffffu, (bits >> 31u) == 1u);
    let a0 = select(0u, low, word == 0u) ^ sign;
    let a1 = select(select(0u, high, word == 0u), low, word == 1u) ^ sign;
    let a2 = select(select(0u, high, word == 1u), low, word == 2u) ^ sign;
    let a3 = select(select(0u, high, word == 2u), low, word == 3u) ^ sign;
    let a4 = select(select(0u, high, word == 3u), low, word == 4u) ^ sign;
    var next = added(w0, a0, sign & 1u);
    w0 = next.x;
    next = added(w1, a1, next.y);
    w1 = next.x;
    next = added(w2, a2, next.y);
    w2 = next.x;
    next = added(w3, a3, next.y);
    w3 = next.x;
    next = added(w4, a4, next.y);
    w4 = next.x;
    w5 += next.y + sign;  // a float ends in the word before
  }
  total[6u * at] = w0;
  total[6u * at + 1u] = w1;
  total[6u * at + 2u] = w2;
  total[6u * at + 3u] = w3;
  total[6u * at + 4u] = w4;
  total[6u * at + 5u] = select(w5, 0x80000000u, lost);
}

// word + by + carry, and what is carried on.
fn added(word: u32, by: u32, carry: u32) -> vec2u {
  let carried = word + carry;
  let sum = carried + by;
  return vec2u(sum, select(0u, 1u, carried < carry) + select(0u, 1u, sum < by));
}
