import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AceEvent, type AceOptions, type AceResume, type AceSnapshot, ace } from "../../src/causality.ts";
import { aceCost } from "../../src/dissect/ace-cost.ts";
import { settleAce } from "../../src/dissect/ace-options.ts";
import { searchCorpus } from "../../src/dissect/ace-search.ts";
import { DifferentiableResponse } from "../../src/dissect/response.ts";
import type { Device, Generator, Segmenter } from "../../src/index.ts";
import { requestDevice } from "../gpu.ts";
import { noise } from "../kernels/reference.ts";
import { smallModels } from "./models.ts";

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

test("the gradient by α is the slope of the weighted score", async () => {
  const { channels } = generator.layer(LAYER);
  const plan = await generator.compile({ batch: 4, retain: [LAYER], until: LAYER });
  plan.run(generator.sample({ size: 4, seed: 10 }));
  const common = { generator, segmenter, layer: LAYER, concept: CONCEPT, extent: 16, edits: 2, rows: 4 };
  const response = await DifferentiableResponse.create({ ...common, features: plan.layers.get(LAYER)! });
  const alpha = Float32Array.from(noise(1, response.alpha.bytes / 4), (value) => 0.5 + 0.4 * value);
  response.value.write(noise(2, response.value.bytes / 4));
  response.mask.write(Float32Array.from(noise(3, response.mask.bytes / 4), (value) => (value > 0 ? 1 : 0)));
  response.weights.write(new Float32Array(response.weights.bytes / 4).fill(1 / 256));
  const loss = async (at: Float32Array<ArrayBuffer>): Promise<number> => {
    response.alpha.write(at);
    response.run(0);
    return (await response.totals.read()).reduce((sum, share) => sum + share, 0);
  };
  await loss(alpha);
  const slope = await response.gradient.read();
  const stored = slope.length / 2;
  const direction = noise(4, slope.length).map((value, at) => (at % stored < channels ? value : 0));
  const along = (h: number) => Float32Array.from(alpha, (value, at) => value + h * direction[at]!);
  const h = 1e-4; // random networks are far from linear
  const measured = ((await loss(along(h))) - (await loss(along(-h)))) / (2 * h);
  const predicted = slope.reduce((sum, value, at) => sum + value * direction[at]!, 0);
  expect(Math.abs(predicted)).toBeGreaterThan(1e-4);
  expect(Math.abs(measured - predicted)).toBeLessThan(0.05 * Math.abs(predicted));
  response.dispose();
  plan.dispose();
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
    [{ initial: new Array(10).fill(0) }, /above 0/],
    [{ rate: Number.NaN }, /rate of NaN/],
    [{ concept: "door", searchSize: 8 }, /too few to learn from/],
  ])("refuses %j", async (more, message) => {
    const initial = new Array(generator.layer(LAYER).channels).fill(0.5);
    await expect(run({ initial, ...more })).rejects.toThrow(message);
  });
});
