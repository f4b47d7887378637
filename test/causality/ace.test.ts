import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aceCost } from "../../src/causality/ace-cost.ts";
import { settleAce } from "../../src/causality/ace-options.ts";
import { searchCorpus } from "../../src/causality/ace-search.ts";
import {
  type AceCorpus,
  type AceEvent,
  type AceOptions,
  type AceResume,
  type AceSnapshot,
  ace,
  type Place,
} from "../../src/causality/index.ts";
import { type Device, type Generator, type Segmenter, UsageError } from "../../src/index.ts";
import { Graph } from "../../src/runtime/graph.ts";
import { Plan } from "../../src/runtime/plan.ts";
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

/** Labels and features of images of a seed, by the library's plain plans. */
async function plain(seed: number, size: number) {
  const plan = await generator.compile({ batch: size, retain: [LAYER] });
  const segmentation = await segmenter.compile(plan.image!, 16);
  plan.run(generator.sample({ size, seed }));
  segmentation.run();
  const [features, labels] = await Promise.all([plan.layers.get(LAYER)!.read(), segmentation.labels.read()]);
  segmentation.dispose();
  plan.dispose();
  return { features, labels };
}

/** Share of a concept in every cell of every image [size, cells]: 8 × 8 cells of 2 × 2 pixels. */
function sharesOf(labels: Uint32Array, label: number, size: number): Float64Array {
  const shares = new Float64Array(size * 64);
  for (let i = 0; i < size; i += 1) {
    for (let p = 0; p < 256; p += 1) {
      const cell = (Math.floor(p / 16) >> 1) * 8 + ((p % 16) >> 1);
      if (labels[i * 256 + p] === label) shares[i * 64 + cell]! += 1 / 4;
    }
  }
  return shares;
}

describe("the corpus", () => {
  test("has the concept's highest cells, by image, and its mean features", async () => {
    const settings = settleAce(generator, segmenter, options());
    let step = await searchCorpus(generator, segmenter, settings).next();
    const search = searchCorpus(generator, segmenter, settings);
    do step = await search.next();
    while (!step.done);
    const { present, candidates, feature, trainSize, evalSize } = step.value;
    const { features, labels } = await plain(10, 60);
    const shares = sharesOf(labels, segmenter.label(CONCEPT), 60);
    const units = generator.layer(LAYER).channels;
    const stored = features.length / (60 * 64);
    let total = 0;
    const sums = new Float64Array(units);
    for (let at = 0; at < shares.length; at += 1) {
      total += shares[at]!;
      for (let unit = 0; unit < units; unit += 1) sums[unit]! += shares[at]! * features[at * stored + unit]!;
    }
    sums.forEach((sum, unit) => {
      expect(feature[unit]).toBeCloseTo(sum / total, 5);
    });
    const best = Array.from({ length: 60 }, (_, i) => Math.max(...shares.subarray(i * 64, (i + 1) * 64)));
    const wanted = best
      .map((score, image) => ({ score, image }))
      .sort((a, b) => b.score - a.score || a.image - b.image)
      .slice(0, trainSize + evalSize)
      .map(({ image }) => image)
      .sort((a, b) => a - b);
    expect(present.map(({ image }) => image)).toEqual(wanted);
    for (const { image, cell, score } of present) {
      expect(score).toBeCloseTo(best[image]!, 6);
      expect(shares[image * 64 + cell]).toBeCloseTo(score, 6);
    }
    // Inserting all mean features at a candidate's cell adds what its score says, or the cell was taken.
    const before = await plain(11, 60);
    const count = (map: Uint32Array, image: number): number =>
      map.subarray(image * 256, (image + 1) * 256).filter((label) => label === segmenter.label(CONCEPT)).length;
    const taken = sharesOf(before.labels, segmenter.label(CONCEPT), 60);
    for (const { image, cell, score } of candidates.slice(0, 5)) {
      const mask = new Float32Array(64);
      mask[cell] = 1;
      const z = generator.sample({ size: 1, seed: 11, start: image });
      const edit = { layer: LAYER, units: "all", value: [...feature], mask } as const;
      using drawn = await generator.forward(z, { edits: [edit] });
      using plan = await segmenter.compile(drawn.image, 16);
      plan.run();
      const gain = count(await plan.labels.read(), 0) - count(before.labels, image);
      expect(score).toBe(taken[image * 64 + cell]! > 0 ? 0 : gain);
    }
  });
});

