// Tests: test/cli/commands/dissect.test.ts
import { UnsupportedError } from "../errors.ts";
import { Device } from "../index.ts";
import { cacheFolder, folderCache } from "../node/cache.ts";
import { findGpu } from "../node/gpu.ts";
import { installHelps, installSoftwareAdapter } from "../node/install.ts";
import type { TuningCache } from "../runtime/tuning.ts";

export interface TuneFlags {
  /** False: kernels are not timed on a GPU's first use. */
  readonly tune?: boolean;
}

/**
 * A device for a command: on what this machine has, else on a software adapter that is installed
 * now if that can be done.
 */
export async function requestDevice(
  note: (text: string) => void,
  signal: AbortSignal,
  { tune }: TuneFlags = {},
  tuningCache: TuningCache = folderCache(cacheFolder()),
): Promise<Device> {
  const device = await Device.request({
    gpu: await findOrInstall(note, signal),
    signal,
    tuningCache,
    onWarning: note,
    ...(tune === false && { tune }),
  });
  const { description, architecture, vendor, software } = device.adapter;
  const name = description || [vendor, architecture].filter(Boolean).join(" ") || "an unnamed adapter";
  note(`Running on ${name}${software ? " (software: right, but far slower than a GPU)" : ""}.`);
  return device;
}

async function findOrInstall(note: (text: string) => void, signal: AbortSignal): Promise<GPU> {
  try {
    return await findGpu();
  } catch (error) {
    if (!(error instanceof UnsupportedError) || error.code !== "no-adapter" || !installHelps()) throw error;
    await installSoftwareAdapter(note, { signal });
    return findGpu();
  }
}
