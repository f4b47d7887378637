// What a page loads at once, gzipped: our core beside each peer's scripts and WebAssembly.
import { join } from "node:path";
import { CORE, gzipped, loadedWith } from "../scripts/build.mjs";
import { ORT } from "./hosts/serve.mjs";

export const SIZES = "core bundle gzipped";

/**
 * Bytes of each library as it is published: ours by its chunks, onnxruntime-web with its
 * WebAssembly.
 */
export async function measureSizes({ folder, scripts }) {
  return {
    bytes: await gzipped(await loadedWith(CORE)),
    peersBytes: {
      tfjs: await gzipped([join(folder, scripts.tfjs)]),
      jax: await gzipped([join(folder, scripts.jax)]),
      ort: await gzipped([
        join(ORT, "ort.webgpu.min.mjs"),
        join(ORT, "ort-wasm-simd-threaded.asyncify.mjs"),
        join(ORT, "ort-wasm-simd-threaded.asyncify.wasm"),
      ]),
      wasm1: await gzipped([
        join(ORT, "ort.wasm.min.mjs"),
        join(ORT, "ort-wasm-simd-threaded.mjs"),
        join(ORT, "ort-wasm-simd-threaded.wasm"),
      ]),
    },
  };
}
