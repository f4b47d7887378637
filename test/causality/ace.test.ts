import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type AceEvent,
  type AceOptions,
  type AceResult,
  type AceResume,
  type AceSnapshot,
  ace,
} from "../../src/causality/index.ts";
import { type Device, type Generator, type Segmenter, UsageError } from "../../src/index.ts";
import { smallModels } from "../dissect/models.ts";
import { requestDevice } from "../gpu.ts";

let device: Device;
let generator: Generator;
let segmenter: Segmenter;
beforeAll(async () => {
  device = await requestDevice();
  ({ generator, segmenter } = await smallModels(device));
});
afterAll(() => device?.dispose());

const LAYER = "layer3";
const CONCEPT = "tree";

const options = (more: Partial<AceOptions> = {}): AceOptions => ({
  layer: LAYER,
  concept: CONCEPT,
  initial: Array.from({ length: generator.layer(LAYER).channels }, (_, unit) => (unit % 3) / 4),
  searchSize: 60,
  trainSize: 20,
  evalSize: 4,
  places: 2,
  epochs: 3,
  rate: 0.05,
  segmentationSize: 16,
  batch: 10,
  ...more,
});

async function run(more: Partial<AceOptions> = {}, resume: AceResume = {}): Promise<AceEvent[]> {
  const events: AceEvent[] = [];
  for await (const event of ace(generator, segmenter, options(more), resume)) events.push(event);
  return events;
}

const snapshotsOf = (events: readonly AceEvent[]): AceSnapshot[] =>
  events.flatMap((event) => (event.type === "epoch" ? [event.snapshot] : []));

function resultOf(events: readonly AceEvent[]): AceResult {
  const last = events.at(-1)!;
  if (last.type !== "result") throw new Error("There is no result.");
  return last.result;
}

/** What events are, without how often progress is told. */
const kinds = (events: readonly AceEvent[]): string[] => {
  const all = events.map((event) => (event.type === "progress" ? event.phase : event.type));
  return all.filter((kind, i) => kind !== all[i - 1]);
};

const EPOCH = ["optimise", "evaluate", "epoch"];

describe("the search", () => {
  let events: AceEvent[];
  let snapshots: AceSnapshot[];
  let whole: AceResult;
  beforeAll(async () => {
    events = await run();
    snapshots = snapshotsOf(events);
    whole = resultOf(events);
  });

  test("tells what was found, the corpus, and α after every epoch", () => {
    const learning = ["evaluate", "epoch", ...EPOCH, ...EPOCH, ...EPOCH, "result"];
    expect(kinds(events)).toEqual(["present", "candidates", "corpus", ...learning]);
    expect(events.filter(({ type }) => type === "present")).toHaveLength(1);
    expect(snapshots.map(({ epoch }) => epoch)).toEqual([-1, 0, 1, 2]);
    expect(snapshots.map(({ trained }) => trained !== 0)).toEqual([false, true, true, true]);
    const [corpus] = events.flatMap((event) => (event.type === "corpus" ? [event.corpus] : []));
    expect(whole).toEqual({ corpus, snapshots, alpha: snapshots.at(-1)!.alpha, order: expect.any(Array) });
  });

  test("lowers the loss, and keeps α within 0 and 1", () => {
    const losses = snapshots.map(({ evaluation }) => evaluation.loss);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    for (const { alpha } of snapshots) for (const a of alpha) expect(a >= 0 && a <= 1).toBe(true);
  });

  test("orders units by α, of equals those with the higher initial score first, then by number", async () => {
    const { order, alpha } = whole;
    expect([...order].sort((a, b) => a - b)).toEqual([...alpha.keys()]);
    expect(order.map((unit) => alpha[unit])).toEqual([...alpha].sort((a, b) => b - a));
    // α of 0.5 / 0.5 units and of 0.25 / 0.5, 0 / 0.5; with no rate they stay.
    const { corpus } = whole;
    const still = resultOf(await run({ rate: 0, lambda: 0, epochs: 1 }, { corpus, snapshots: [snapshots[0]!] }));
    expect(still.order).toEqual([2, 5, 8, 1, 4, 7, 0, 3, 6, 9]);
  });

  test("goes on from each of its phases to the same bits", async () => {
    const [present] = events.flatMap((event) => (event.type === "present" ? [event.present] : []));
    const { corpus } = whole;
    for (const [resume, told] of [
      [{ present }, ["candidates", "corpus", "evaluate", "epoch", ...EPOCH, ...EPOCH, ...EPOCH, "result"]],
      [{ present, corpus }, ["evaluate", "epoch", ...EPOCH, ...EPOCH, ...EPOCH, "result"]],
      [{ corpus, snapshots: snapshots.slice(0, 2) }, [...EPOCH, ...EPOCH, "result"]],
      [{ corpus, snapshots }, ["result"]],
    ] as const) {
      const rest = await run({}, resume);
      expect(kinds(rest)).toEqual(told);
      expect(resultOf(rest)).toEqual(whole);
    }
  });

  test("frees everything and rejects with the signal's reason when it is stopped", async () => {
    await run({ epochs: 1 }); // weights stay on the GPU
    await device.idle();
    const before = { ...device.live };
    const controller = new AbortController();
    const events = ace(generator, segmenter, options({ signal: controller.signal }));
    const stopped = async (): Promise<void> => {
      for await (const event of events) if (event.type === "epoch") controller.abort(new Error("enough"));
    };
    await expect(stopped()).rejects.toThrow("enough");
    await device.idle();
    expect(device.live).toEqual(before);
  });

  test("is refused when a gradient was no number, whatever the GPU made of α", async () => {
    const { corpus } = whole;
    const [start] = snapshots;
    const moments = start!.moments.map((value, at) => (at === 4 ? Number.NaN : value));
    const search = run({}, { corpus, snapshots: [{ ...start!, moments }] });
    await expect(search).rejects.toThrow(UsageError);
    await expect(search).rejects.toThrow(/gradient, is no number after epoch 0/);
    // A weight whose term overflows is told before anything is learned.
    await expect(run({ lambda: 1e308 }, { corpus })).rejects.toThrow(/The loss of "tree" at layer3.* after epoch -1/);
  });

  test.each([
    [{ concept: "three" }, /knows no concept "three"/],
    [{ layer: "layer9" }, /has no layer "layer9"/],
    [{ batch: 6 }, /divides no step/],
    [{ concept: "door", searchSize: 8 }, /too few to learn from/],
    [{ searchSize: 2 ** 40 }, /needs \d+ MiB, and this adapter binds at most/],
  ])("refuses %j", async (more, message) => {
    const initial = new Array(generator.layer(LAYER).channels).fill(0.5);
    await expect(run({ initial, ...more })).rejects.toThrow(message);
  });
});
