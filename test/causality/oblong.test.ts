import { expect, test } from "vitest";
import { settleAce } from "../../src/causality/ace-options.ts";
import { type AceCorpus, searchCorpus } from "../../src/causality/ace-search.ts";
import { AceTrainer } from "../../src/causality/ace-train.ts";
import { ablateEverywhere, aceCost, Experiment, maximiseImage, maximiseUnit } from "../../src/causality/index.ts";
import { DifferentiableResponse } from "../../src/causality/response.ts";
import { noise } from "../kernels/reference.ts";
import { labelMaps, tally } from "./label-maps.ts";
import { type Edited, mean, plainAnswers, plainSlope } from "./plain-answers.ts";
import { useOblongModels } from "./small-experiment.ts";

// Images of 12 × 20 pixels, label maps of 8 × 13, which the cells of layer2, 6 × 10, share the
// edges of.
const [LAYER, CONCEPT, GRID, CELLS] = ["layer2", "tree", [8, 13], 60] as const;
const models = useOblongModels(0.02);

const settings = () =>
  settleAce(models.generator, models.segmenter, {
    layer: LAYER,
    concept: CONCEPT,
    initial: new Array(8).fill(1),
    searchSize: 40,
    trainSize: 20,
    evalSize: 4,
    epochs: 1,
    segmentationSize: 13,
    batch: 4,
  });

test("where a concept is, is the cell of an oblong image that shows most of it", async () => {
  expect(settings().grid).toEqual(GRID);
  const search = searchCorpus(models.generator, models.segmenter, settings());
  let step = await search.next();
  let found: readonly { readonly image: number; readonly cell: number; readonly score: number }[] = [];
  for (; !step.done; step = await search.next()) if (step.value.type === "present") ({ found } = step.value.present);
  const { candidates } = step.value as AceCorpus;
  const { generator, segmenter } = models;
  using run = await generator.forward(generator.sample({ size: 40, seed: 10 }));
  using plan = await segmenter.compile(run.image, GRID);
  plan.run();
  const labels = await plan.labels.read();
  const tree = segmenter.label(CONCEPT);
  const expected = Array.from({ length: 40 }, (_, image) => {
    const shares = Array.from({ length: CELLS }, (_, cell) => {
      const [row, column] = [Math.floor(cell / 10), cell % 10];
      const inside: number[] = [];
      for (let y = Math.floor((row * 8) / 6); y < Math.ceil(((row + 1) * 8) / 6); y += 1)
        for (let x = Math.floor((column * 13) / 10); x < Math.ceil(((column + 1) * 13) / 10); x += 1)
          inside.push(Number(labels[(image * 8 + y) * 13 + x] === tree));
      return mean(inside);
    });
    const score = Math.max(...shares);
    return { image, cell: shares.indexOf(score), score };
  }).filter(({ score }) => score > 0);
  expect(found.length).toBeGreaterThan(20);
  expect(found.map(({ image, cell }) => [image, cell])).toEqual(expected.map(({ image, cell }) => [image, cell]));
  found.forEach(({ score }, i) => {
    expect(score).toBeCloseTo(expected[i]!.score, 6);
  });
  expect(candidates).toHaveLength(24);
  expect(new Set(candidates.map(({ cell }) => cell)).size).toBeGreaterThan(1);
});

test("what α does to cells of oblong images is what plain runs say", async () => {
  const { generator, segmenter } = models;
  const images: Edited[] = [3, 17, 40, 59].map((cell, image) => ({ seed: 5, image, cell }));
  const [alpha, value] = [noise(1, 8).map(Math.abs), noise(2, 8).map((v) => 2 * v)];
  const head = await generator.compile({ batch: 4, retain: [LAYER], until: LAYER });
  const response = await DifferentiableResponse.create({
    ...{ generator, segmenter, layer: LAYER, concept: CONCEPT, extent: GRID, edits: 1, rows: 4 },
    inputs: head.behind(LAYER),
  });
  head.run(generator.sample({ size: 4, seed: 5 }));
  const mask = new Float32Array(4 * CELLS);
  const weights = new Float32Array(4 * 8 * 13);
  images.forEach(({ cell }, i) => {
    mask[i * CELLS + cell] = 1;
    const [row, column] = [Math.floor(cell / 10), cell % 10];
    const pixels: number[] = [];
    for (let y = Math.floor((row * 8) / 6); y < Math.ceil(((row + 1) * 8) / 6); y += 1)
      for (let x = Math.floor((column * 13) / 10); x < Math.ceil(((column + 1) * 13) / 10); x += 1)
        pixels.push(y * 13 + x);
    for (const pixel of pixels) weights[i * 8 * 13 + pixel] = 1 / pixels.length;
  });
  response.alpha.write(alpha);
  response.value.write(value);
  response.mask.write(mask);
  response.weights.write(weights);
  response.run(0);
  const [cells, totals, slope] = await Promise.all([
    response.cells.read(),
    response.totals.read(),
    response.gradient.read(),
  ]);
  const plain = await plainAnswers(models, { layer: LAYER, concept: CONCEPT, extent: GRID, images: 4 });
  const expected = await plain.ask("score", images, alpha, value);
  expected.forEach(({ share, total }, i) => {
    expect(cells[i * CELLS + images[i]!.cell]).toBeCloseTo(share, 5);
    expect(totals[i]! * 8 * 13).toBeCloseTo(total, 3);
  });
  const question = { layer: LAYER, concept: CONCEPT, extent: GRID };
  const by = await plainSlope(models, question, images, alpha, value);
  const most = Math.max(...by.map(Math.abs));
  expect(most).toBeGreaterThan(0);
  by.forEach((one, unit) => {
    expect(Math.abs(slope[unit]! - one)).toBeLessThan(1e-4 * most);
  });
  plain.dispose();
  response.dispose();
  head.dispose();
});

