import * as ort from "onnxruntime-web/webgpu";
import type { Contest, Contestant, Runner } from "../contest.ts";
import type { Places } from "../places.ts";
import { OnnxGraph } from "./onnx.ts";
import { write } from "./onnx-network.ts";

/**
 * ONNX Runtime Web's native WebGPU execution provider, channels last, replaying captured commands.
 */
export async function onnxRuntime(places: Places): Promise<Contestant> {
  ort.env.wasm.wasmPaths = places.ort;
  ort.env.wasm.numThreads = 1; // nothing is computed there
  ort.env.webgpu.powerPreference = "high-performance";
  // The first session makes the device.
  const first = new OnnxGraph();
  const y = first.node("Relu", ["x"]);
  await open(first.model({ name: "x", shape: [1] }, { name: y, shape: [1] }));
  const device = (await ort.env.webgpu.device) as GPUDevice;
  return {
    name: "ort",
    device,
    prepare: (contest) => prepare(device, contest),
    idle: () => device.queue.onSubmittedWorkDone(),
  };
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

async function prepare(device: GPUDevice, { input, network }: Contest): Promise<Runner> {
  if (network.gradient) throw new Error("ONNX Runtime Web has no gradients.");
  const graph = new OnnxGraph();
  const output = write(graph, network, "x");
  const session = await open(
    graph.model({ name: "x", shape: network.input.shape }, { name: output, shape: network.output.shape }),
  );
  const x = tensor(device, network.input.shape);
  const y = tensor(device, network.output.shape);
  device.queue.writeBuffer(x.gpuBuffer, 0, input);
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
