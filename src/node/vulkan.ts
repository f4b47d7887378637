// Tests: test/node/adapter.test.ts
import { existsSync, readdirSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { chromiumFolders } from "./chrome.ts";
import { swiftShaderFolder } from "./swiftshader.ts";

const MANIFEST = "vk_swiftshader_icd.json";
const LOADER = "libvulkan.so.1";
/** glibc's and musl's RTLD_NODELETE, which Node has no name for. */
const KEEP_LOADED = 0x1000;

/**
 * Device nodes through which a Linux process reaches a GPU; without any of them there is no point
 * in asking drivers.
 */
const GPU_NODES = /^(nvidia\d+|nvidiactl|dxg|mali\d+|kgsl-.*)$/;

/**
 * Whether the user chose Vulkan drivers by the loader's environment variables: then no others are
 * tried.
 */
export function hasChosenDrivers(): boolean {
  return Boolean(process.env["VK_DRIVER_FILES"] || process.env["VK_ICD_FILENAMES"]);
}

/** Whether Linux shows this process anything that may be a GPU. */
export function hasGpuNode(dev = "/dev"): boolean {
  return (
    list(join(dev, "dri")).some((name) => name.startsWith("renderD")) || list(dev).some((name) => GPU_NODES.test(name))
  );
}

/**
 * Folders that may hold SwiftShader and a Vulkan loader: Chromium's, then what was fetched from
 * npm.
 */
const swiftShaderFolders = (): string[] => [...chromiumFolders(), swiftShaderFolder()];

/** The manifest of SwiftShader, the software Vulkan driver that every Chromium brings along. */
export function findSwiftShader(folders: readonly string[] = swiftShaderFolders()): string | undefined {
  return folders.map((folder) => join(folder, MANIFEST)).find((path) => existsSync(path));
}

/**
 * Sees to it that `libvulkan.so.1` is there for Dawn, which opens it by that name: the system's,
 * else the copy beside a SwiftShader. Returns which one, or undefined when there is none.
 */
export function loadVulkan(folders: readonly string[] = swiftShaderFolders()): string | undefined {
  if (opens(LOADER)) return LOADER;
  // A library that is already loaded answers to its SONAME, wherever it came from. So Dawn finds
  // this one, without LD_LIBRARY_PATH, which a process cannot change for itself.
  return folders.map((folder) => join(folder, LOADER)).find((path) => existsSync(path) && opens(path));
}

/** Loads a shared library for good. */
function opens(library: string): boolean {
  try {
    process.dlopen({ exports: {} }, library, constants.dlopen.RTLD_NOW | KEEP_LOADED);
  } catch (error) {
    // Node wants an addon and says so once the library is loaded, and so does Bun; if the linker
    // refused it, the linker is quoted instead.
    return /self-register|napi_register_module/.test((error as Error).message);
  }
  return true;
}

/**
 * Runs `work` with some environment variables set or (undefined) removed, and puts them back. Node
 * passes them on to the C environment, where the Vulkan loader reads them.
 */
export async function withEnvironment<T>(
  variables: Readonly<Record<string, string | undefined>>,
  work: () => Promise<T>,
): Promise<T> {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  const set = (name: string, value: string | undefined): void => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(variables)) set(name, value);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) set(name, value);
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
