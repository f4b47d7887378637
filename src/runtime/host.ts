import { UnsupportedError } from "../errors.ts";

// Tests: test/runtime/host.test.ts, test/runtime/device.test.ts, test/runtime/beat.test.ts

/** What a page, a worker or Node has of this; the only module that asks. */
interface Host {
  readonly navigator?: { readonly gpu?: GPU; readonly userAgent?: string };
}

/** Whatever its system and in its workers too, but on iOS, where it is WebKit and says FxiOS. */
export function isFirefox(): boolean {
  return userAgent().includes("Firefox/");
}

/** Whether WebGPU can be asked for an adapter here. */
export function hasEntryPoint(): boolean {
  return (globalThis as Host).navigator?.gpu !== undefined;
}

const userAgent = (): string => (globalThis as Host).navigator?.userAgent ?? "";

/** @throws UnsupportedError saying why there is none. */
export async function entryPoint(): Promise<GPU> {
  const { navigator } = globalThis as Host;
  if (navigator?.gpu) return navigator.gpu;
  if ((globalThis as { isSecureContext?: boolean }).isSecureContext === false) {
    throw new UnsupportedError(
      "insecure-context",
      "WebGPU is hidden because this page is not a secure context.",
      "Serve it over https:// or from http://localhost.",
    );
  }
  throw new UnsupportedError(
    "no-webgpu",
    "This environment has no WebGPU (`navigator.gpu` is missing).",
    await advice("howToGetWebGpu"),
  );
}

/** The format that canvases are shown in without a copy. */
export function canvasFormat(): GPUTextureFormat {
  return (globalThis as Host).navigator?.gpu?.getPreferredCanvasFormat() ?? "bgra8unorm";
}

/** What is thrown where there is no adapter. */
export async function noAdapter(options?: ErrorOptions): Promise<UnsupportedError> {
  const fix = await advice("howToGetAdapter");
  return new UnsupportedError("no-adapter", "WebGPU is here, but it offers no adapter.", fix, options);
}

/** What this browser's user does, which is loaded where somebody has to do something. */
async function advice(what: "howToGetWebGpu" | "howToGetAdapter"): Promise<string> {
  try {
    return (await import("./advice.ts"))[what](userAgent());
  } catch {
    // Service workers import nothing, and a page may be offline.
    return "Update this browser, and turn on hardware acceleration.";
  }
}
