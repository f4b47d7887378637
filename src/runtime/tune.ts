import { GanatomyError } from "../errors.ts";
import type { Device } from "./device.ts";
import { bytesOf, Graph, type Tunable } from "./graph.ts";
import { Plan } from "./plan.ts";

/** Milliseconds spent on timing when a network is loaded; what is not reached runs untuned, and has its turn the next time. */
const BUDGET = 3000;
/** Images an operation is timed with, where its memory allows: those of a small batch. */
const IMAGES = 4;
/** Bytes that timing one operation may take. */
const MEMORY = 512 * 2 ** 20;
/** A sample lasts at least this many milliseconds, so that one wait for the GPU is small against it. */
const SAMPLE = 4;
const ROUNDS = 3;
/** Another way must take less than this share of the untuned one's time, or noise would choose. */
const GAIN = 0.97;

/**
 * Times the ways in which a graph's operations can run, where that was not done before, the largest operations first. The
 * fastest go into `device.tuned`, of which graphs made afterwards make use, and into the device's cache.
 *
 * Does nothing on a device that does not measure. `describe` makes the graph whose operations are meant.
 * @throws DeviceLostError; the signal's reason.
 */
export async function tune(device: Device, describe: () => Graph, signal?: AbortSignal): Promise<void> {
  if (!device.tuning.measures) return;
  // One at a time: two would time each other.
  const turn = device.tuning.turn.then(() => timeAll(device, describe().tunables, signal));
  device.tuning.turn = turn.catch(() => {});
  await turn;
}

async function timeAll(device: Device, tunables: ReadonlyMap<string, Tunable>, signal?: AbortSignal): Promise<void> {
  const { tuned, restored } = device.tuning;
  await restored();
  const work = ({ alone }: Tunable): number => {
    const graph = new Graph(device.target);
    alone(graph, 1);
    return graph.flops;
  };
  const open = [...tunables].filter(([name]) => !tuned.has(name)).sort(([, a], [, b]) => work(b) - work(a));
  const end = performance.now() + BUDGET;
  for (const [name, tunable] of open) {
    if (performance.now() > end) break;
    signal?.throwIfAborted();
    const way = await fastest(device, name, tunable);
    if (way !== undefined) tuned.set(name, way);
  }
  if (open.length > 0) await device.tuning.keep();
}

/** The way that takes the least time, or undefined where the operation is too large to be tried. */
async function fastest(device: Device, name: string, { ways, alone }: Tunable): Promise<string | undefined> {
  const plans = new Map<string, Plan>();
  try {
    for (const way of ways) {
      const plan = await tryWay(device, name, way, alone);
      if (plan) plans.set(way, plan);
    }
    const times = await race(device, plans);
    const [untuned] = ways;
    let [best, least] = [untuned, GAIN * (times.get(untuned!) ?? Number.POSITIVE_INFINITY)];
    for (const [way, time] of times) if (way !== untuned && time < least) [best, least] = [way, time];
    return plans.size > 0 ? best : undefined;
  } finally {
    for (const plan of plans.values()) plan.dispose();
  }
}

/** A plan of the operation alone, or undefined where this device cannot run it so. */
async function tryWay(device: Device, name: string, way: string, alone: Tunable["alone"]): Promise<Plan | undefined> {
  const { maxStorageBufferBindingSize, maxBufferSize } = device.gpu.limits;
  for (const images of [IMAGES, 1]) {
    const graph = new Graph(device.target, "f32", new Map([[name, way]]));
    alone(graph, images);
    const sizes = graph.values.map(bytesOf);
    if (Math.max(...sizes) > Math.min(maxStorageBufferBindingSize, maxBufferSize)) continue;
    if (sizes.reduce((sum, size) => sum + size, 0) > MEMORY) continue;
    try {
      return await Plan.compile(device, graph);
    } catch (error) {
      device.check();
      if (!(error instanceof GanatomyError)) throw error;
      return; // more workgroup memory than it has, or none left
    }
  }
  return;
}

/** The least milliseconds of one run of each way's plan, taken in turns. */
async function race(device: Device, plans: ReadonlyMap<string, Plan>): Promise<Map<string, number>> {
  const sample = async (plan: Plan, repeat: number): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < repeat; i += 1) plan.run();
    await device.idle();
    return (performance.now() - start) / repeat;
  };
  const repeats = new Map<string, number>();
  for (const [way, plan] of plans) {
    await sample(plan, 1); // some drivers compile now
    repeats.set(way, Math.max(1, Math.ceil(SAMPLE / (await sample(plan, 1)))));
  }
  const least = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [way, plan] of plans) {
      const time = await sample(plan, repeats.get(way)!);
      least.set(way, Math.min(least.get(way) ?? time, time));
    }
  }
  return least;
}
