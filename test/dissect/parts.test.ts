import { expect, test } from "vitest";
import { type DissectionState, PhaseEnd, type Share } from "../../src/dissect/checkpoint.ts";
import { unitQuantiles } from "../../src/dissect/measure-quantiles.ts";
import { isLastPhase, Merging } from "../../src/dissect/merge.ts";
import { type Dissection, type DissectOptions, dissect, UsageError } from "../../src/index.ts";
import { toTensors } from "../../src/report/tensors.ts";
import { useSmallModels } from "./models.ts";

const models = useSmallModels();

const OPTIONS = { layers: ["layer3", "layer4"], size: 13, batch: 4, examples: 3, segmentationSize: 16 };
type Way = Pick<DissectOptions, "checkpoints">;

interface Ended {
  readonly dissection: Dissection;
  readonly pictures: unknown[];
}

/** Runs a dissection to its end. */
async function dissected(options: DissectOptions): Promise<Ended> {
  for await (const event of dissect(models.generator, models.segmenter, options)) {
    if (event.type !== "result") continue;
    const pictures: unknown[] = [];
    for await (const each of event.pictures()) pictures.push(structuredClone(each));
    return { dissection: event.dissection, pictures };
  }
  throw new Error("no result");
}

/**
 * What is kept of a phase, of this share of the images; killed after every batch but the last, and
 * gone on with.
 */
async function kept(
  run: (way: Way) => Promise<unknown>,
  found: DissectionState | undefined,
  share: Share,
): Promise<DissectionState> {
  let state: DissectionState | undefined;
  const keep = async (next: DissectionState): Promise<void> => {
    state = structuredClone(next);
    if (next.done < share.end && share.first < share.end) throw new Error("killed");
  };
  const way = () => ({
    found: state && found ? { ...state, tables: new Map([...found.tables, ...state.tables]) } : (state ?? found),
    share: { first: state?.done ?? share.first, end: share.end },
    due: () => true,
    keep,
  });
  for (;;) {
    const error = await run({ checkpoints: way() }).catch((error: unknown) => error as Error);
    if (error instanceof PhaseEnd) return state!;
    if (!(error instanceof Error && error.message === "killed")) throw error ?? new Error("no end");
  }
}

/** All phases in these shares, in this order of work, until nothing is counted any more. */
async function shared(
  run: (way: Way) => Promise<unknown>,
  shares: readonly Share[],
  size: number,
): Promise<{ readonly last: DissectionState; readonly phases: string[] }> {
  const phases: string[] = [];
  let base: DissectionState | undefined;
  for (;;) {
    const parts = new Map<Share, DissectionState>();
    for (const share of shares) {
      const found = base && { ...base, done: share.first };
      parts.set(share, await kept(run, found, share));
    }
    const merging = new Merging(3);
    for (const [share, state] of [...parts].sort(([a], [b]) => a.first - b.first)) merging.add(state, share);
    const { state } = merging;
    phases.push(state.at);
    const whole = { ...state, tables: new Map([...(base?.tables ?? []), ...state.tables]) };
    if (isLastPhase(state.at)) return { last: whole, phases };
    base = await kept(run, whole, { first: size, end: size });
  }
}

const finishing = (found: DissectionState, size: number): Way => ({
  checkpoints: { found, share: { first: size, end: size }, due: () => false, keep: async () => {} },
});

const UNEVEN = [
  { first: 0, end: 2 },
  { first: 2, end: 9 },
  { first: 9, end: 13 },
];

test.each<readonly [string, DissectOptions, readonly Share[], number]>([
  ["one part", OPTIONS, [{ first: 0, end: 13 }], 5],
  ["three uneven parts", OPTIONS, UNEVEN, 5],
  ["the last part first, one quantile", { ...OPTIONS, quantileThreshold: 0.01 }, UNEVEN.toReversed(), 4],
  [
    "parts of one image",
    { ...OPTIONS, layers: ["layer4"], size: 3 },
    [0, 1, 2].map((i) => ({ first: i, end: i + 1 })),
    5,
  ],
])("a dissection in parts is that of one run: %s", async (_, options, shares, count) => {
  const size = options.size!;
  const run = (way: Way) => dissected({ ...options, ...way });
  const { last, phases } = await shared(run, shares, size);
  expect(phases).toHaveLength(count);
  expect(new Set(phases).size).toBe(count);
  const ended = await dissected({ ...options, ...finishing(last, size) });
  expect(ended).toEqual(await dissected(options));
});

