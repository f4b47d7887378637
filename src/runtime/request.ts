import { UnsupportedError } from "../errors.ts";
import { type Adapter, describe, SUBGROUPS } from "./adapter.ts";
import { entryPoint, noAdapter } from "./host.ts";
import { waitable } from "./wait.ts";

// Tests: test/runtime/device.test.ts

/** Limits worth raising to what the adapter has; everything else stays at WebGPU's defaults. */
const RAISED = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
] as const;

/** Which adapter is asked for. */
export interface AdapterOptions {
  /**
   * A WebGPU entry point; `navigator.gpu` unless given. In Node, `await findGpu()` of
   * "ganatomy/node".
   */
  readonly gpu?: GPU;
  /** Which adapter is preferred where there are several; WebGPU's choice unless given. */
  readonly powerPreference?: GPUPowerPreference;
  /** Refuse software adapters. */
  readonly requireHardware?: boolean;
}

/** @throws UnsupportedError saying why there is none. */
export async function requestAdapter(
  options: AdapterOptions,
): Promise<{ readonly adapter: GPUAdapter; readonly info: Adapter }> {
  const gpu = options.gpu ?? (await entryPoint());
  let adapter: GPUAdapter | null;
  try {
    adapter = await gpu.requestAdapter(options.powerPreference ? { powerPreference: options.powerPreference } : {});
  } catch (cause) {
    throw await noAdapter({ cause });
  }
  if (!adapter) throw await noAdapter();
  const info = describe(adapter.info);
  if (info.software && options.requireHardware) {
    throw new UnsupportedError(
      "no-adapter",
      `Only a software adapter was found (${info.description || info.architecture}).`,
      "Enable hardware acceleration, or drop `requireHardware`.",
    );
  }
  return { adapter, info };
}

/** A device of the adapter's limits. @throws UnsupportedError */
export async function requestDevice(adapter: GPUAdapter, { software }: Adapter): Promise<GPUDevice> {
  const requiredLimits: Record<string, number> = {};
  for (const name of RAISED) requiredLimits[name] = adapter.limits[name];
  const requiredFeatures: GPUFeatureName[] = software && adapter.features?.has(SUBGROUPS) ? [SUBGROUPS] : [];
  try {
    return await waitable(
      () => adapter.requestDevice({ label: "ganatomy", requiredLimits, requiredFeatures }),
      software,
    );
  } catch (cause) {
    throw new UnsupportedError(
      "no-adapter",
      "The adapter refused to make a device.",
      "Reload, or restart the browser.",
      { cause },
    );
  }
}
