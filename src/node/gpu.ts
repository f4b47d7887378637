// Tests: test/node/adapter.test.ts
import { UnsupportedError } from "../errors.ts";
import { howToGetAdapter } from "./install.ts";
import { howToAdd, loadOptional } from "./optional.ts";
import { findSwiftShader, hasChosenDrivers, hasGpuNode, loadVulkan, withEnvironment } from "./vulkan.ts";

/** Mesa's lavapipe runs on the CPU too, but Dawn refuses its older versions, and loudly. */
const LAVAPIPE = "*lvp*";

// Dawn crashes when the object `create()` returned is collected while its devices live.
const instances: GPU[] = [];
let found: Promise<GPU> | undefined;

/**
 * WebGPU for Node: the runtime's own where it has one (Deno), else the optional package `webgpu`
 * (Dawn) on a GPU if there is one, else on a software driver: Chromium's SwiftShader, wherever a
 * Chromium is installed, or Mesa's lavapipe. `VK_DRIVER_FILES` overrides the choice. Asked again,
 * it returns the same object.
 * @throws UnsupportedError when the package or every adapter is missing, with what to install.
 */
export function findGpu(): Promise<GPU> {
  if (!found) {
    found = search();
    // So that a later call sees what was installed meanwhile.
    found.catch(() => {
      found = undefined;
    });
  }
  return found;
}

async function search(): Promise<GPU> {
  const own = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
  if (own) return own;
  const dawn = await loadDawn();
  for (const environment of attempts()) {
    // The Vulkan loader complains on stderr when there is no XDG_RUNTIME_DIR, which nothing here
    // needs.
    const quiet = { XDG_RUNTIME_DIR: process.env["XDG_RUNTIME_DIR"] ?? "/tmp", ...environment };
    const gpu = await withEnvironment(quiet, async () => {
      const instance = dawn.create([]);
      instances.push(instance);
      return (await instance.requestAdapter()) ? instance : undefined;
    });
    if (gpu) return gpu;
  }
  if (process.platform === "linux" && hasChosenDrivers()) {
    throw new UnsupportedError(
      "no-adapter",
      "The Vulkan drivers that VK_DRIVER_FILES (or VK_ICD_FILENAMES) names offer no WebGPU adapter.",
      "Unset it, or name a driver that is installed.",
    );
  }
  throw new UnsupportedError("no-adapter", "No WebGPU adapter was found on this machine.", howToGetAdapter());
}

async function loadDawn(): Promise<typeof import("webgpu")> {
  try {
    return await loadOptional("webgpu", () => import("webgpu"));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ERR_MODULE_NOT_FOUND") {
      throw new UnsupportedError(
        "no-webgpu",
        "Node has no WebGPU of its own, and the package `webgpu` (Dawn) is not installed.",
        `${howToAdd("webgpu")}, or use Chrome (\`--chrome\`).`,
        { cause },
      );
    }
    throw new UnsupportedError(
      "no-webgpu",
      `The package \`webgpu\` (Dawn) does not load here (${process.platform} ${process.arch}): ${(cause as Error).message}.`,
      "It has builds for Linux (glibc 2.34 and GCC 12's libstdc++ or newer), macOS and Windows on x64 and arm64; elsewhere use Chrome (`--chrome`).",
      { cause },
    );
  }
}

/** Environments in which to ask for an adapter, best first. */
function* attempts(): Generator<Record<string, string>> {
  if (process.platform !== "linux") {
    yield {}; // Metal and Direct3D, which has a software adapter of its own
    return;
  }
  if (!loadVulkan()) return; // Dawn would only print that it is missing
  if (hasChosenDrivers()) {
    yield {};
    return;
  }
  if (hasGpuNode()) yield { VK_LOADER_DRIVERS_DISABLE: LAVAPIPE };
  const swiftShader = findSwiftShader();
  if (swiftShader) yield { VK_DRIVER_FILES: swiftShader };
  else yield {};
}
