// The page's script in Node, on Dawn, in a process of its own: a crash ends a case and not the run.
import { fork } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { library } from "./build.mjs";
import { ORT } from "./serve.mjs";

const CHILD = fileURLToPath(new URL("node-child.mjs", import.meta.url));

/** Starts the process, and returns what runs there and how to call its `bench`. */
export async function openNode({ url, scripts, folder }) {
  const { findSwiftShader, hasChosenDrivers, hasGpuNode } = await library("src/node/vulkan.ts", folder);
  const swiftShader = findSwiftShader();
  const software = process.platform === "linux" && !hasChosenDrivers() && !hasGpuNode() && swiftShader;
  // The Vulkan loader complains when there is no XDG_RUNTIME_DIR, which nothing here needs.
  const env = { XDG_RUNTIME_DIR: "/tmp", ...process.env, ...(software ? { VK_DRIVER_FILES: swiftShader } : {}) };
  // What libraries print is no result.
  const child = fork(CHILD, [join(folder, scripts.page)], { env, stdio: ["ignore", 2, 2, "ipc"] });
  let waiting;
  child.on("message", ({ result, error }) => (error ? waiting.reject(new Error(error)) : waiting.resolve(result)));
  child.on("exit", (code, signal) => waiting?.reject(new Error(`Node ended with ${signal ?? code}.`)));
  const call = (method, ...args) =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      child.send({ method, args }, (error) => error && reject(error));
    });
  if (!(await call("hasAdapter"))) {
    child.kill();
    throw new Error("Dawn finds no WebGPU adapter here; VK_DRIVER_FILES names a Vulkan driver.");
  }
  return {
    runtime: `Node ${process.version}`,
    places: {
      server: url,
      tfjs: pathToFileURL(join(folder, scripts.tfjs)).href,
      jax: pathToFileURL(join(folder, scripts.jax)).href,
      ort: pathToFileURL(`${ORT}/`).href,
      ortThreads: pathToFileURL(join(ORT, "ort.node.min.mjs")).href,
    },
    call,
    close: () => child.kill(),
  };
}
