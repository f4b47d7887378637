import { ShapeError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { Tensor } from "./tensor.ts";

export interface ShowOptions {
  /** Which image of the batch; 0 unless given. */
  readonly image?: number;
  /** One channel as grey, instead of the first three as RGB. */
  readonly channel?: number;
  /** What becomes black and white; [−1, 1] unless given. */
  readonly range?: readonly [number, number];
}

const NAMES: NamesOf<ShowOptions> = { image: true, channel: true, range: true };

/**
 * Reads the tensor's storage in the fragment shader: no texture, no copy, whatever the canvas's
 * format.
 */
const SHADER = /* wgsl */ `
struct Params { height: u32, width: u32, channels: u32, image: u32, channel: i32, low: f32, high: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;

struct Corner { @builtin(position) position: vec4f, @location(0) at: vec2f }

@vertex fn corner(@builtin(vertex_index) index: u32) -> Corner {
  let at = vec2f(f32((index << 1u) & 2u), f32(index & 2u));
  return Corner(vec4f(at * vec2f(2.0, -2.0) + vec2f(-1.0, 1.0), 0.0, 1.0), at);
}

@fragment fn pixel(in: Corner) -> @location(0) vec4f {
  let size = vec2u(params.width, params.height);
  let p = min(vec2u(in.at * vec2f(size)), size - 1u);
  let at = ((params.image * params.height + p.y) * params.width + p.x) * params.channels;
  var v = vec3f();
  if (params.channel >= 0) { v = vec3f(x[at + u32(params.channel)]); }
  else { v = vec3f(x[at], x[at + 1u], x[at + 2u]); }
  return vec4f(clamp((v - params.low) / (params.high - params.low), vec3f(), vec3f(1.0)), 1.0);
}
`;

interface Painter {
  readonly pipeline: GPURenderPipeline;
  readonly params: GPUBuffer;
}
const painters = new WeakMap<GPUDevice, Map<GPUTextureFormat, Painter>>();

/**
 * Draws an image of a feature map [n, h, w, c] onto a canvas without reading it back. The context
 * must be configured for the tensor's device.
 * @throws ShapeError for a tensor that is no feature map, or an image or channel it does not have.
 */
export function show(tensor: Tensor<"f32">, context: GPUCanvasContext, options: ShowOptions = {}): void {
  checkNames("show", options, NAMES);
  const [n = 0, height = 0, width = 0, channels = 0] = tensor.shape;
  const { image = 0, channel = -1, range = [-1, 1] } = options;
  if (tensor.shape.length !== 4)
    throw new ShapeError(`"${tensor.label}" [${tensor.shape}] is no [n, h, w, c].`, "Give an image or a feature map.");
  const known = Number.isInteger(image) && image >= 0 && image < n;
  const shown =
    options.channel === undefined ? channels >= 3 : Number.isInteger(channel) && channel >= 0 && channel < channels;
  if (!known || !shown) {
    throw new ShapeError(
      `"${tensor.label}" [${tensor.shape}] has no image ${image} or no channel ${channel} to show.`,
      "Give an `image` and a `channel` that it has.",
    );
  }
  const { device } = tensor;
  device.check();
  const gpu = device.gpu;
  const texture = context.getCurrentTexture();
  const { pipeline, params } = painter(gpu, texture.format);
  const block = new DataView(new ArrayBuffer(32));
  [height, width, channels, image].forEach((value, i) => {
    block.setUint32(4 * i, value, true);
  });
  block.setInt32(16, channel, true);
  block.setFloat32(20, range[0], true);
  block.setFloat32(24, range[1], true);
  gpu.queue.writeBuffer(params, 0, block.buffer);
  const group = gpu.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [
      { binding: 0, resource: { buffer: params } },
      { binding: 1, resource: { buffer: tensor.buffer } },
    ],
  });
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginRenderPass({
    colorAttachments: [{ view: texture.createView(), loadOp: "clear", storeOp: "store" }],
  });
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.draw(3);
  pass.end();
  gpu.queue.submit([encoder.finish()]);
}

function painter(gpu: GPUDevice, format: GPUTextureFormat): Painter {
  const known = painters.get(gpu) ?? new Map<GPUTextureFormat, Painter>();
  painters.set(gpu, known);
  let made = known.get(format);
  if (!made) {
    const module = gpu.createShaderModule({ label: "show", code: SHADER });
    const pipeline = gpu.createRenderPipeline({
      label: "show",
      layout: "auto",
      vertex: { module, entryPoint: "corner" },
      fragment: { module, entryPoint: "pixel", targets: [{ format }] },
    });
    made = { pipeline, params: gpu.createBuffer({ label: "show", size: 32, usage: 0x40 | 0x8 }) };
    known.set(format, made);
  }
  return made;
}
