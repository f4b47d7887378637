// Which of four channels are there: the others are padding, which stays zero whatever is done to
// zero.
fn inside(vector: u32, channels: u32) -> vec4<bool> {
  return vec4u(4u * vector) + vec4u(0u, 1u, 2u, 3u) < vec4u(channels);
}
