import type { Device } from "../src/runtime/device.ts";
import type { Case } from "./cases.ts";
import type { Ceilings } from "./ceilings.ts";
import { type Contest, type Contestant, type Entry, once, type Runner, race } from "./contest.ts";
import { leastBytes } from "./networks/bytes.ts";
import type { OurContestant } from "./ours.ts";
import type { Torch } from "./peers/torch.ts";
import type { Files } from "./places.ts";

/** What a case is measured with. */
export interface Lab {
  readonly ours: OurContestant;
  readonly peers: readonly Contestant[];
  /** PyTorch, where Python has it. */
  readonly torch: Torch | undefined;
  readonly files: Files;
  readonly ceilings: Ceilings;
  /** The first thing WebGPU complained of on a contestant's device since it was last asked. */
  complaint(name: string): string | undefined;
}

/** Milliseconds by library. */
type Times = Readonly<Record<string, number | null>>;

/** A case's results; what a case has not is absent. */
export interface Measured {
  /** Our median. */
  readonly ms: number;
  readonly gpuMs: number | null;
  readonly peers: Times;
  readonly peersGpuMs?: Times;
  /**
   * CPU time of our run, of all threads, and of theirs: in Node of the process, in Chrome of all of
   * its.
   */
  readonly cpuMs?: number | null;
  readonly peersCpuMs?: Times;
  /** How far each peer's output is from ours. */
  readonly error?: Times;
  /** Peers that could not take part, and why. */
  readonly failed?: Readonly<Record<string, string>>;
  /** 10⁹ operations a second: of the layers as written, however they are computed. */
  readonly gflops?: number;
  /** Operations that we execute. */
  readonly executedFlops?: number;
  /** 10⁹ bytes a second, of the least that the layers can move. */
  readonly gbps?: number;
  /** Operations executed to the byte. */
  readonly intensity?: number;
  /** The least time that the ceilings allow for what is executed, to the time it took. */
  readonly fraction?: number;
  readonly bound?: "compute" | "memory";
  /** Shortest times. */
  readonly shortest?: Times;
  readonly samples?: number;
  /** From the numbers in memory to the first output, by library. */
  readonly first?: Times;
  /** Numbers that only this case has. */
  readonly more?: Readonly<Record<string, number>>;
}

/** Outputs further apart, relative to their root mean square, are not of the same network. */
const TOLERANCE = 1e-3;
/** Counts may differ by this share of all that is counted. */
const TIES = 1e-4;

/** A case in which libraries compete. */
export const contest = (name: string, headline: boolean, make: (files: Files) => Promise<Contest>): Case => ({
  name,
  headline,
  measure: async (lab) => compete(lab, await make(lab.files), headline ? 2 : 1),
});

