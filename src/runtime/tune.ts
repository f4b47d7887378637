import type { Device } from "./device.ts";
import { Graph, type Tunable } from "./graph.ts";

// Tests: test/runtime/tune-clock.test.ts

/**
 * Milliseconds after which no timing is begun when a network is loaded; a sample or a compilation
 * that has begun is finished. Operations that were not reached run in their first way, and are
 * timed on the next device.
 */
const BUDGET = 3000;

/**
 * Times the ways in which the operations of a graph can run, those of most FLOPs first, and leaves
 * out operations whose way is known. The fastest ways go into `device.tuned`, which graphs made
 * afterwards use, and into the device's cache. They do not change on this device any more.
 *
 * Does nothing on a device that does not measure. `describe` makes the graph.
 * @throws DeviceLostError; the signal's reason.
 */
export async function tune(device: Device, describe: () => Graph, signal?: AbortSignal): Promise<void> {
  const { tuning } = device;
  if (!tuning.measures) return;
  signal?.throwIfAborted();
  let waits = true;
  // One at a time: two would time each other.
  const turn = tuning.turn.then(() => {
    waits = false;
    return timeAll(device, describe().tunables, signal);
  });
  tuning.turn = turn.catch(() => {});
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => void (waits && reject(signal?.reason));
    signal?.addEventListener("abort", stop);
    turn.then(resolve, reject).finally(() => signal?.removeEventListener("abort", stop));
  });
}

async function timeAll(device: Device, tunables: ReadonlyMap<string, Tunable>, signal?: AbortSignal): Promise<void> {
  const { tuning } = device;
  await tuning.restored();
  const work = ({ alone, storage }: Tunable): number => {
    const graph = new Graph(device.target, storage);
    alone(graph, 1);
    return graph.flops;
  };
  const open = [...tunables].filter(tuning.isOpen).sort(([, a], [, b]) => work(b) - work(a));
  const race = open.length > 0 && (await racing(device));
  const end = performance.now() + BUDGET;
  const left = () => {
    signal?.throwIfAborted();
    return performance.now() < end;
  };
  try {
    for (const operation of open) {
      if (!race || !left()) break;
      const way = await race.fastest(device, operation, left);
      // A plan that was compiled meanwhile has settled on the first way.
      if (way !== undefined && tuning.isOpen(operation)) tuning.tuned.set(operation[0], way);
    }
  } finally {
    if (open.length > 0) await tuning.keep();
  }
  tuning.settle(tunables);
}

/** Read on demand: most devices measure nothing, and others know most ways from their cache. */
async function racing(device: Device): Promise<typeof import("./race.ts") | undefined> {
  try {
    return await import("./race.ts");
  } catch {
    device.warn(
      "The part of this library that times kernels did not load: each runs in its first way. " +
        "Serve the whole `dist` folder, chunks included.",
    );
    return;
  }
}