test("ACE learns from oblong images: α's effect on the pairs kept for it", async () => {
  const { generator, segmenter } = models;
  const all = { length: 24 };
  const corpus: AceCorpus = {
    present: Array.from(all, (_, image) => ({ image, cell: (7 * image) % CELLS, score: 1 })),
    candidates: Array.from(all, (_, image) => ({ image, cell: (11 * image + 5) % CELLS, score: 1 })),
    ...{ trainSize: 20, evalSize: 4 },
    feature: noise(4, 8),
  };
  const trainer = await AceTrainer.create(generator, segmenter, corpus, settings());
  const { initial } = trainer;
  trainer.start(initial);
  for await (const _ of trainer.epoch(0));
  const { alpha } = await trainer.state();
  expect([...alpha]).not.toEqual([...initial.alpha]);
  const steps = trainer.evaluate(alpha);
  let step = await steps.next();
  while (!step.done) step = await steps.next();
  const evaluation = step.value as Exclude<typeof step.value, { readonly type: "progress" }>;
  const place = (seed: number) => (at: { readonly image: number; readonly cell: number }) => ({ seed, ...at });
  const { present, candidates } = corpus;
  const plain = await plainAnswers(models, { layer: LAYER, concept: CONCEPT, extent: GRID, images: 4 });
  const erased = present.slice(20).map(place(10));
  const erase = await plain.ask("score", erased, alpha, new Float32Array(8));
  const add = await plain.ask("score", candidates.slice(20).map(place(11)), alpha, corpus.feature);
  expect(evaluation.erase).toBeCloseTo(mean(erase.map(({ share }) => share)), 5);
  expect(evaluation.add).toBeCloseTo(mean(add.map(({ share }) => share)), 5);
  const left = await plain.ask(
    "mask",
    erased.map((one) => ({ ...one, everywhere: true })),
    alpha,
    new Float32Array(8),
  );
  expect(evaluation.left20).toBeCloseTo(mean(left.map(({ total }) => total)), 3);
  plain.dispose();
  trainer.dispose();
  const { initial: _, grid: __, signal: ___, ...options } = settings();
  expect(aceCost(generator, segmenter, options).total).toBeGreaterThan(0);
});

test("a part of an oblong generator draws what the whole draws, edited at a place", async () => {
  const { generator } = models;
  const z = generator.sample({ size: 2, seed: 8 });
  const mask = { height: 3, width: 5, data: Float32Array.from({ length: 15 }, (_, i) => Number(i === 7)) };
  const edits = [{ layer: LAYER, units: [1, 4], value: 3, mask }];
  using whole = await generator.forward(z, { edits, retain: [LAYER] });
  const features = await whole.layers.get(LAYER)!.read(); // before the edit
  using tail = await generator.compile({ batch: 2, from: LAYER });
  // The mask's cell is two by two of the layer's.
  for (let image = 0; image < 2; image += 1)
    for (const row of [2, 3])
      for (const column of [4, 5])
        for (const unit of [1, 4]) features[((image * 6 + row) * 10 + column) * 8 + unit] = 3;
  tail.run(features);
  expect(await tail.image!.read()).toEqual(await whole.image.read());
});

test("units of oblong maps are maximised, and images that are higher than wide", async () => {
  const { generator, segmenter } = models;
  let last = { input: new Float32Array() as Float32Array, values: [0] as ArrayLike<number> };
  for await (const step of maximiseUnit(generator, { layer: LAYER, unit: 3 }, { images: 2, steps: 4 })) last = step;
  const z = Float32Array.from({ length: 12 }, (_, at) => last.input[8 * Math.floor(at / 6) + (at % 6)]!);
  using run = await generator.forward(z, { retain: [LAYER] });
  const features = await run.layers.get(LAYER)!.read();
  for (let i = 0; i < 2; i += 1) {
    const own = Array.from({ length: CELLS }, (_, cell) => features[(i * CELLS + cell) * 8 + 3]!);
    expect(last.values[i]).toBeCloseTo(mean(own), 4);
  }
  const values: number[] = [];
  for await (const step of maximiseImage(segmenter, CONCEPT, { size: [20, 12], steps: 6, seed: 3 })) {
    expect(step.input).toHaveLength(20 * 12 * 4);
    values.push(step.values[0]!);
  }
  expect(values.at(-1)).toBeGreaterThan(values[0]!);
});

test("an experiment counts the pixels of whole label maps, ablated", async () => {
  const { generator, segmenter } = models;
  using experiment = await Experiment.create(generator, segmenter, { editable: [LAYER], size: 5, seed: 3, batch: 2 });
  expect(experiment.before).toEqual(tally(models, await labelMaps(models, [])));
  const { pixels } = await ablateEverywhere(experiment, { layer: LAYER, units: [3, 1, 6], steps: 2 });
  expect(pixels).toHaveLength(3);
  for (const n of [1, 2]) {
    const edits = [{ layer: LAYER, units: [3, 1, 6].slice(0, n) }];
    expect(pixels[n]).toEqual(tally(models, await labelMaps(models, edits)));
  }
  expect(pixels[2]).not.toEqual(pixels[0]);
});
