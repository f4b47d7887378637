import { clocked } from "./clock.ts";
import { between, cpuTime } from "./cpu.ts";
import type { Network } from "./networks/operations.ts";
import type { Ours } from "./ours.ts";

/** A computation and its input, as the peers and we are given them. */
export interface Contest {
  readonly input: Float32Array<ArrayBuffer>;
  readonly network: Network;
  readonly ours: Ours;
  /**
   * Outputs are counts of pixels, of which a few may lie so close to a level that rounding decides.
   */
  readonly counts?: boolean;
}

/** A library with a device of its own, or none: then it computes on the CPU. */
export interface Contestant {
  readonly name: string;
  readonly device: GPUDevice | undefined;
  /** Builds the contest's network on the device. */
  prepare(contest: Contest): Promise<Runner>;
  /** Everything submitted has run. */
  idle(): Promise<unknown>;
}

/** A network ready to run, its input and output staying on the GPU. */
export interface Runner {
  /** Submits one run. */
  run(): void | Promise<void>;
  /** The last run's output, [n, height, width, channels]. */
  output(): Promise<Float32Array>;
  dispose(): void | Promise<void>;
}

/** Milliseconds of one run. */
export interface Timing {
  readonly median: number;
  readonly min: number;
  readonly samples: number;
  /** The median of what compute passes take on the GPU's clock; null where it has none. */
  readonly gpu: number | null;
  /** The median of CPU time, of all threads; null where nobody tells. */
  readonly cpu: number | null;
}

export interface Entry {
  readonly contestant: Contestant;
  readonly runner: Runner;
  /** Its first run, in which what is compiled at first use was compiled. */
  readonly first: Sample;
}

export interface Sample {
  readonly wall: number;
  readonly gpu: number | null;
  readonly cpu: number | null;
}

/** Milliseconds to spend on measuring, … */
const BUDGET = 5_000;
/** … rounds to measure where they take longer than that, … */
const ROUNDS = 3;
/**
 * … unless even those take more than this many milliseconds: then as many as the caller insists on,
 * …
 */
const PATIENCE = 30_000;
/**
 * … which nobody does where a round takes that long. A run that does is not repeated either: its
 * first is what it takes, in which compiling is a small part.
 */
const MINUTE = 60_000;
/** Rounds beyond this tell nothing new. */
const MOST_ROUNDS = 50;
const WARM_UPS = 3;
/**
 * A sample lasts at least this many milliseconds, so that one wait for the GPU is small against it.
 */
const SAMPLE = 20;

/** One run from its submission to the GPU's being done, on all clocks. */
export async function once({ contestant, runner }: Pick<Entry, "contestant" | "runner">): Promise<Sample> {
  let wall = 0;
  let cpu: number | null = null;
  const gpu = await clocked(contestant.device, async () => {
    const used = await cpuTime();
    const start = performance.now();
    await runner.run();
    await contestant.idle();
    wall = performance.now() - start;
    cpu = between(used, await cpuTime());
  });
  return { wall, gpu, cpu };
}

/**
 * Times runners in turns, A B C A B C …, so that whatever else the machine does falls on all alike;
 * `least` rounds if possible.
 */
export async function race(entries: readonly Entry[], least: number): Promise<Timing[]> {
  const racers = entries.map((entry) => ({
    ...entry,
    wall: [] as number[],
    gpu: [] as (number | null)[],
    cpu: [] as (number | null)[],
    repeat: 1,
  }));
  type Racer = (typeof racers)[number];
  const keep = ({ wall, gpu, cpu }: Racer, sample: Sample): void => {
    wall.push(sample.wall);
    gpu.push(sample.gpu);
    cpu.push(sample.cpu);
  };
  /** Many runs for one wait, and one more on the GPU's clock; a dear run is all of that at once. */
  const sample = async (racer: Racer): Promise<void> => {
    const { contestant, runner, repeat } = racer;
    if (repeat === 1) {
      keep(racer, await once(racer));
      return;
    }
    const used = await cpuTime();
    const start = performance.now();
    for (let i = 0; i < repeat; i += 1) await runner.run();
    await contestant.idle();
    const wall = (performance.now() - start) / repeat;
    const spent = between(used, await cpuTime());
    const cpu = spent === null ? null : spent / repeat;
    keep(racer, { wall, gpu: (await once(racer)).gpu, cpu });
  };
  const start = performance.now();
  for (const racer of racers) {
    if (racer.first.wall >= MINUTE) {
      keep(racer, racer.first);
      continue;
    }
    let last = await once(racer);
    for (let i = 1; i < WARM_UPS && last.wall < BUDGET / 20; i += 1) last = await once(racer);
    racer.repeat = Math.min(100, Math.max(1, Math.ceil(SAMPLE / last.wall)));
    // too dear to throw away, and the comparison warmed it up
    if (last.wall >= BUDGET / 20) keep(racer, last);
  }
  const running = racers.filter(({ wall: [first = 0] }) => first < MINUTE);
  let round = running.reduce((sum, { wall: [first = 0] }) => sum + first, 0);
  const enough = (): boolean => {
    const done = Math.min(...running.map(({ wall }) => wall.length));
    const elapsed = performance.now() - start;
    const impatient = elapsed >= PATIENCE && done >= (round < MINUTE ? least : 1);
    return done >= MOST_ROUNDS || (elapsed >= BUDGET && done >= ROUNDS) || impatient;
  };
  while (running.length > 0 && !enough()) {
    const begun = performance.now();
    for (const racer of running) await sample(racer);
    round = performance.now() - begun;
  }
  const known = (values: readonly (number | null)[]): number | null =>
    values.includes(null) ? null : median(values as number[]);
  return racers.map(({ wall, gpu, cpu }) => ({
    median: median(wall),
    min: Math.min(...wall),
    samples: wall.length,
    gpu: known(gpu),
    cpu: known(cpu),
  }));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
