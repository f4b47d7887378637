import type { Target } from "./graph.ts";

/** What software adapters' kernels share loads by; on GPUs workgroup memory does as well. */
export const SUBGROUPS = "subgroups";

/** What an adapter says of itself. */
export interface Adapter {
  /** Such as "nvidia", "apple", "google" (SwiftShader) or "mesa"; "" where it does not say. */
  readonly vendor: string;
  /** The vendor's name of the family, such as "ampere"; "" where it does not say. */
  readonly architecture: string;
  /** The adapter's name for people; "" where it does not say. */
  readonly description: string;
  /** A software rasteriser: right, but orders of magnitude slower than a GPU. */
  readonly software: boolean;
}

/**
 * `adapter.info` came with Chrome 127 and `device.adapterInfo` with 132: before, an adapter says
 * nothing of itself.
 */
export function describe(info: Partial<GPUAdapterInfo> = {}): Adapter {
  const { vendor = "", architecture = "", device = "", description = "" } = info;
  const said = `${vendor} ${architecture} ${device} ${description}`;
  // Names of the software rasterisers WebGPU can land on: SwiftShader, Mesa's lavapipe, Windows'
  // WARP.
  const software = info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render|software/i.test(said);
  return { vendor, architecture, description, software };
}

/**
 * Which kernels a device runs: on software adapters by the lanes of its subgroups, if it has some,
 * they are always as many, and kernels are written for them.
 */
export function targetOf({ software }: Adapter, gpu: GPUDevice): Target {
  if (!software) return "gpu";
  const { subgroupMinSize: least, subgroupMaxSize: most } = gpu.adapterInfo ?? {};
  if (!gpu.features?.has(SUBGROUPS) || least !== most) return "software";
  return least === 4 ? "software4" : least === 8 ? "software8" : "software";
}
