import { afterEach, describe, expect, test, vi } from "vitest";
import { Checkpoint } from "../../src/dissect/checkpoint.ts";
import type { DissectionEvent } from "../../src/dissect/events.ts";
import type { Settled } from "../../src/dissect/options.ts";
import type { Presence } from "../../src/dissect/presence.ts";
import { Quantiles, selectionBytes } from "../../src/dissect/quantiles.ts";
import type { Samples } from "../../src/dissect/samples.ts";
import { quantilesOf } from "../../src/dissect/select.ts";
import type { Generator } from "../../src/index.ts";
import { RADIX_BITS } from "../../src/kernels/statistics/statistics.ts";

// Which layers are selected in which pass; the selection itself is held by the quantiles' tests.
vi.mock("../../src/dissect/quantiles.ts", () => ({
  Quantiles: { create: vi.fn() },
  selectionBytes: vi.fn(),
}));
afterEach(() => vi.resetAllMocks());

const MIB = 2 ** 20;
const PASSES = RADIX_BITS.length;

/** Five images in batches of two, of layers whose selections take so many MiB. */
function setUp(sizes: Readonly<Record<string, number>>, keepsLabels = false) {
  const log: string[] = [];
  const layers = Object.keys(sizes);
  const shapes = new Map(layers.map((layer, index) => [layer, { shape: [2, 3, 4, index] }]));
  const live = new Set<string>();
  vi.mocked(selectionBytes).mockImplementation((shape) => sizes[layers[shape.at(-1)!]!]! * MIB);
  vi.mocked(Quantiles.create).mockImplementation(async (_, options) => {
    const layer = layers.find((name) => shapes.get(name) === (options.maps as unknown))!;
    live.add(layer);
    log.push(`create ${layer} ${options.samples} ${options.grid} ${options.quantiles} ${options.channels}`);
    return {
      add: () => log.push(`add ${layer}`),
      endPass: () => log.push(`end ${layer}`),
      read: async () => Float32Array.of(layers.indexOf(layer)),
      dispose: () => live.delete(layer),
    } as unknown as Quantiles;
  });
  const samples = {
    maps: shapes,
    batch: {},
    keepsLabels,
    async *each({ labels }: { readonly labels: boolean }) {
      log.push(labels ? "each with labels" : "each");
      yield { first: 0, count: 2 };
      yield { first: 2, count: 2 };
      yield { first: 4, count: 1 };
    },
  } as unknown as Samples;
  const generator = { device: {}, layer: () => ({ channels: 7, height: 3, width: 4 }) } as unknown as Generator;
  const presence = { add: () => log.push("labels"), async put() {}, take() {} } as unknown as Presence;
  const settings = { layers, size: 5, checkpoint: new Checkpoint(undefined), signal: undefined } as unknown as Settled;
  return { log, live, samples, generator, presence, settings };
}

async function finish<T>(steps: AsyncGenerator<DissectionEvent, T>): Promise<{ events: DissectionEvent[]; value: T }> {
  const events: DissectionEvent[] = [];
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return { events, value };
    events.push(value);
  }
}

describe("quantiles of several layers", () => {
  test("are selected together as far as 512 MiB hold them, in their order", async () => {
    const sizes = { a: 256, b: 256, c: 511, d: 2, e: 600, f: 512, g: 1 };
    const { log, live, samples, generator, settings } = setUp(sizes);
    const { value } = await finish(quantilesOf(generator, settings, samples, { grid: [3, 27], quantiles: [0.5, 0.9] }));
    const groups: string[][] = [];
    for (const line of log) {
      const [word, layer = ""] = line.split(" ");
      if (word === "create" && log[log.indexOf(line) - 1]?.startsWith("create")) groups.at(-1)!.push(layer);
      else if (word === "create") groups.push([layer]);
    }
    expect(groups).toEqual([["a", "b"], ["c"], ["d"], ["e"], ["f"], ["g"]]);
    expect([...value].map(([layer, [index]]) => [layer, index])).toEqual(
      Object.keys(sizes).map((name, i) => [name, i]),
    );
    // Two order statistics a quantile, between which it lies.
    expect(vi.mocked(selectionBytes).mock.calls.map(([, targets]) => targets)).toEqual(new Array(7).fill(4));
    expect(live.size).toBe(0);
  });

  test("have a value for every pixel of the label maps, or for every raw activation", async () => {
    const { log, samples, generator, settings } = setUp({ a: 1 });
    await finish(quantilesOf(generator, settings, samples, { grid: [3, 27], quantiles: [0.25] }));
    await finish(quantilesOf(generator, settings, samples, { grid: undefined, quantiles: [0.75] }));
    expect(log.filter((line) => line.startsWith("create"))).toEqual([
      `create a ${5 * 81} 3,27 0.25 7`,
      `create a ${5 * 12} undefined 0.75 7`,
    ]);
  });

  test("take every batch in every pass, and tell how far they are", async () => {
    const { log, samples, generator, presence, settings } = setUp({ a: 300, b: 300 });
    const { events } = await finish(
      quantilesOf(generator, settings, samples, { grid: [3, 27], quantiles: [0.5] }, presence),
    );
    const pass = (layer: string, first: boolean) => [
      first ? "each with labels" : "each",
      ...Array.from({ length: 3 }, () => [...(first ? ["labels"] : []), `add ${layer}`]).flat(),
      `end ${layer}`,
    ];
    const create = (layer: string) => `create ${layer} 405 3,27 0.5 7`;
    const passes = (layer: string) =>
      Array.from({ length: PASSES }, (_, index) => pass(layer, layer === "a" && index === 0)).flat();
    expect(log).toEqual([create("a"), ...passes("a"), create("b"), ...passes("b")]);

    const total = 5 * (2 * PASSES - 1);
    const expected = [2, 4, 5].map((done) => ({ type: "progress", phase: "activations", done, total: 5 }));
    for (let before = 0; before < total; before += 5)
      for (const done of [2, 4, 5]) expected.push({ type: "progress", phase: "quantiles", done: before + done, total });
    expect(events).toEqual(expected);
  });

  test("look at labels in the first pass if they are kept, though nobody counts them yet", async () => {
    const { log, samples, generator, settings } = setUp({ a: 1 }, true);
    await finish(quantilesOf(generator, settings, samples, { grid: [3, 27], quantiles: [0.5] }));
    expect(log.filter((line) => line.startsWith("each"))).toEqual([
      "each with labels",
      ...new Array(PASSES - 1).fill("each"),
    ]);
    const other = setUp({ a: 1 });
    await finish(quantilesOf(other.generator, other.settings, other.samples, { grid: [3, 27], quantiles: [0.5] }));
    expect(other.log.filter((line) => line.startsWith("each"))).toEqual(new Array(PASSES).fill("each"));
  });

  test("are let go by whoever leaves early", async () => {
    const { live, samples, generator, settings } = setUp({ a: 1, b: 1 });
    const steps = quantilesOf(generator, settings, samples, { grid: [3, 27], quantiles: [0.5] });
    await steps.next();
    expect(live.size).toBe(2);
    await steps.return(new Map());
    expect(live.size).toBe(0);
  });
});
