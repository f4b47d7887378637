// What a page has and Node has not, as far as the libraries ask for it; then the page's script, and
// calls to its `bench`.
import { pathToFileURL } from "node:url";
import { create, globals } from "webgpu";

const gpu = create(["disable-dawn-features=timestamp_quantization"]);
Object.assign(globalThis, globals);
Object.defineProperty(globalThis, "navigator", { value: { gpu, userAgent: "Node", hardwareConcurrency: 1 } });
// TensorFlow.js looks for WebGPU in a window, and without a document it takes itself for a Node
// program, which its bundle is not.
globalThis.window = globalThis;
globalThis.document = {};

// onnxruntime-web writes from WebAssembly's shared memory, which Dawn's Node binding does not take.
const { writeBuffer } = GPUQueue.prototype;
GPUQueue.prototype.writeBuffer = function (buffer, offset, data, ...part) {
  const shared = (data.buffer ?? data) instanceof SharedArrayBuffer;
  return writeBuffer.call(this, buffer, offset, shared ? copyOf(data) : data, ...part);
};
const copyOf = (data) => (ArrayBuffer.isView(data) ? data.slice() : new Uint8Array(data).slice().buffer);

await import(pathToFileURL(process.argv[2]));
process.on("disconnect", () => process.exit()); // the runner was ended
process.on("message", async ({ method, args }) => {
  try {
    process.send({ result: await globalThis.bench[method](...args) });
  } catch (error) {
    process.send({ error: error?.message ?? String(error) });
  }
});
