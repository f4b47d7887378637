import type { Case } from "./cases.ts";

/** A library with a device of its own. */
export interface Contestant {
  readonly name: string;
  readonly device: GPUDevice;
  /** Builds the case's network on the device. */
  prepare(contest: Case): Promise<Runner>;
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
}

export interface Effort {
  /** Milliseconds to spend on measuring. */
  readonly budget: number;
  /** Rounds to measure where they take longer than that, … */
  readonly rounds: number;
  /** … unless even those take more than this many milliseconds. */
  readonly patience: number;
}

/** Rounds beyond this tell nothing new. */
const MOST_ROUNDS = 50;
const WARM_UPS = 3;
/** A sample lasts at least this many milliseconds, so that one wait for the GPU is small against it. */
const SAMPLE = 20;

/** Compares outputs: the largest difference, relative to the reference's root mean square. */
export function difference(values: Float32Array, reference: Float32Array): number {
  if (values.length !== reference.length) {
    throw new Error(`An output has ${values.length} values instead of ${reference.length}.`);
  }
  let squares = 0;
  let worst = 0;
  reference.forEach((value, at) => {
    const distance = Math.abs(values[at]! - value);
    squares += value * value;
    if (!(distance <= worst)) worst = distance; // a NaN stays
  });
  return worst / Math.sqrt(squares / reference.length);
}

/** Times runners in turns, A B C A B C …, so that whatever else the machine does falls on all alike. */
export async function race(
  entries: readonly { readonly contestant: Contestant; readonly runner: Runner }[],
  { budget, rounds, patience }: Effort,
): Promise<Timing[]> {
  const sample = async (index: number, repeat: number): Promise<number> => {
    const { contestant, runner } = entries[index]!;
    const start = performance.now();
    for (let i = 0; i < repeat; i += 1) await runner.run();
    await contestant.device.queue.onSubmittedWorkDone();
    return (performance.now() - start) / repeat;
  };
  const times = entries.map((): number[] => []);
  const repeats: number[] = [];
  const start = performance.now();
  for (const index of entries.keys()) {
    let last = await sample(index, 1);
    for (let i = 1; i < WARM_UPS && last < budget / 20; i += 1) last = await sample(index, 1);
    repeats.push(Math.min(100, Math.max(1, Math.ceil(SAMPLE / last))));
    if (last >= budget / 20) times[index]!.push(last); // too dear to throw away, and the comparison warmed it up
  }
  const enough = (): boolean => {
    const done = Math.min(...times.map(({ length }) => length));
    const elapsed = performance.now() - start;
    return done >= MOST_ROUNDS || (elapsed >= budget && done >= rounds) || (elapsed >= patience && done > 0);
  };
  while (!enough()) for (const index of entries.keys()) times[index]!.push(await sample(index, repeats[index]!));
  return times.map((samples) => {
    const sorted = samples.toSorted((a, b) => a - b);
    const middle = (sorted.length - 1) / 2;
    const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
    return { median, min: sorted[0]!, samples: sorted.length };
  });
}
