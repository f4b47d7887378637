// Blocks of pixels to channels and back: of x's channels, y [n, height, width, channels] has one
// for each place in a block, or for each block.
const TO_DEPTH: bool = false;
// places of one channel side by side (CRD), not channels of one place (DCR)
const BY_CHANNEL: bool = false;

struct Params {
  height: u32, width: u32, vectors: u32, channels: u32, inStored: u32, inChannels: u32,
  block: u32, total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let column = (at / params.vectors) % params.width;
  let row = (at / params.vectors / params.width) % params.height;
  let image = at / params.vectors / params.width / params.height;
  let b = params.block;
  let places = b * b;
  let shallow = select(params.channels, params.inChannels, TO_DEPTH);
  var v = vec4f();
  for (var k = 0u; k < 4u; k++) {
    let c = (at % params.vectors) * 4u + k;
    if (c >= params.channels) { break; }
    if (TO_DEPTH) {
      let place = select(c / shallow, c % places, BY_CHANNEL);
      let channel = select(c % shallow, c / places, BY_CHANNEL);
      let line = (image * params.height + row) * b + place / b;
      v[k] = x[(line * params.width * b + column * b + place % b) * params.inStored + channel];
    } else {
      let place = (row % b) * b + column % b;
      let channel = select(place * shallow + c, c * places + place, BY_CHANNEL);
      let line = image * (params.height / b) + row / b;
      v[k] = x[(line * (params.width / b) + column / b) * params.inStored + channel];
    }
  }
  y[at] = v;
}
