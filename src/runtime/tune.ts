import { GanatomyError } from "../errors.ts";
import type { Device } from "./device.ts";
import { bytesOf, Graph, type Tunable } from "./graph.ts";
import { Plan } from "./plan.ts";

/**
 * Milliseconds spent on timing when a network is loaded, but for the sample or the compilation that is under way then. What is
 * not reached runs untuned, and has its turn on the next device.
 */
const BUDGET = 3000;
/** Images an operation is timed with, where its memory allows: those of a small batch. */
const IMAGES = 4;
/** Bytes that timing takes: of the two ways that are there at a time. */
const MEMORY = 512 * 2 ** 20;
/** A sample lasts at least this many milliseconds, so that one wait for the GPU is small against it, … */
const SAMPLE = 4;
/** … unless even so many runs take no time on a coarse clock. */
const MOST_RUNS = 64;
const ROUNDS = 3;
/** A later way must take less than this share of the best one's time, or noise would choose. */
const GAIN = 0.97;
/** One that takes this many times as long at first is not timed further. */
const HOPELESS = 2;

/**
 * Times the ways in which a graph's operations can run, where that was not done before, the largest operations first. The
 * fastest go into `device.tuned`, of which graphs made afterwards make use, and into the device's cache. From then on the
 * operations' ways stay the same on this device.
 *
 * Does nothing on a device that does not measure. `describe` makes the graph whose operations are meant.
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

/** Whether there is time left; throws the signal's reason. */
type Left = () => boolean;

async function timeAll(device: Device, tunables: ReadonlyMap<string, Tunable>, signal?: AbortSignal): Promise<void> {
  const { tuning } = device;
  await tuning.restored();
  const work = ({ alone, storage }: Tunable): number => {
    const graph = new Graph(device.target, storage);
    alone(graph, 1);
    return graph.flops;
  };
  const open = [...tunables].filter(tuning.isOpen).sort(([, a], [, b]) => work(b) - work(a));
  const end = performance.now() + BUDGET;
  const left: Left = () => {
    signal?.throwIfAborted();
    return performance.now() < end;
  };
  try {
    for (const operation of open) {
      if (!left()) break;
      const way = await fastest(device, operation, left);
      // Whoever compiled a plan of it meanwhile decided.
      if (way !== undefined && tuning.isOpen(operation)) tuning.tuned.set(operation[0], way);
    }
  } finally {
    if (open.length > 0) await tuning.keep();
  }
  tuning.settle(tunables);
}

/** A way that is being timed. */
interface Racer {
  readonly way: string;
  readonly plan: Plan;
  /** Runs that make a sample; 0 before it has warmed up. */
  runs: number;
  /** Milliseconds of its last sample's runs, each. */
  last: number;
}

/** The way that takes the least time, as far as there is time to find out; undefined where the operation is too large to be tried. */
async function fastest(
  device: Device,
  [name, { ways, alone, storage }]: readonly [string, Tunable],
  left: Left,
): Promise<string | undefined> {
  const graphOf = (way: string, images: number): Graph => {
    const graph = new Graph(device.target, storage, new Map([[name, way]]));
    alone(graph, images);
    return graph;
  };
  // As many for all, or their times could not be compared.
  const images = ways.every((way) => fits(device, graphOf(way, IMAGES))) ? IMAGES : 1;
  let best: Racer | undefined;
  try {
    for (const way of ways) {
      if (best && !left()) break;
      const plan = await tryPlan(device, graphOf(way, images));
      if (!plan) continue;
      let loser: Racer | undefined = { way, plan, runs: 0, last: 0 };
      try {
        if (!best || (await beats(device, loser, best, left))) [best, loser] = [loser, best];
      } finally {
        loser?.plan.dispose();
      }
    }
    return best?.way;
  } finally {
    best?.plan.dispose();
  }
}

function fits({ gpu }: Device, graph: Graph): boolean {
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.limits;
  const sizes = graph.values.map(bytesOf);
  return (
    Math.max(...sizes) <= Math.min(maxStorageBufferBindingSize, maxBufferSize) &&
    sizes.reduce((sum, size) => sum + size, 0) <= MEMORY / 2
  );
}

/** A plan of the graph, or undefined where this device cannot run it. */
async function tryPlan(device: Device, graph: Graph): Promise<Plan | undefined> {
  if (!fits(device, graph)) return;
  try {
    return await Plan.compile(device, graph);
  } catch (error) {
    device.check();
    if (!(error instanceof GanatomyError)) throw error;
    return; // more workgroup memory than it has, or none left
  }
}

/** Whether a way takes less time than the best one so far; not if there is no time to tell. */
async function beats(device: Device, challenger: Racer, best: Racer, left: Left): Promise<boolean> {
  for (const racer of [best, challenger]) if (racer.runs === 0) await warmUp(device, racer, left);
  if (challenger.last > HOPELESS * best.last) return false;
  let [least, leastOfBest] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS; round += 1) {
    if (!left()) return false;
    leastOfBest = Math.min(leastOfBest, await sample(device, best));
    if (!left()) return false;
    least = Math.min(least, await sample(device, challenger));
  }
  // No time at all says that the clock is too coarse.
  return least > 0 && least < GAIN * leastOfBest;
}

/** Finds out how many runs make a sample. */
async function warmUp(device: Device, racer: Racer, left: Left): Promise<void> {
  racer.runs = 1;
  await sample(device, racer); // some drivers compile now
  while (left() && (await sample(device, racer)) * racer.runs < SAMPLE && racer.runs < MOST_RUNS) racer.runs *= 2;
}

/** Milliseconds of one run, of so many that one wait for the GPU hardly counts. */
async function sample(device: Device, racer: Racer): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < racer.runs; i += 1) racer.plan.run();
  await device.idle();
  racer.last = (performance.now() - start) / racer.runs;
  return racer.last;
}
