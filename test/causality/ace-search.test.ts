import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { settleAce } from "../../src/causality/ace-options.ts";
import { type AceCorpus, type AcePresent, type Place, searchCorpus } from "../../src/causality/ace-search.ts";
import type { AceOptions } from "../../src/causality/index.ts";
import { UsageError } from "../../src/index.ts";
import { useSmallModels } from "../dissect/models.ts";
import { noise } from "../kernels/reference.ts";
import { labelMaps } from "./label-maps.ts";
import { plainAnswers } from "./plain-answers.ts";

/** Of NumPy, and made up where the concept is. */
const golden: {
  readonly found: readonly (readonly [cell: number, score: number])[];
  readonly present: readonly number[];
  readonly draws: readonly (readonly number[])[];
} = JSON.parse(readFileSync(new URL("../golden/ace.json", import.meta.url), "utf8"));

const [CONCEPT, UNITS, IMAGES] = ["tree", 24, 60];

const models = useSmallModels(1, [8, UNITS, 10, 6]);

/** What a search tells, its progress apart, and what it ends with. */
async function search(more: Partial<AceOptions>, known?: AcePresent) {
  const layer = more.layer ?? "layer2";
  const settings = settleAce(models.generator, models.segmenter, {
    layer,
    concept: CONCEPT,
    initial: new Array(models.generator.layer(layer).channels).fill(1),
    searchSize: IMAGES,
    trainSize: 20,
    evalSize: 4,
    places: 3,
    segmentationSize: 16,
    batch: 8,
    ...more,
  });
  const events = searchCorpus(models.generator, models.segmenter, settings, known);
  const progress: [phase: string, done: number, total: number][] = [];
  const present: AcePresent[] = [];
  for (let step = await events.next(); ; step = await events.next()) {
    if (step.done) return { progress, present, corpus: step.value as AceCorpus };
    const event = step.value;
    if (event.type === "present") present.push(event.present);
    else progress.push([event.phase, event.done, event.total]);
  }
}

/** Places with the highest scores, earlier images first of equals, in the order of their images. */
const best = (places: readonly Place[], count: number): Place[] =>
  [...places]
    .sort((a, b) => (a.score === b.score ? a.image - b.image : b.score - a.score))
    .slice(0, count)
    .sort((a, b) => a.image - b.image);

/** 60 images in batches of eight, the last of four. */
const steps = (phase: string) => Array.from({ length: 8 }, (_, i) => [phase, Math.min(8 * (i + 1), 60), 60]);

describe("where the concept is", () => {
  test("is the first of the cells that show most of it, and its features are those of its cells", async () => {
    const layer = "layer3"; // 8 × 8 cells of 2 × 2 pixels
    const { progress, present, corpus } = await search({ layer });
    const label = models.segmenter.label(CONCEPT);
    const maps = await labelMaps(models, [], { size: IMAGES, seed: 10 });
    const shares = maps.map((map) => {
      const cells = new Array<number>(64).fill(0);
      for (const [pixel, one] of map.entries()) {
        if (one === label) cells[(pixel >> 5) * 8 + ((pixel % 16) >> 1)]! += 1 / 4;
      }
      return cells;
    });
    const found = shares.flatMap((cells, image): Place[] => {
      const score = Math.max(...cells);
      return score > 0 ? [{ image, cell: cells.indexOf(score), score }] : [];
    });
    expect(found.length).toBeGreaterThan(24);
    expect(present).toEqual([{ found, feature: corpus.feature }]);
    expect(corpus).toMatchObject({ trainSize: 20, evalSize: 4, present: best(found, 24) });
    expect(progress).toEqual([...steps("present"), ...steps("candidates")]);

    const { generator } = models;
    using run = await generator.forward(generator.sample({ size: IMAGES, seed: 10 }), { retain: [layer] });
    const features = await run.layers.get(layer)!.read();
    const { channels } = generator.layer(layer);
    const stored = 4 * Math.ceil(channels / 4);
    const total = shares.flat().reduce((sum, share) => sum + share, 0);
    expect(corpus.feature).toHaveLength(channels);
    for (let unit = 0; unit < channels; unit += 1) {
      const sum = shares.flat().reduce((sum, share, at) => sum + share * features[at * stored + unit]!, 0);
      expect(corpus.feature[unit]).toBeCloseTo(sum / total, 5);
    }
  });

  test("of a concept that is nowhere has no features, and is too little to learn from", async () => {
    const counts = await labelMaps(models, [], { size: 3, seed: 10 });
    const nowhere = models.segmenter.labels.findIndex((_, label) => counts.every((map) => !map.includes(label)));
    expect(nowhere).toBeGreaterThan(0);
    const concept = models.segmenter.labels[nowhere]!.name;
    const nothing = search({ concept, searchSize: 3 });
    await expect(nothing).rejects.toThrow(UsageError);
    await expect(nothing).rejects.toThrow(/is in 0 of 3 images, too few to learn from 20/);
  });

  test("is refused where its features are no numbers, before inserting them is tried", async () => {
    const found: readonly Place[] = Array.from({ length: IMAGES }, (_, image) => ({ image, cell: 0, score: 1 }));
    for (const [unit, wrong] of [
      [0, Number.NaN],
      [7, Number.POSITIVE_INFINITY],
    ] as const) {
      const feature = new Float32Array(UNITS).fill(1).with(unit, wrong);
      const refused = search({}, { found, feature });
      await expect(refused).rejects.toThrow(UsageError);
      await expect(refused).rejects.toThrow(
        `The mean of unit ${unit} of layer2 where "tree" is, is no number: the generator's features overflow.`,
      );
    }
  });
});

