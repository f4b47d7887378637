import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  Checkpoint,
  type Checkpoints,
  type Counters,
  type DissectionState,
  ofLayer,
  PhaseEnd,
  type StateTable,
} from "../../src/dissect/checkpoint.ts";
import type { Counter } from "../../src/dissect/counter.ts";
import {
  type Device,
  type Dissection,
  type DissectOptions,
  dissect,
  type Generator,
  type Segmenter,
  UsageError,
} from "../../src/index.ts";
import { requestDevice } from "../gpu.ts";
import { smallModels } from "./models.ts";

let device: Device;
let generator: Generator;
let segmenter: Segmenter;
beforeAll(async () => {
  device = await requestDevice();
  ({ generator, segmenter } = await smallModels(device));
});
afterAll(() => {
  segmenter.dispose();
  generator.dispose();
  device.dispose();
});

const OPTIONS = { layers: ["layer3", "layer4"], size: 13, batch: 4, examples: 3, segmentationSize: 16 };

interface Ended {
  readonly dissection: Dissection;
  readonly pictures: unknown[];
  /** Images that were counted, in all phases. */
  readonly steps: string[];
}

async function run(options: DissectOptions, checkpoints?: Checkpoints): Promise<Ended> {
  const steps: string[] = [];
  for await (const event of dissect(generator, segmenter, { ...options, ...(checkpoints && { checkpoints }) })) {
    if (event.type === "progress") steps.push(`${event.phase} ${event.done}`);
    if (event.type !== "result") continue;
    const pictures: unknown[] = [];
    for await (const each of event.pictures()) pictures.push(structuredClone(each));
    return { dissection: event.dissection, pictures, steps };
  }
  throw new Error("no result");
}

/** Everything that is kept on the way. */
async function states(options: DissectOptions): Promise<DissectionState[]> {
  const all: DissectionState[] = [];
  const ended = await run(options, { due: () => true, keep: async (state) => void all.push(structuredClone(state)) });
  expect(ended.steps.length).toBeGreaterThan(all.length);
  return all;
}

test.each<readonly [string, DissectOptions]>([
  ["levels that are searched", OPTIONS],
  ["one quantile", { ...OPTIONS, quantileThreshold: 0.01 }],
  ["nothing kept on the GPU", { ...OPTIONS, memory: 0, layers: ["layer4"] }],
])("goes on from every batch of every phase to the same bits: %s", async (_, options) => {
  const whole = await run(options);
  const all = await states(options);
  expect(new Set(all.map(({ at }) => at)).size).toBe(options.quantileThreshold === undefined ? 5 : 4);
  for (const [index, found] of all.entries()) {
    const { dissection, pictures, steps } = await run(options, { found, due: () => false, keep: async () => {} });
    expect(dissection, `${found.at} ${found.done}`).toEqual(whole.dissection);
    expect(pictures, `${found.at} ${found.done}`).toEqual(whole.pictures);
    // what was counted is not counted again
    expect(steps).toEqual(whole.steps.slice(index + 1));
  }
});

test("a state whose tables do not fit, or of another batch size, is that phase's beginning", async () => {
  const whole = await run(OPTIONS);
  const all = await states(OPTIONS);
  for (const phase of new Set(all.map(({ at }) => at))) {
    const state = all.find(({ at }) => at === phase)!;
    const cut = new Map(
      [...state.tables].map(([name, table]) => [name, name.startsWith("found") ? table : table.slice(1)]),
    );
    const [broken, other] = [{ ...state, tables: cut }, state];
    for (const [found, batch] of [
      [broken, 4],
      [other, 3],
    ] as const) {
      const ended = await run({ ...OPTIONS, batch }, { found, due: () => false, keep: async () => {} });
      expect(ended.dissection, `${phase}, ${batch} a batch`).toEqual(whole.dissection);
      expect(ended.pictures).toEqual(whole.pictures);
    }
  }
});

