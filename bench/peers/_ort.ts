import * as ort from "onnxruntime-web/webgpu";
import { type Case, type Layer, SLOPE } from "../cases.ts";
import type { Contestant, Runner } from "../contest.ts";
import { Float, OnnxGraph } from "./onnx.ts";

let channels: (l: Layer) => number;
/** Where run.mjs serves onnxruntime-web's WebAssembly. */
const FILES = "/ort/";

/** ONNX Runtime Web's native WebGPU execution provider, channels last, replaying captured commands. */
export async function onnxRuntime(): Promise<Contestant> {
  ort.env.wasm.wasmPaths = FILES;
  ort.env.wasm.numThreads = 1; // nothing is computed there
  ort.env.webgpu.powerPreference = "high-performance";
  // The first session makes the device.
  const first = new OnnxGraph();
  const y = first.node("Relu", ["x"]);
  await open(first.model({ name: "x", shape: [1] }, { name: y, shape: [1] }));
  const device = (await ort.env.webgpu.device) as GPUDevice;
  return { name: "ort", device, prepare: (network) => prepare(device, network) };
}

function open(model: Uint8Array): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(model, {
    executionProviders: [{ name: "webgpu", preferredLayout: "NHWC" }],
    preferredOutputLocation: "gpu-buffer",
    enableGraphCapture: true,
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  });
}

async function prepare(device: GPUDevice, network: Case): Promise<Runner> {
  const graph = new OnnxGraph();
  const batch = network.inputShape[0]!;
  let ch = network.inputShape[3]!;
  const chs = new Map(network.layers.map((l) => { const k = [l, ch] as const; if ("out" in l) ch = l.out; return k; }));
  channels = (l: Layer) => chs.get(l)!;
  const output = network.layers.reduce((value, layer) => append(graph, value, layer, batch), "x");
  const session = await open(
    graph.model({ name: "x", shape: network.inputShape }, { name: output, shape: network.outputShape }),
  );
  const x = tensor(device, network.inputShape);
  const y = tensor(device, network.outputShape);
  device.queue.writeBuffer(x.gpuBuffer, 0, network.input);
  return {
    run: async () => void (await session.run({ x }, { [output]: y })),
    output: () => read(device, y.gpuBuffer),
    dispose: async () => {
      await session.release();
      x.gpuBuffer.destroy();
      y.gpuBuffer.destroy();
    },
  };
}

/** Appends a layer. Convolutions are written channels first, as ONNX knows them; the optimiser removes the transpositions. */
function append(graph: OnnxGraph, x: string, layer: Layer, batch: number): string {
  switch (layer.op) {
    case "pixelnorm": {
      if ((globalThis as any).mode === "sln") {
        const last = (globalThis as any).ch ?? 128;
        return graph.node("SimplifiedLayerNormalization", [x, graph.constant([channels(layer)], new Float32Array(channels(layer)).fill(1))], { axis: -1, epsilon: new Float(1e-8) });
      }
      const mean = graph.node("ReduceMean", [graph.node("Mul", [x, x])], { axes: [-1], keepdims: 1 });
      const epsilon = graph.constant([1], new Float32Array([1e-8]));
      return graph.node("Div", [x, graph.node("Sqrt", [graph.node("Add", [mean, epsilon])])]);
    }
    case "upsample": {
      const scales = graph.constant([4], new Float32Array([1, 2, 2, 1]));
      return graph.node("Resize", [x, "", scales]);
    }
    case "dense": {
      const weight = graph.constant([layer.in, 16 * layer.out], layer.weight);
      const bias = graph.constant([16 * layer.out], layer.bias);
      const row = graph.node("Reshape", [x, shape(graph, [batch, layer.in])]);
      const sum = graph.node("Gemm", [row, weight, bias]);
      const leaky = graph.node("LeakyRelu", [sum], { alpha: new Float(SLOPE) });
      return graph.node("Reshape", [leaky, shape(graph, [batch, 4, 4, layer.out])]);
    }
    case "conv": {
      const { kernel } = layer;
      const pad = (kernel - 1) / 2;
      const weight = graph.constant([layer.out, layer.in, kernel, kernel], layer.weight);
      const bias = graph.constant([layer.out], layer.bias);
      const channelsFirst = graph.node("Transpose", [x], { perm: [0, 3, 1, 2] });
      const sum = graph.node("Conv", [channelsFirst, weight, bias], { pads: [pad, pad, pad, pad] });
      const y = layer.leaky ? graph.node("LeakyRelu", [sum], { alpha: new Float(SLOPE) }) : sum;
      return graph.node("Transpose", [y], { perm: [0, 2, 3, 1] });
    }
  }
}

const shape = (graph: OnnxGraph, extents: readonly number[]): string =>
  graph.constant([extents.length], BigInt64Array.from(extents, BigInt));

function tensor(device: GPUDevice, dims: readonly number[]) {
  const size = 4 * dims.reduce((product, extent) => product * extent, 1);
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  return ort.Tensor.fromGpuBuffer(device.createBuffer({ size, usage }), { dataType: "float32", dims });
}

async function read(device: GPUDevice, buffer: GPUBuffer): Promise<Float32Array> {
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const staging = device.createBuffer({ size: buffer.size, usage });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const values = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return values;
}
