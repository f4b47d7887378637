import { describe as reflect } from "../../scripts/wgsl.mjs";
import type { Label } from "../../src/dissect/result.ts";
import type { Device, Segmenter, Tensor } from "../../src/index.ts";
import { type Extent, Graph } from "../../src/runtime/graph.ts";
import type { Kernel } from "../../src/runtime/kernel.ts";
import { Plan } from "../../src/runtime/plan.ts";

const SOURCE = /* wgsl */ `
struct Params { pixels: u32, channels: u32, steps: u32, total: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> image: array<f32>;      // [n, pixels, 4]
@group(0) @binding(2) var<storage, read> threshold: array<f32>;  // [channels, steps], ascending
@group(0) @binding(3) var<storage, read> name: array<u32>;       // [channels, steps + 1]
@group(0) @binding(4) var<storage, read_write> labels: array<u32>;  // [n, channels, pixels]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.total) { return; }
  let channel = (id.x / params.pixels) % params.channels;
  let pixel = (id.x / (params.pixels * params.channels)) * params.pixels + id.x % params.pixels;
  let v = image[pixel * 4 + channel % 3];
  var step = 0u;
  while (step < params.steps && v > threshold[channel * params.steps + step]) { step++; }
  labels[id.x] = name[channel * (params.steps + 1u) + step];
}`;
const KERNEL = { ...reflect("synthetic", SOURCE), source: SOURCE } as Kernel;

/**
 * How a channel's label follows from an intensity: `names[i]` where it exceeds i of the thresholds.
 */
export interface Ladder {
  readonly thresholds: readonly number[];
  readonly names: readonly number[];
}

/**
 * A segmenter that reads labels off the red, green and blue of a pixel, one channel of labels each:
 * as many labels and categories as one likes, on whatever part of the pixels. Label maps are as
 * large as the image.
 */
export function syntheticSegmenter(device: Device, labels: readonly Label[], ladders: readonly Ladder[]): Segmenter {
  const steps = ladders[0]!.thresholds.length;
  const segmenter = {
    name: "synthetic",
    device,
    labels,
    categories: [...new Set(labels.slice(1).map(({ category }) => category))],
    channels: ladders.length,
    reads: "image",
    async compile(image: Tensor<"f32">, size: number | Extent, signal?: AbortSignal) {
      const [n = 1, height = 1, width = 1] = image.shape;
      const [rows, columns] = typeof size === "number" ? [size, size] : size;
      if (rows !== height || columns !== width) throw new Error(`Label maps are ${height}×${width} pixels.`);
      const graph = new Graph(device.target);
      const values = {
        image: graph.map("image", n, height, width, 3),
        threshold: graph.value("threshold", [ladders.length, steps]),
        name: graph.value("name", [ladders.length, steps + 1], "u32"),
        labels: graph.value("labels", [n, ladders.length, height, width], "u32"),
      };
      const pixels = height * width;
      const total = n * ladders.length * pixels;
      const params = { pixels, channels: ladders.length, steps, total };
      graph.step(KERNEL, values, params, [Math.ceil(total / 64), 1, 1]);
      const plan = await Plan.compile(device, graph, { keep: [values.labels], bind: [[values.image, image]], signal });
      plan.tensor(values.threshold).write(Float32Array.from(ladders.flatMap(({ thresholds }) => thresholds)));
      plan.tensor<"u32">(values.name).write(Uint32Array.from(ladders.flatMap(({ names }) => names)));
      const dispose = () => plan.dispose();
      return { run: () => plan.run(), labels: plan.tensor<"u32">(values.labels), dispose, [Symbol.dispose]: dispose };
    },
  };
  return segmenter as unknown as Segmenter;
}
