import { allCases, type Case } from "./cases.ts";
import { type Ceilings, measureCeilings } from "./ceilings.ts";
import { installClock } from "./clock.ts";
import type { Lab, Measured } from "./compete.ts";
import type { Contestant } from "./contest.ts";
import { ganatomy, type OurContestant } from "./ours.ts";
import { jax } from "./peers/jax.ts";
import { onnxRuntime } from "./peers/ort.ts";
import { nameOf, onnxRuntimeWasm } from "./peers/ort-wasm.ts";
import { tfjs } from "./peers/tfjs.ts";
import { torchOf } from "./peers/torch.ts";
import { filesOf, type Places } from "./places.ts";

/** Who takes part, and on what. */
interface Setting {
  readonly adapter: string;
  readonly driver: string | null;
  readonly software: boolean;
  readonly ceilings: Ceilings;
  /** Peers that do not run here, and why. */
  readonly absent: Readonly<Record<string, string>>;
}

/** What the runner calls. */
export interface Bench {
  hasAdapter(): Promise<boolean>;
  open(places: Places): Promise<readonly Pick<Case, "name" | "headline">[]>;
  /** Gathers the libraries; the ceilings are measured unless they were before. */
  gather(ceilings?: Ceilings): Promise<Setting>;
  run(name: string): Promise<Measured>;
}

/** Of onnxruntime-web on the CPU. */
const THREADS = [1, 2];

const complaints = new Map<string, string>();
let places: Places;
let cases: readonly Case[];
let lab: Lab;

async function open(where: Places) {
  places = where;
  const drawn = "requestAnimationFrame" in globalThis;
  cases = (await allCases(filesOf(places))).filter(({ browser = false }) => drawn || !browser);
  return cases.map(({ name, headline }) => ({ name, headline }));
}

/** Every library, each with a device of its own on one adapter. */
async function gather(known?: Ceilings): Promise<Setting> {
  installClock();
  const ours = await ganatomy();
  listen(ours);
  const adapter = describe(ours.device);
  const ceilings = known ?? (await measureCeilings(ours.device));
  const peers: Contestant[] = [];
  const absent: Record<string, string> = {};
  for (const [name, join] of [
    ["tfjs", tfjs],
    ["ort", onnxRuntime],
    ["jax", jax],
    ...THREADS.map((threads) => [nameOf(threads), onnxRuntimeWasm(threads)] as const),
  ] as const) {
    if (!places.peers.includes(name)) continue;
    try {
      const peer = await join(places);
      if (peer.device && describe(peer.device) !== adapter) {
        throw new Error(`It runs on another adapter, ${describe(peer.device)}.`);
      }
      listen(peer);
      peers.push(peer);
    } catch (error) {
      absent[name] = (error as Error).message;
    }
  }
  const torch = places.peers.includes("torch") ? await torchOf(places) : undefined;
  if (typeof torch === "string") absent["torch"] = torch;
  lab = {
    ours,
    peers,
    torch: typeof torch === "string" ? undefined : torch?.run,
    files: filesOf(places),
    ceilings,
    complaint: (name) => {
      const complaint = complaints.get(name);
      complaints.delete(name);
      return complaint;
    },
  };
  const { software, description } = ours.library.adapter;
  return { adapter, driver: description || null, software, ceilings, absent };
}

/** A library that does not notice WebGPU's errors would be timed doing nothing. */
function listen({ name, device }: Contestant | OurContestant): void {
  device?.addEventListener("uncapturederror", ({ error }) => {
    if (!complaints.has(name)) complaints.set(name, error.message);
  });
}

function describe({ adapterInfo: { vendor, architecture, device, description } }: GPUDevice): string {
  return [...new Set([vendor, architecture, device, description])].filter(Boolean).join(" ");
}

const bench: Bench = {
  hasAdapter: async () => (await navigator.gpu?.requestAdapter()) != null,
  open,
  gather,
  run: (name) => cases.find((candidate) => candidate.name === name)!.measure(lab),
};
Object.assign(globalThis, { bench });