/** By networks as anybody runs them: what is left of the concept at `erased` after erasing, and what is there at `inserted` after inserting. */
async function effectsOf(models: { generator: Generator; segmenter: Segmenter }, corpus: AceCorpus) {
  const { trainSize: n, feature } = corpus;
  const { channels: units } = models.generator.layer(LAYER);
  const plan = await models.generator.compile({ batch: n, editable: [LAYER] });
  const graph = new Graph(device.target);
  const input = graph.map("image", n, 16, 16, 3);
  const score = models.segmenter.score(graph, input, CONCEPT, 16);
  const bind = [...(await models.segmenter.bind(graph)), [input, plan.image!] as const];
  const scores = await Plan.compile(device, graph, { keep: [score], bind });
  const { zSize } = models.generator;
  /** Mean over the images of the score in the edited cell, 2 × 2 pixels of it. */
  const mean = async (places: readonly Place[], seed: number, alpha: ArrayLike<number>, value: readonly number[]) => {
    const z = models.generator.sample({ size: 60, seed });
    const mask = new Float32Array(n * 64);
    places.forEach(({ cell }, i) => {
      mask[i * 64 + cell] = 1;
    });
    const all = Array.from({ length: units }, (_, unit) => unit);
    const where = { height: 8, width: 8, data: mask };
    plan.setEdit({ layer: LAYER, units: all, alpha: Array.from(alpha), value, mask: where });
    plan.run(Float32Array.from(places.flatMap(({ image }) => [...z.subarray(image * zSize, (image + 1) * zSize)])));
    scores.run();
    const found = await scores.tensor(score).read();
    let sum = 0;
    places.forEach(({ cell }, i) => {
      const at = i * 256 + Math.floor(cell / 8) * 32 + (cell % 8) * 2;
      for (const pixel of [at, at + 1, at + 16, at + 17]) sum += found[pixel]! / 4;
    });
    return sum / places.length;
  };
  return {
    erase: (alpha: ArrayLike<number>) => mean(corpus.present.slice(0, n), 10, alpha, new Array(units).fill(0)),
    add: (alpha: ArrayLike<number>) => mean(corpus.candidates.slice(0, n), 11, alpha, [...feature]),
    dispose() {
      scores.dispose();
      plan.dispose();
    },
  };
}

describe("learning", () => {
  let soft: { generator: Generator; segmenter: Segmenter };
  let corpus: AceCorpus;
  beforeAll(async () => {
    soft = await smallModels(device, 0.02);
    for await (const event of ace(soft.generator, soft.segmenter, options({ epochs: 1 }))) {
      if (event.type === "corpus") ({ corpus } = event);
    }
  });

  test("takes every unit one step down the slope of what is left after erasing, minus what is there after inserting", async () => {
    const rate = 1e-3;
    let snapshots: AceSnapshot[] = [];
    for await (const event of ace(
      soft.generator,
      soft.segmenter,
      options({ epochs: 1, lambda: 0, rate, initial: Array.from({ length: 10 }, (_, unit) => 1 - 0.05 * unit) }),
      { corpus },
    )) {
      if (event.type === "result")
        ({
          snapshots: [...snapshots],
        } = event.result);
    }
    const [before, after] = snapshots.map(({ alpha }) => alpha);
    const effects = await effectsOf(soft, corpus);
    const loss = async (alpha: Float32Array): Promise<number> =>
      (await effects.erase(alpha)) - (await effects.add(alpha));
    expect(snapshots[1]!.trained).toBeCloseTo(await loss(before!), 5);
    let steep = 0;
    for (let unit = 0; unit < before!.length; unit += 1) {
      const along = (h: number) => before!.map((value, at) => (at === unit ? value + h : value));
      const room = Math.min(2e-3, 1 - before![unit]!);
      const slope = ((await loss(along(room))) - (await loss(along(-2e-3)))) / (room + 2e-3);
      // Adam's first step is the rate, against the slope's sign; what is nearly flat may go either way.
      if (Math.abs(slope) < 1e-4) continue;
      steep += 1;
      const wanted = Math.min(1, before![unit]! - Math.sign(slope) * rate);
      expect([unit, after![unit]]).toEqual([unit, expect.closeTo(wanted, 5)]);
    }
    expect(steep).toBeGreaterThan(5);
    effects.dispose();
  });

  test("erases more and inserts more", async () => {
    const initial = new Array(10).fill(0.5).map((value, unit) => value + 0.05 * (unit % 2));
    const snapshots: AceSnapshot[] = [];
    for await (const event of ace(soft.generator, soft.segmenter, options({ lambda: 0, initial, epochs: 5 }), {
      corpus,
    })) {
      if (event.type === "epoch") snapshots.push(event.snapshot);
    }
    const effects = await effectsOf(soft, corpus);
    const [first, last] = [snapshots[0]!.alpha, snapshots.at(-1)!.alpha];
    expect((await effects.erase(last)) - (await effects.add(last))).toBeLessThan(
      (await effects.erase(first)) - (await effects.add(first)) - 1e-3,
    );
    effects.dispose();
  });
});

