import { CASES } from "./cases.ts";
import { type Contestant, difference, race, type Timing } from "./contest.ts";
import { ganatomy } from "./ours.ts";
import { onnxRuntime } from "./peers/ort.ts";
import { tfjs } from "./peers/tfjs.ts";

/** Outputs further apart than this, relative to their root mean square, are not of the same network. */
const TOLERANCE = 1e-3;

/** One case's outcome: what `--json` prints, and the table's row. */
export interface Outcome {
  readonly case: string;
  readonly adapter: string;
  readonly software: boolean;
  /** Our median. */
  readonly ms: number;
  /** The peers' medians. */
  readonly peers: Readonly<Record<string, number>>;
  /** Of the layers as written: upsampled convolutions count in full, though we compute fewer. */
  readonly gflops: number;
  /** The peers' largest difference from us, relative to our root mean square. */
  readonly error: Readonly<Record<string, number>>;
  readonly timings: Readonly<Record<string, Timing>>;
}

/** What run.mjs calls. */
export interface Bench {
  hasAdapter(): Promise<boolean>;
  /** All cases' names. */
  readonly cases: readonly string[];
  run(name: string): Promise<Outcome>;
}

/** The first thing WebGPU complained of: a library that does not notice would be timed doing nothing. */
let failure: Error | undefined;
let contestants: Promise<readonly [Awaited<ReturnType<typeof ganatomy>>, ...Contestant[]]> | undefined;

/** Every library, each with a device of its own on one adapter. */
async function gather() {
  const all = [await ganatomy(), await tfjs(), await onnxRuntime()] as const;
  const [adapter, ...others] = all.map(({ device }) => describe(device));
  if (others.some((other) => other !== adapter)) throw new Error(`These adapters differ: ${[adapter, ...others]}.`);
  for (const { name, device } of all) {
    device.addEventListener("uncapturederror", ({ error }) => {
      failure ??= new Error(`${name}: ${error.message}`);
    });
  }
  return all;
}

function describe({ adapterInfo: { vendor, architecture, device, description } }: GPUDevice): string {
  return [...new Set([vendor, architecture, device, description])].filter(Boolean).join(" ");
}

async function read(path: string): Promise<ArrayBuffer> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`There is no ${path}: see the options --model and --mosaic.`);
  return response.arrayBuffer();
}

async function run(name: string): Promise<Outcome> {
  contestants ??= gather();
  const [ours, ...peers] = await contestants;
  const contest = await CASES.get(name)!(name, read);
  const entries = [];
  const outputs = new Map<string, Float32Array>();
  for (const contestant of [ours, ...peers]) {
    const runner = await contestant.prepare(contest);
    await runner.run();
    outputs.set(contestant.name, await runner.output());
    entries.push({ contestant, runner });
  }
  if (failure) throw failure;
  const reference = outputs.get(ours.name)!;
  const error = Object.fromEntries(peers.map(({ name }) => [name, difference(outputs.get(name)!, reference)]));
  if (!Object.values(error).every((value) => value <= TOLERANCE)) {
    throw new Error(`${name}: outputs differ from ours, in units of their root mean square: ${JSON.stringify(error)}.`);
  }
  const results = await race(entries, { budget: 10_000, rounds: 3, patience: 45_000 });
  for (const { runner } of entries) await runner.dispose();
  if (failure) throw failure;
  const timings = Object.fromEntries(entries.map(({ contestant }, index) => [contestant.name, results[index]!]));
  const ms = timings[ours.name]!.median;
  return {
    case: name,
    adapter: describe(ours.device),
    software: ours.software,
    ms,
    peers: Object.fromEntries(peers.map((peer) => [peer.name, timings[peer.name]!.median])),
    gflops: contest.network.flops / ms / 1e6,
    error,
    timings,
  };
}

const bench: Bench = {
  hasAdapter: async () => (await navigator.gpu?.requestAdapter()) != null,
  cases: [...CASES.keys()],
  run,
};
Object.assign(globalThis, { bench });
