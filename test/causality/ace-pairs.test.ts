import { expect, test } from "vitest";
import type { AceSettings } from "../../src/causality/ace-options.ts";
import { Batches, effects } from "../../src/causality/ace-pairs.ts";
import type { Place } from "../../src/causality/ace-search.ts";
import type { Generator } from "../../src/models/generator.ts";
import type { GeneratorPlan } from "../../src/models/generator-plan.ts";

const place = (image: number, cell: number): Place => ({ image, cell, score: 1 });

test("a batch has the present images first, then the candidates, each with a mask of its own edit", () => {
  const [zSize, cells] = [3, 6];
  const ran: Float32Array[] = [];
  const asked: object[] = [];
  // z of the present are 100 and more, of the candidates 200 and more.
  const generator = {
    rowSize: zSize,
    layer: () => ({ height: 2, width: 3 }),
    sample: (of: { size: number; seed: number }) => {
      asked.push(of);
      return Float32Array.from({ length: of.size * zSize }, (_, at) => of.seed * 100 + at);
    },
  } as unknown as Generator;
  const plan = { batch: 6, run: (z: Float32Array) => ran.push(z) } as unknown as GeneratorPlan;
  const settings = { layer: "layer2", searchSize: 5, presentSeed: 1, candidateSeed: 2 } as AceSettings;
  const batches = new Batches(generator, plan, settings);
  expect(batches.pairs).toBe(3);
  expect(asked).toEqual([
    { size: 5, seed: 1 },
    { size: 5, seed: 2 },
  ]);
  const pairs = [
    { present: place(4, 5), candidate: place(0, 1) },
    { present: place(1, 0), candidate: place(3, 2) },
  ];
  const mask = batches.load(pairs);
  expect(ran).toHaveLength(1);
  // The third pair is missing, and zero.
  const rows = [
    [112, 113, 114],
    [103, 104, 105],
    [0, 0, 0],
    [200, 201, 202],
    [209, 210, 211],
    [0, 0, 0],
  ];
  expect([...ran[0]!]).toEqual(rows.flat());
  expect(mask).toHaveLength(6 * 2 * cells);
  const set = [...mask.keys()].filter((at) => mask[at] !== 0);
  // [image, edit, cell]: the first edit erases, the second inserts.
  expect(set.map((at) => [Math.floor(at / 2 / cells), Math.floor(at / cells) % 2, at % cells])).toEqual([
    [0, 0, 5],
    [1, 0, 0],
    [3, 1, 1],
    [4, 1, 2],
  ]);
  expect(set.every((at) => mask[at] === 1)).toBe(true);
});

test("what is left and what is there are the means of the pairs' own cells", () => {
  // Batches of two pairs: rows 0, 1 are present, 2, 3 candidates; 4 is the third pair's present
  // image, 6 its candidate.
  const [batch, perImage] = [2, 4];
  const cells = Float32Array.from(
    { length: 8 * perImage },
    (_, at) => 10 * Math.floor(at / perImage) + (at % perImage),
  );
  const pairs = [
    { present: place(9, 1), candidate: place(9, 3) },
    { present: place(9, 0), candidate: place(9, 2) },
    { present: place(9, 3), candidate: place(9, 1) },
  ];
  expect(effects(cells, pairs, batch, perImage)).toEqual({ erase: (1 + 10 + 43) / 3, add: (23 + 32 + 61) / 3 });
});
