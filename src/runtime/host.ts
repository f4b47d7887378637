import { UnsupportedError } from "../errors.ts";

// Tests: test/runtime/device.test.ts, test/runtime/beat.test.ts

/** What a page, a worker or Node has of this; the only module that asks. */
interface Host {
  readonly navigator?: { readonly gpu?: GPU; readonly userAgent?: string };
}

/** Whatever its system and in its workers too, but on iOS, where it is WebKit and says FxiOS. */
export function isFirefox(): boolean {
  return (globalThis as Host).navigator?.userAgent?.includes("Firefox/") ?? false;
}

/** Whether WebGPU can be asked for an adapter here. */
export function hasEntryPoint(): boolean {
  return (globalThis as Host).navigator?.gpu !== undefined;
}

/** @throws UnsupportedError saying why there is none. */
export function entryPoint(): GPU {
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
    'Use Chrome or Edge 113+, Safari 26+ or Firefox 141+; in Node pass `gpu: await findGpu()` of "ganatomy/node".',
  );
}

/** The format that canvases are shown in without a copy. */
export function canvasFormat(): GPUTextureFormat {
  return (globalThis as Host).navigator?.gpu?.getPreferredCanvasFormat() ?? "bgra8unorm";
}

export function noAdapter(options?: ErrorOptions): UnsupportedError {
  return new UnsupportedError(
    "no-adapter",
    "WebGPU is here, but it offers no adapter.",
    "Check the graphics driver and chrome://gpu; headless Chrome needs --enable-unsafe-webgpu; `ganatomy doctor` says what to install.",
    options,
  );
}
