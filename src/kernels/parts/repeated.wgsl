// Whether a pixel's label stands in an earlier one of its channels too, so that it has been counted
// there. `at` is its place among the kernel's `labels` [n, channels, pixels].
fn repeated(at: u32, channel: u32, pixels: u32) -> bool {
  for (var back = 1u; back <= channel; back++) {
    if (labels[at - back * pixels] == labels[at]) { return true; }
  }
  return false;
}