async function compete(lab: Lab, contest: Contest, rounds: number): Promise<Measured> {
  const { ours, peers, torch } = lab;
  const entries: Entry[] = [];
  const failed: Record<string, string> = {};
  const first: Record<string, number> = {};
  const error: Record<string, number> = {};
  const tolerance = contest.counts ? TIES : TOLERANCE;
  const distance = contest.counts ? share : difference;
  const enter = async (contestant: Contestant, runner: Runner, start: number): Promise<Float32Array> => {
    const sample = await once({ contestant, runner });
    const output = await runner.output();
    const complaint = lab.complaint(contestant.name);
    if (complaint) throw new Error(complaint);
    first[contestant.name] = performance.now() - start;
    entries.push({ contestant, runner, first: sample });
    return output;
  };
  const began = performance.now();
  const memory = watchMemory(ours.library);
  const runner = await ours.prepare(contest);
  const reference = await enter(ours, runner, began);
  const compare = (name: string, output: Float32Array): void => {
    error[name] = distance(output, reference);
    if (error[name] <= tolerance) return;
    throw new Error(`${name}'s output differs from ours by ${error[name].toExponential(1)}.`);
  };
  for (const peer of peers) {
    let output: Float32Array;
    let entrant: Runner | undefined;
    try {
      const start = performance.now();
      entrant = await peer.prepare(contest);
      output = await enter(peer, entrant, start);
    } catch (cause) {
      // What WebGPU said is the reason of what the library makes of it; the rest is where.
      failed[peer.name] = (lab.complaint(peer.name) ?? (cause as Error).message).split("\n")[0]!;
      await entrant?.dispose();
      continue;
    }
    compare(peer.name, output);
  }
  let python: Awaited<ReturnType<Torch>> | undefined;
  try {
    python = await torch?.(contest);
  } catch (cause) {
    failed["torch"] = (cause as Error).message;
  }
  if (python) compare("torch", python.output);

  const timings = await race(entries, rounds);
  for (const { contestant, runner } of entries) {
    await runner.dispose();
    const complaint = lab.complaint(contestant.name);
    if (complaint) throw new Error(`${contestant.name}: ${complaint}`);
  }
  const [mine] = timings as [(typeof timings)[number]];
  const times = (pick: (timing: (typeof timings)[number]) => number | null): Record<string, number | null> =>
    Object.fromEntries(entries.map(({ contestant }, i) => [contestant.name, pick(timings[i]!)]));
  const { ganatomy: _, ...others } = times(({ median }) => median);
  const { ganatomy: gpuMs = null, ...peersGpuMs } = times(({ gpu }) => gpu);
  const { ganatomy: cpuMs = null, ...peersCpuMs } = times(({ cpu }) => cpu);
  return {
    ms: mine.median,
    gpuMs,
    peers: { ...others, ...(python ? { torch: python.ms } : {}) },
    peersGpuMs,
    cpuMs,
    peersCpuMs: { ...peersCpuMs, ...(python ? { torch: python.cpuMs } : {}) },
    error,
    failed,
    ...roofline(contest, runner.flops, mine.median, lab.ceilings),
    shortest: times(({ min }) => min),
    samples: mine.samples,
    first,
    more: { "GPU memory at most, MiB": memory.most() / 2 ** 20 },
  };
}

/**
 * The most bytes that a device's buffers have at once from now on; by itself it knows those of now.
 */
function watchMemory({ live }: Device) {
  let [now, most] = [live.bytes, live.bytes];
  Object.defineProperty(live, "bytes", {
    configurable: true,
    get: () => now,
    set: (bytes: number) => {
      now = bytes;
      most = Math.max(most, bytes);
    },
  });
  return { most: () => most };
}

function roofline({ network }: Contest, executedFlops: number, ms: number, { gflops, gbps }: Ceilings) {
  const bytes = leastBytes(network);
  const [compute, memory] = [executedFlops / gflops / 1e6, bytes / gbps / 1e6];
  return {
    gflops: network.flops / ms / 1e6,
    executedFlops,
    gbps: bytes / ms / 1e6,
    intensity: executedFlops / bytes,
    fraction: Math.max(compute, memory) / ms,
    bound: compute > memory ? "compute" : "memory",
  } as const;
}

/** The largest difference, relative to the reference's root mean square. */
function difference(values: Float32Array, reference: Float32Array): number {
  sameLength(values, reference);
  let squares = 0;
  let worst = 0;
  reference.forEach((value, at) => {
    const distance = Math.abs(values[at]! - value);
    squares += value * value;
    if (!(distance <= worst)) worst = distance; // a NaN stays
  });
  return worst / Math.sqrt(squares / reference.length);
}

/** Pixels counted differently, as a share of all that were counted. */
function share(values: Float32Array, reference: Float32Array): number {
  sameLength(values, reference);
  let apart = 0;
  let all = 0;
  reference.forEach((value, at) => {
    apart += Math.abs(values[at]! - value);
    all += value;
  });
  return apart / all;
}

function sameLength(values: Float32Array, reference: Float32Array): void {
  if (values.length === reference.length) return;
  throw new Error(`An output has ${values.length} values instead of ${reference.length}.`);
}
