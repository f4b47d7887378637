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
    var carry = sign & 1u;
    w0 += carry;
    carry = select(0u, 1u, w0 < carry);
    w0 += a0;
    carry += select(0u, 1u, w0 < a0);
    w1 += carry;
    carry = select(0u, 1u, w1 < carry);
    w1 += a1;
    carry += select(0u, 1u, w1 < a1);
    w2 += carry;
    carry = select(0u, 1u, w2 < carry);
    w2 += a2;
    carry += select(0u, 1u, w2 < a2);
    w3 += carry;
    carry = select(0u, 1u, w3 < carry);
    w3 += a3;
    carry += select(0u, 1u, w3 < a3);
    w4 += carry;
    carry = select(0u, 1u, w4 < carry);
    w4 += a4;
    carry += select(0u, 1u, w4 < a4);
    w5 += carry + sign;  // a float ends in the word before
  }
  total[6u * at] = w0;
  total[6u * at + 1u] = w1;
  total[6u * at + 2u] = w2;
  total[6u * at + 3u] = w3;
  total[6u * at + 4u] = w4;
  total[6u * at + 5u] = select(w5, 0x80000000u, lost);
}