describe("where the concept can be put", () => {
  const known = (count = IMAGES): AcePresent => ({
    found: golden.found.slice(0, count).map(([cell, score], image) => ({ image, cell, score })),
    feature: noise(6, UNITS).map((value) => 2 * value),
  });

  // Of label maps of 4 × 4 pixels, where gains are often equal, the first.
  test.each([16, 4])(
    "is the best of three cells that NumPy draws, popular ones above all, and none that shows it: of %i pixels",
    async (segmentationSize) => {
      const { feature } = known();
      const { progress, present, corpus } = await search({ segmentationSize }, known());
      expect(present).toEqual([]); // it is known
      expect(progress).toEqual(steps("candidates"));
      expect(corpus.present.map(({ image }) => image)).toEqual(golden.present);

      const plain = await plainAnswers(models, {
        layer: "layer2",
        concept: CONCEPT,
        extent: segmentationSize,
        images: IMAGES,
      });
      const all = new Array(UNITS).fill(1);
      const at = (index: number) =>
        Array.from({ length: IMAGES }, (_, image) => ({
          seed: 11,
          image,
          cell: golden.draws[Math.floor(image / 10)]![index]!,
        }));
      const tried: Place[][] = [];
      for (const index of [0, 1, 2]) {
        const before = await plain.ask("mask", at(index), new Array(UNITS).fill(0), feature);
        const after = await plain.ask("mask", at(index), all, feature);
        tried.push(
          at(index).map(({ image, cell }): Place => {
            const gain = after[image]!.total - before[image]!.total;
            return { image, cell, score: before[image]!.share > 0 ? 0 : gain };
          }),
        );
      }
      plain.dispose();
      const wanted = Array.from({ length: IMAGES }, (_, image) => {
        const [first, ...others] = tried.map((places) => places[image]!) as [Place, ...Place[]];
        return others.reduce((most, place) => (place.score > most.score ? place : most), first);
      });
      expect(corpus.candidates).toEqual(best(wanted, 24));
      // There is something to tell apart: gains and losses, cells that show it, and other places
      // than the first.
      const scores = tried.flat().map(({ score }) => score);
      expect([scores.some((one) => one > 0), scores.some((one) => one < 0), scores.includes(0)]).toEqual([
        true,
        true,
        true,
      ]);
      expect(wanted.filter(({ cell }, image) => cell !== tried[0]![image]!.cell).length).toBeGreaterThan(5);
    },
  );

  test("does not depend on the batch, but on the seed", async () => {
    const few = { searchSize: 30 };
    const one = await search({ ...few, batch: 2 }, known(30));
    expect(one.progress).toHaveLength(15);
    expect((await search({ batch: 10 })).progress).toHaveLength(6 + 6);
    expect((await search({ ...few, batch: 40 }, known(30))).corpus).toEqual(one.corpus);
    expect((await search({ ...few, seed: 3 }, known(30))).corpus).not.toEqual(one.corpus);
    expect((await search({ ...few, candidateSeed: 3 }, known(30))).corpus).not.toEqual(one.corpus);
  });

  test("is tried at every cell where more are asked for than there are", async () => {
    const { corpus } = await search({ layer: "layer1", places: 100, searchSize: 24 }, known(24));
    for (const { cell } of corpus.candidates) expect(cell).toBeLessThan(16);
  });

  // One in six to evaluate on, and the rest in whole steps to learn from.
  test.each([
    [23, 20, 3],
    [24, 20, 4],
    [43, 20, 4],
    [44, 40, 4],
    [60, 40, 4],
  ])("with %i images that show it: %i to learn from, %i to evaluate on", async (count, trainSize, evalSize) => {
    const { corpus } = await search({ trainSize: 40, evalSize: 4 }, known(count));
    expect(corpus).toMatchObject({ trainSize, evalSize });
    expect([corpus.present.length, corpus.candidates.length]).toEqual([trainSize + evalSize, trainSize + evalSize]);
  });

  test("with one pair to evaluate on, where no more are wanted", async () => {
    const { corpus } = await search({ evalSize: 1 }, known(21));
    expect(corpus).toMatchObject({ trainSize: 20, evalSize: 1 });
    expect(corpus.present).toHaveLength(21);
  });

  test.each([0, 5, 22])("with %i images that show it: too few", async (count) => {
    const refused = search({}, known(count));
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(`"tree" is in ${count} of 60 images, too few to learn from 20`);
  });

  test("with all of too few images that show it, there are too few images, and not too few of them", async () => {
    const refused = expect(search({ searchSize: 22 }, known(22))).rejects;
    await refused.toThrow(/^"tree" is in all 22 images, too few to learn from 20 .* others\. Raise `searchSize`\.$/);
    const some = expect(search({ searchSize: 23 }, known(22))).rejects;
    await some.toThrow(
      /is in 22 of 23 images.*Raise `searchSize`, or choose a concept that the model draws more often\.$/,
    );
  });

  test("stops with the signal's reason", async () => {
    for (const present of [undefined, known()]) {
      const controller = new AbortController();
      controller.abort(new Error("enough"));
      await expect(search({ signal: controller.signal }, present)).rejects.toThrow("enough");
    }
  });
});