test("counts that 32 bits do not hold are exact: a thousand million times as many", async () => {
  const options = { ...OPTIONS, layers: ["layer4"] };
  const run = (way: Way) => dissected({ ...options, ...way });
  const { last } = await shared(run, UNEVEN, 13);
  const scale = 2 ** 30;
  const counts = /^(?:pixels|images|layer4 histogram)$/;
  const tables = new Map(
    [...last.tables].map(([name, table]) => [
      name,
      counts.test(name) ? (table as Float64Array).map((n) => n * scale) : table,
    ]),
  );
  const { dissection } = await run(finishing({ ...last, tables }, 13));
  const one = (await dissected(options)).dissection;
  const [layer, small] = [dissection.layers[0]!, one.layers[0]!];
  expect(layer.tables.iou).toEqual(small.tables.iou);
  expect(layer.tables.intersection).toEqual(Float64Array.from(small.tables.intersection, (count) => count * scale));
  expect(layer.tables.blocks!.activation).toEqual(Float64Array.from(small.tables.blocks!.activation, (n) => n * scale));
  expect(Math.max(...layer.tables.activation)).toBeGreaterThan(2 ** 32);
  expect(dissection.labelPixels).toEqual(one.labelPixels.map((pixels) => pixels * scale));
  expect(small.tables.intersection).toBeInstanceOf(Uint32Array);
  expect(toTensors(dissection).length).toBeGreaterThan(toTensors(one).length);
});

test("units' quantiles in parts are those of one run", async () => {
  const options = { layer: "layer3", size: 13, batch: 4 };
  const run = (way: Way) => unitQuantiles(models.generator, { ...options, ...way });
  const { last, phases } = await shared(run, UNEVEN, 13);
  expect(phases).toEqual(["units 0", "units 1", "units 2"]);
  const ended = await unitQuantiles(models.generator, { ...options, ...finishing(last, 13) });
  expect(ended).toEqual(await unitQuantiles(models.generator, options));
});

test("what is not of one dissection is refused", async () => {
  const run = (way: Way) => dissected({ ...OPTIONS, ...way });
  const [a, b, c] = UNEVEN;
  const first = await kept(run, undefined, a!);
  const second = await kept(run, undefined, b!);
  const merging = new Merging(3);
  merging.add(first, a!);
  const wrong: readonly (readonly [DissectionState, Share, string])[] = [
    [first, a!, "do not follow 2 images"],
    [second, c!, "do not follow"],
    [{ ...second, done: 8 }, b!, "images 2 to 8"],
    [{ ...second, at: "scores" }, b!, 'of "scores" do not follow'],
    [{ ...second, tables: new Map() }, b!, "one has no table"],
    [{ ...second, tables: new Map([...second.tables].map(([name, table]) => [name, table.slice(1)])) }, b!, "differ"],
  ];
  for (const [state, share, message] of wrong) {
    expect(() => merging.add(state, share)).toThrow(UsageError);
    expect(() => merging.add(state, share)).toThrow(message);
  }
  merging.add(second, b!);
  expect(merging.state.done).toBe(9);
  // A phase that is none of these options', and tables of others.
  const base = { at: "levels 9", done: 0, tables: new Map() };
  await expect(run({ checkpoints: { ...finishing(base, 13).checkpoints!, share: b } })).rejects.toThrow("does not fit");
  const cut = {
    ...merging.state,
    done: 13,
    tables: new Map([...merging.state.tables].map(([name]) => [name, new Float64Array(1)])),
  };
  await expect(run(finishing(cut, 13))).rejects.toThrow('"training quantiles 0" does not fit');
});
