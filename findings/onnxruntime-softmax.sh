#!/usr/bin/env bash
# ONNX Runtime Web's WebGPU fails at Softmax of opset 12 and before where that goes over several axes, [1, 4, 1, 1] from axis 1 on,
# as the model zoo's SqueezeNets end: it reads four numbers at a time, of which the last axis has one. WebAssembly does it.
# Seen with onnxruntime-web 1.30.0 and webgpu 0.6.2 (Dawn) on Node 20, on Mesa's lavapipe. For Node the runtime needs a `navigator`,
# and what it writes must be copied out of shared memory, which Dawn's binding does not take.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent onnxruntime-web@1.30.0 webgpu@0.6.2 || exit 2
cat >run.mjs <<'JS'
import { create, globals } from "webgpu";
Object.assign(globalThis, globals);
const gpu = (globalThis.kept = create([]));
const adapter = await gpu.requestAdapter();
if (!adapter) {
  console.log("Dawn finds no adapter here; VK_DRIVER_FILES names a Vulkan driver.");
  process.exit(2);
}
Object.defineProperty(globalThis, "navigator", { value: { gpu, userAgent: "Node", hardwareConcurrency: 1 } });
const { writeBuffer } = GPUQueue.prototype;
const copyOf = (data) => (ArrayBuffer.isView(data) ? data.slice() : new Uint8Array(data).slice().buffer);
GPUQueue.prototype.writeBuffer = function (buffer, offset, data, ...part) {
  const shared = (data.buffer ?? data) instanceof SharedArrayBuffer;
  return writeBuffer.call(this, buffer, offset, shared ? copyOf(data) : data, ...part);
};
const ort = await import("onnxruntime-web/webgpu");
ort.env.wasm.numThreads = 1;
console.log(`onnxruntime-web ${ort.env.versions.web}, webgpu 0.6.2, Node ${process.version}, ${adapter.info.description}`);

// An ONNX file, as protocol buffers: field · 8 + 2 and a length before what is longer than a number.
const bytes = (field, ...parts) => [field * 8 + 2, parts.flat().length, ...parts.flat()];
const int = (field, value) => [field * 8, value];
const text = (field, value) => bytes(field, [...new TextEncoder().encode(value)]);
const value = (field, name, shape) =>
  bytes(field, text(1, name), bytes(2, bytes(1, int(1, 1), bytes(2, ...shape.map((extent) => bytes(1, int(1, extent)))))));
const softmax = (opset, shape) => {
  const axis = bytes(5, text(1, "axis"), int(3, 1), [160, 1, 2]); // field 20: a whole number
  const node = bytes(1, text(1, "x"), text(2, "y"), text(4, "Softmax"), axis);
  const graph = bytes(7, node, text(2, "softmax"), value(11, "x", shape), value(12, "y", shape));
  return Uint8Array.from([...int(1, 6), ...graph, ...bytes(8, text(1, ""), int(2, opset))]);
};
async function run(provider, opset, shape) {
  try {
    const session = await ort.InferenceSession.create(softmax(opset, shape), { executionProviders: [provider], logSeverityLevel: 4 });
    const { y } = await session.run({ x: new ort.Tensor("float32", Float32Array.of(1, 2, 3, 4), shape) });
    return [...(await y.getData())].map((number) => number.toFixed(4)).join(" ");
  } catch ({ message }) {
    return `fails: ${message.slice(message.lastIndexOf("Cannot"))}`;
  }
}
const RIGHT = "0.0321 0.0871 0.2369 0.6439";
const seen = [];
for (const [opset, shape] of [[11, [1, 4, 1, 1]], [13, [1, 4, 1, 1]], [11, [1, 4]]]) {
  for (const provider of ["wasm", "webgpu"]) {
    const made = await run(provider, opset, shape);
    seen.push(made === RIGHT);
    console.log(`opset ${opset}, [${shape}], axis 1, ${provider.padEnd(6)}: ${made.trim()}`);
  }
}
console.log(`Expected: ${RIGHT} everywhere.`);
process.exit(String(seen) === "true,false,true,true,true,true" ? 0 : 1);
JS
XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/tmp} node run.mjs
