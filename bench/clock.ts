// GPU time: the sum of what a run's compute passes take between the timestamps at their two ends.
// It counts no gaps between passes, so it is what the kernels cost, whoever encodes them: every
// library calls the same `beginComputePass`, which is replaced here. Only runs that are looked at
// this way pay for it.

/** As many timestamps as a query set may hold, two a pass. */
const MOST = 4096;
const QUERY_RESOLVE = 0x200;
const NANOSECONDS = 1e6;

interface Recording {
  readonly device: GPUDevice;
  readonly querySet: GPUQuerySet;
  used: number;
}
let recording: Recording | undefined;

/** Puts the clock into WebGPU's command encoders; once. */
export function installClock(): void {
  const { prototype } = GPUCommandEncoder;
  const begin = prototype.beginComputePass;
  prototype.beginComputePass = function (descriptor = {}) {
    if (!recording) return begin.call(this, descriptor);
    const at = recording.used;
    recording.used += 2;
    if (recording.used > MOST) return begin.call(this, descriptor);
    const { querySet } = recording;
    const timestampWrites = { querySet, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
    return begin.call(this, { ...descriptor, timestampWrites });
  };
}

/**
 * Does the work and returns its passes' milliseconds; null where the device has no clock or there
 * were too many.
 */
export async function clocked(device: GPUDevice | undefined, work: () => Promise<void>): Promise<number | null> {
  if (!device?.features.has("timestamp-query")) {
    await work();
    return null;
  }
  const querySet = device.createQuerySet({ type: "timestamp", count: MOST });
  const current: Recording = { device, querySet, used: 0 };
  recording = current;
  try {
    await work();
  } finally {
    recording = undefined;
  }
  try {
    return current.used === 0 || current.used > MOST ? null : await sumOf(current);
  } finally {
    querySet.destroy();
  }
}

async function sumOf({ device, querySet, used }: Recording): Promise<number> {
  const size = 8 * used;
  const resolved = device.createBuffer({ size, usage: QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
  const staging = device.createBuffer({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  const encoder = device.createCommandEncoder();
  encoder.resolveQuerySet(querySet, 0, used, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const times = new BigInt64Array(staging.getMappedRange().slice(0));
  staging.destroy();
  resolved.destroy();
  let sum = 0n;
  for (let at = 0; at < used; at += 2) sum += times[at + 1]! - times[at]!;
  return Number(sum) / NANOSECONDS;
}
