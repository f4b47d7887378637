// What a page loads, gzipped: our core beside each peer's scripts and WebAssembly.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT } from "./hosts/build.mjs";
import { ORT } from "./hosts/serve.mjs";

export const SIZES = "core bundle gzipped";

/**
 * Bytes of each library as it is published: ours needs nothing else, onnxruntime-web loads its
 * WebAssembly.
 */
export async function measureSizes({ folder, scripts }) {
  const gzipped = async (...paths) => {
    const files = await Promise.all(paths.map((path) => readFile(path)));
    return files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0);
  };
  return {
    bytes: await gzipped(join(ROOT, "dist/index.min.js")),
    peersBytes: {
      tfjs: await gzipped(join(folder, scripts.tfjs)),
      jax: await gzipped(join(folder, scripts.jax)),
      ort: await gzipped(
        join(ORT, "ort.webgpu.min.mjs"),
        join(ORT, "ort-wasm-simd-threaded.asyncify.mjs"),
        join(ORT, "ort-wasm-simd-threaded.asyncify.wasm"),
      ),
      wasm1: await gzipped(
        join(ORT, "ort.wasm.min.mjs"),
        join(ORT, "ort-wasm-simd-threaded.mjs"),
        join(ORT, "ort-wasm-simd-threaded.wasm"),
      ),
    },
  };
}
