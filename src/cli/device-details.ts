import type { Device } from "../index.ts";
import type { TuningCache } from "../runtime/tuning.ts";

/** Limits that decide how large a model can be, and which kernels run. */
export const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
] as const;

/** A limit's value: large ones of bytes in MiB. */
export function sized(limit: string, value: number): string {
  return /Size$/.test(limit) && value >= 2 ** 20 ? `${Math.floor(value / 2 ** 20)} MiB` : String(value);
}

/** What an adapter says of itself, what kernels are made for it, and what the device may use. */
export function deviceText({ adapter, target, gpu }: Pick<Device, "adapter" | "target" | "gpu">): string {
  const { vendor, architecture } = adapter;
  const features = [...(gpu.features ?? [])].sort().join(", ");
  return [
    `Adapter: vendor ${vendor || "unknown"}, architecture ${architecture || "unknown"}, kernels for "${target}"`,
    `features ${features || "none"}`,
    ...LIMITS.map((limit) => `${limit} ${sized(limit, gpu.limits[limit])}`),
  ].join("; ");
}

/** Follows, in the cache that it puts before another, where a device has its ways from. */
export class KernelChoices {
  /** For the device. */
  readonly cache: TuningCache;
  readonly #kept = new Set<string>();
  readonly #timed = new Set<string>();

  constructor(cache: TuningCache) {
    this.cache = {
      match: async (url) => {
        const found = await cache.match(url);
        for (const name of await namesIn(found)) this.#kept.add(name);
        return found;
      },
      put: async (url, response) => {
        for (const name of await namesIn(response)) if (!this.#kept.has(name)) this.#timed.add(name);
        await cache.put(url, response);
      },
    };
  }

  /** How the device's operations that can run in several ways have come to theirs. */
  text({ tuned, adapter }: Pick<Device, "tuned" | "adapter">, isAsked = true): string {
    const names = [...tuned.keys()];
    const kept = names.filter((name) => this.#kept.has(name)).length;
    const timed = names.filter((name) => this.#timed.has(name)).length;
    const first = names.length - kept - timed;
    const why = !isAsked ? " (timing is off)" : adapter.software ? " (a software adapter)" : "";
    return `Kernels: of ${names.length} operations with several, ${kept} as an earlier run timed them, ${timed} timed now, ${first} not timed${why}.`;
  }
}

/** The operations in what is kept; none where it cannot be read. */
async function namesIn(response: Response | undefined): Promise<string[]> {
  const kept: unknown = await response
    ?.clone()
    .json()
    .catch(() => undefined);
  return typeof kept === "object" && kept !== null ? Object.keys(kept) : [];
}
