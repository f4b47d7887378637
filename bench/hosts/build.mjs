// The page's scripts, and modules of ours for Node.
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { installPeers } from "../../scripts/peers.mjs";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TFJS =
  'import "@tensorflow/tfjs-backend-webgpu"; import "@tensorflow/tfjs-core/dist/register_all_gradients"; export * from "@tensorflow/tfjs-core";';
const JAX = 'export * from "@jax-js/jax";';

const bundle = (options) =>
  build({
    absWorkingDir: ROOT,
    bundle: true,
    format: "esm",
    target: "es2023",
    minify: true,
    legalComments: "none",
    logLevel: "error",
    ...options,
  });

/** Writes the page's script, TensorFlow.js and jax-js to a folder, and returns their names. */
export async function buildPage(folder) {
  installPeers();
  const browser = { platform: "browser" };
  const page = { entryPoints: ["bench/page.ts"], conditions: ["onnxruntime-web-use-extern-wasm"] };
  const resolveDir = join(ROOT, "bench");
  const tfjs = { stdin: { contents: TFJS, resolveDir } };
  await Promise.all([
    bundle({ ...browser, ...page, outfile: join(folder, "page.mjs") }),
    bundle({ ...browser, ...tfjs, outfile: join(folder, "tfjs.mjs") }),
    bundle({ ...browser, stdin: { contents: JAX, resolveDir }, outfile: join(folder, "jax.mjs") }),
  ]);
  return { page: "page.mjs", tfjs: "tfjs.mjs", jax: "jax.mjs" };
}

/** A module of the library, which is TypeScript, for Node; `folder` is where to put it. */
export async function library(path, folder) {
  const outfile = join(folder, `${path.replaceAll(/\W/g, "-")}.mjs`);
  await bundle({ entryPoints: [path], platform: "node", outfile });
  return import(pathToFileURL(outfile));
}
