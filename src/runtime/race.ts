import { GanatomyError } from "../errors.ts";
import type { Device } from "./device.ts";
import { bytesOf, Graph, type Tunable } from "./graph.ts";
import { Plan } from "./plan.ts";

// Tests: test/runtime/tune.test.ts, test/runtime/tune-clock.test.ts

/** Images an operation is timed with, where they fit into MEMORY: a small batch. */
const IMAGES = 4;
/** Bytes of buffers that timing may take. Two ways exist at a time, so each has half. */
const MEMORY = 512 * 2 ** 20;
/**
 * A sample repeats the runs until they last so many milliseconds: one wait for the GPU is then
 * small, …
 */
const SAMPLE = 4;
/** … but no more often than this: a coarse clock may show no time at all. */
const MOST_RUNS = 64;
const ROUNDS = 3;
/** A way replaces the best one only below this share of its time: smaller differences are noise. */
const GAIN = 0.97;
/** A way whose warm-up took this many times as long as the best one's last sample is dropped. */
const HOPELESS = 2;

/** Whether there is time left; throws the signal's reason. */
type Left = () => boolean;

/** A way that is being timed. */
interface Racer {
  readonly way: string;
  readonly plan: Plan;
  /** Runs that make a sample; 0 before it has warmed up. */
  runs: number;
  /** Milliseconds of its last sample's runs, each. */
  last: number;
}

/**
 * The fastest of the ways that there was time to compare; undefined if none of them can be run
 * here, for example because the operation is too large.
 */
export async function fastest(
  device: Device,
  [name, { ways, alone, storage }]: readonly [string, Tunable],
  left: Left,
): Promise<string | undefined> {
  const graphOf = (way: string, images: number): Graph => {
    const graph = new Graph(device.target, storage, new Map([[name, way]]));
    alone(graph, images);
    return graph;
  };
  // The same number for all ways, or their times could not be compared.
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

/** A plan to time, or undefined if this device cannot run the graph. */
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

/**
 * Whether a way takes less time than the best one so far; false if the time is over before that is
 * known.
 */
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

/** Doubles the runs of a sample until it lasts SAMPLE milliseconds. */
async function warmUp(device: Device, racer: Racer, left: Left): Promise<void> {
  racer.runs = 1;
  await sample(device, racer); // some drivers compile now
  while (left() && (await sample(device, racer)) * racer.runs < SAMPLE && racer.runs < MOST_RUNS) racer.runs *= 2;
}

/** Milliseconds of one run, averaged over the runs of a sample. */
async function sample(device: Device, racer: Racer): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < racer.runs; i += 1) racer.plan.run();
  await device.idle();
  racer.last = (performance.now() - start) / racer.runs;
  return racer.last;
}
