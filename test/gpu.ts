import { findGpu } from "../src/node/gpu.ts";
import { Device, type DeviceOptions } from "../src/runtime/device.ts";
import type { Target } from "../src/runtime/graph.ts";

/** A device on whatever adapter Node finds; a suite without one fails. */
export const requestDevice = async (options: DeviceOptions = {}): Promise<Device> =>
  Device.request({ gpu: await findGpu(), ...options });

/**
 * Of these targets, or of all whose kernels this adapter can run, those to test. With
 * GANATOMY_TARGETS=own it is the one that the adapter itself chooses: for a second adapter, where
 * the others' kernels, of the same arithmetic, have run on a first.
 */
export async function targetsHere(of?: readonly Target[]): Promise<readonly Target[]> {
  const device = await requestDevice();
  device.dispose();
  if (process.env["GANATOMY_TARGETS"] === "own") return [device.target];
  return of ?? [...new Set<Target>(["software", device.target, "gpu"])];
}

/** [n, h, w, stored channels] → [n, channels, h, w], the layout of the reference. */
export function toNchw(data: Float32Array, shape: readonly number[], channels: number): Float32Array {
  const [n = 1, height = 1, width = 1, stored = 1] = shape;
  const out = new Float32Array(n * channels * height * width);
  for (let i = 0; i < n; i += 1) {
    for (let p = 0; p < height * width; p += 1) {
      for (let c = 0; c < channels; c += 1) {
        out[(i * channels + c) * height * width + p] = data[(i * height * width + p) * stored + c]!;
      }
    }
  }
  return out;
}

/** Root mean square. */
export function rms(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i]! ** 2;
  return Math.sqrt(sum / values.length);
}

/** The largest |actual − expected| in units of the expected rms. */
export function worst(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values instead of ${expected.length}`);
  let most = 0;
  for (let i = 0; i < expected.length; i += 1) {
    const error = Math.abs(actual[i]! - expected[i]!);
    if (!(error <= most)) most = error;
  }
  return most / rms(expected);
}