describe("the search", () => {
  test("lowers the loss, keeps α within 0 and 1, and goes on to the same bits", async () => {
    const events = await run();
    const snapshots = snapshotsOf(events);
    expect(snapshots.map(({ epoch }) => epoch)).toEqual([-1, 0, 1, 2]);
    const losses = snapshots.map(({ evaluation }) => evaluation.loss);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    for (const { alpha } of snapshots) for (const a of alpha) expect(a >= 0 && a <= 1).toBe(true);
    const { corpus } = events.find((event) => event.type === "corpus")!;
    const rest = await run({}, { corpus, snapshots: snapshots.slice(0, 2) });
    expect(rest.some(({ type }) => type === "corpus")).toBe(false);
    const last = rest.at(-1)!;
    const whole = events.at(-1)!;
    if (last.type !== "result" || whole.type !== "result") throw new Error("There is no result.");
    expect(last.result.alpha).toEqual(whole.result.alpha);
    expect(last.result.snapshots.at(-1)).toEqual(snapshots.at(-1));
    expect(whole.result.order.map((unit) => whole.result.alpha[unit])).toEqual(
      [...whole.result.alpha].sort((a, b) => b - a),
    );
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
    const events = await run({ epochs: 1 });
    const { corpus } = events.find((event) => event.type === "corpus")!;
    const [start] = snapshotsOf(events);
    const moments = start!.moments.map((value, at) => (at === 4 ? Number.NaN : value));
    const search = run({}, { corpus, snapshots: [{ ...start!, moments }] });
    await expect(search).rejects.toThrow(UsageError);
    await expect(search).rejects.toThrow(/gradient, is no number after epoch 0/);
  });

  test("is refused when the mean features are no numbers, before inserting them is tried", async () => {
    const found: readonly Place[] = Array.from({ length: 60 }, (_, image) => ({ image, cell: 0, score: 1 }));
    const feature = new Float32Array(10).fill(1);
    feature[7] = Number.POSITIVE_INFINITY;
    const search = run({}, { present: { found, feature } });
    await expect(search).rejects.toThrow(UsageError);
    await expect(search).rejects.toThrow(/unit 7 of layer3 where "tree" is, is no number: .* overflow/);
  });

  test("says what it costs", () => {
    const cost = aceCost(generator, segmenter, options());
    const { total, ...phases } = cost;
    expect(Object.values(phases).reduce((sum, flops) => sum + flops, 0)).toBe(total);
    for (const flops of Object.values(phases)) expect(flops).toBeGreaterThan(0);
    const twice = aceCost(generator, segmenter, options({ epochs: 6 }));
    expect(twice.optimise).toBe(2 * cost.optimise);
  });

  test.each([
    [{ concept: "three" }, /knows no concept "three"/],
    [{ layer: "layer9" }, /has no layer "layer9"/],
    [{ trainSize: 30 }, /multiple of 20/],
    [{ batch: 6 }, /divides no step/],
    [{ initial: [1, 2] }, /`initial` has 2 values/],
    [{ initial: new Array(10).fill(Number.NaN) }, /`initial` has values that are no numbers/],
    [{ initial: undefined as never }, /Where does α start/],
    [{ effort: "bogus" as never }, /no effort "bogus".*quick and paper/],
    [{ initial: new Array(10).fill(0) }, /above 0/],
    [{ rate: Number.NaN }, /rate of NaN/],
    [{ seed: -1 }, /seed -1 makes no sense/],
    [{ presentSeed: 1.5 }, /presentSeed 1\.5 makes no sense/],
    [{ candidateSeed: 2 ** 32 }, /candidateSeed 4294967296 makes no sense/],
    [{ concept: "door", searchSize: 8 }, /too few to learn from/],
    [{ searchSize: 2 ** 40 }, /needs \d+ MiB, and this adapter binds at most/],
  ])("refuses %j", async (more, message) => {
    const initial = new Array(generator.layer(LAYER).channels).fill(0.5);
    await expect(run({ initial, ...more })).rejects.toThrow(message);
  });
});
