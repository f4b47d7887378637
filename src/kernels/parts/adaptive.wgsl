// Adaptive average pooling along one axis (PyTorch's definition): first and last + 1 of the pixels,
// of `other`, that pixel i of `size` touches, ⌊i · other / size⌋ to ⌈(i + 1) · other / size⌉ − 1;
// of outputs' inputs, or of inputs' outputs.
fn touched(i: u32, size: u32, other: u32) -> vec2u {
  return vec2u(i * other / size, ((i + 1u) * other + size - 1u) / size);
}