describe("what is kept, and taken up", () => {
  const table = (...numbers: number[]) => Uint32Array.of(...numbers);
  /** A counter that holds this, and takes any table but none. */
  const counter = (held: StateTable, took: StateTable[] = []): Counter =>
    ({
      read: async () => held,
      take: (given: StateTable | undefined) => given !== undefined && took.push(given) > 0,
    }) as unknown as Counter;
  const state = (at: string, done: number, tables: Record<string, StateTable>): DissectionState => ({
    ...{ at, done, tables: new Map(Object.entries(tables)) },
  });
  /** A checkpoint, and all that it keeps. */
  function checkpointOf(options: Partial<Checkpoints> = {}, before?: Checkpoint) {
    const kept: [string, number, Record<string, StateTable>][] = [];
    const keep = async ({ at, done, tables }: DissectionState) =>
      void kept.push([at, done, Object.fromEntries(tables)]);
    return { checkpoint: new Checkpoint({ due: () => true, keep, ...options }, before), kept };
  }
  const WHOLE = { size: 13, batchSize: 4 };

  test("which images are counted, and gone through", () => {
    const none = new Checkpoint(undefined);
    expect([none.isUsed, none.isShared, none.isPart]).toEqual([false, false, false]);
    expect([none.share(9), none.range(9)]).toEqual(Array(2).fill({ first: 0, end: 9 }));
    none.put("a", table(1));
    expect(none.counts("a")).toBeUndefined();
    const { checkpoint: part } = checkpointOf({ share: { first: 3, end: 5 } });
    expect([part.isUsed, part.isShared, part.isPart]).toEqual([true, true, true]);
    expect([part.share(9), part.range(9)]).toEqual(Array(2).fill({ first: 3, end: 5 }));
    const { checkpoint: over } = checkpointOf({ share: { first: 9, end: 9 } });
    expect([over.isUsed, over.isShared, over.isPart]).toEqual([true, true, false]);
    expect([over.share(9), over.range(9)]).toEqual([
      { first: 9, end: 9 },
      { first: 0, end: 9 },
    ]);
  });

  test("what phases found, of one machine, of many, and of the run before", () => {
    const many = Float64Array.of(2 ** 40);
    const found = state("b", 4, { "found: one": table(1), "found: many": many, counted: table(3) });
    const { checkpoint: first } = checkpointOf({ found });
    expect(["one", "many", "counted"].map((name) => first.counts(name))).toEqual([table(1), many, undefined]);
    expect([first.result("one", Uint32Array), first.result("one", Float32Array)]).toEqual([table(1), undefined]);
    first.put("more", table(7));
    expect(checkpointOf({}, first).checkpoint.counts("more")).toEqual(table(7));
    const share = { first: 0, end: 4 };
    expect(checkpointOf({ share }, first).checkpoint.counts("more")).toBeUndefined();
  });

  test.each([
    [4, 4],
    [13, 13],
    [5, undefined],
  ])("of %i images counted %j are gone on from", (done, expected) => {
    const tables = { a: table(1), k: table(2), x: table(3), "found: f": table(4) };
    const { checkpoint } = checkpointOf({ found: state("p", done, tables) });
    const took: StateTable[] = [];
    const own = { counters: { a: counter(table(0), took) }, known: { k: counter(table(0), took) } };
    expect([checkpoint.at, checkpoint.restore("other", WHOLE, own)]).toEqual(["p", undefined]);
    const restored = checkpoint.restore("p", WHOLE, own);
    expect(restored?.done).toBe(expected);
    // once
    expect([checkpoint.at, checkpoint.restore("p", WHOLE, own)]).toEqual([undefined, undefined]);
    if (!restored) return expect(took).toEqual([]);
    expect(took).toEqual([table(1), table(2)]);
    expect(Object.fromEntries(restored.extra)).toEqual({ x: table(3) });
  });

  test("of many machines what is known has to be there, and counters where something was counted", () => {
    const restore = (tables: Record<string, StateTable>, share?: Checkpoints["share"]) => {
      const { checkpoint } = checkpointOf({ found: state("p", 5, tables), share });
      const own = { counters: { a: counter(table(0)) }, known: { k: counter(table(0)) } };
      return () => checkpoint.restore("p", WHOLE, own)?.done;
    };
    const share = { first: 5, end: 7 };
    expect(restore({ k: table(1) }, share)()).toBe(5);
    expect(restore({ a: table(1), k: table(1) }, share)()).toBe(5);
    expect(restore({ a: table(1) }, share)).toThrow(UsageError);
    expect(restore({ a: table(1) }, share)).toThrow('counted of "p" does not fit');
    expect(restore({ a: table(1), k: table(1) })()).toBeUndefined();
  });

  const tables = () => ({ counters: { a: counter(table(1)) }, known: { k: counter(table(2)) } });
  const extra = () => new Map([["x", table(3)]]);

  test("all is kept when it is time, of a share what it counted, once", async () => {
    const { checkpoint, kept } = checkpointOf();
    checkpoint.put("f", table(4));
    await checkpoint.keep("p", 4, tables, extra);
    expect(kept).toEqual([["p", 4, { a: table(1), k: table(2), x: table(3), "found: f": table(4) }]]);
    const early = checkpointOf({ due: () => false });
    await early.checkpoint.keep("p", 4, tables, extra);
    expect(early.kept).toEqual([]);
    const part = checkpointOf({ due: () => false, share: { first: 4, end: 8 } });
    part.checkpoint.put("f", table(4));
    await part.checkpoint.keep("p", 6, tables, extra);
    await expect(part.checkpoint.keep("p", 8, tables, extra)).rejects.toThrow(PhaseEnd);
    expect(part.kept).toEqual([["p", 8, { a: table(1) }]]);
  });

  test("where batches end amid one, what was counted before is kept, if it is time and was not kept", async () => {
    const stop = new Error("stop");
    let due = false;
    const { checkpoint, kept } = checkpointOf({ due: () => due });
    /** A phase of so many batches, behind which it is stopped. */
    const phase = async (at: string, batches: number, isStopped = true): Promise<unknown> => {
      async function* each() {
        for (let index = 0; index < batches; index += 1) yield 4 * index;
        if (!isStopped) return;
        due = true;
        throw stop;
      }
      try {
        for await (const first of checkpoint.batches(each())) await checkpoint.keep(at, first + 4, tables, extra);
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(await phase("p", 2)).toBe(stop);
    expect(kept).toEqual([["p", 8, { a: table(1), k: table(2), x: table(3) }]]);
    // each batch is kept by itself now
    expect(await phase("q", 1)).toBe(stop);
    expect(kept.slice(1).map(([at, done]) => [at, done])).toEqual([["q", 4]]);
    // of a phase without a batch there is nothing, whatever the one before had
    due = false;
    expect(await phase("q", 2, false)).toBeUndefined();
    expect(await phase("r", 0)).toBe(stop);
    expect(kept).toHaveLength(2);
  });

  test("where another phase begins, what earlier ones found is kept for it", async () => {
    const known = (): Counters => ({ k: counter(table(2)) });
    const share = { first: 9, end: 9 };
    for (const quiet of [{}, { share: { first: 0, end: 4 } }, { share, found: state("p", 9, {}) }]) {
      const { checkpoint, kept } = checkpointOf(quiet);
      await checkpoint.begin("p", known);
      expect(kept).toEqual([]);
    }
    const { checkpoint, kept } = checkpointOf({ share });
    checkpoint.put("f", table(4));
    await expect(checkpoint.begin("p", known)).rejects.toThrow(PhaseEnd);
    expect(kept).toEqual([["p", 0, { k: table(2), "found: f": table(4) }]]);
    const other = checkpointOf({ share, found: state("q", 9, {}) });
    await expect(other.checkpoint.begin("p", known)).rejects.toThrow('counted of "q" does not fit');
  });

  test("layers have names of their own", () => {
    const one = counter(table(1));
    expect(ofLayer("layer4", { high: one })).toEqual({ "layer4 high": one });
  });
});
