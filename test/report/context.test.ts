import { expect, test } from "vitest";
import type { Context } from "../../src/causality/context.ts";
import { contextCsv, toContext } from "../../src/report/context.ts";
import { context } from "./context-json.ts";

const labels = [
  { name: "-", category: "object" },
  { name: "door-s", category: "object" },
  { name: "glass", category: "object" },
  { name: "glass", category: "material" },
];

/** A door put at the 2×3 cells of a layer. */
const measured: Context = {
  layer: "layer4",
  units: [3, 1],
  label: 1,
  before: 40,
  effects: [
    { label: 3, places: 7, gain: 10 },
    { label: 2, places: 5, gain: -4 },
    { label: 0, places: 4, gain: 50 },
  ],
  cells: Float64Array.of(0, 1, 2, 3, -4, 5),
} as unknown as Context;

test("toContext names what was there, and says what was added as a share of what there was before", () => {
  expect(toContext(measured, labels, [2, 3])).toEqual({
    concept: "door",
    layer: "layer4",
    units: [3, 1],
    before: 40,
    effects: [
      { concept: "glass (material)", category: "material", places: 7, gain: 10, share: 0.25 },
      { concept: "glass (object)", category: "object", places: 5, gain: -4, share: -0.1 },
      { concept: "-", category: "object", places: 4, gain: 50, share: 1.25 },
    ],
    cells: [
      [0, 1, 2],
      [3, -4, 5],
    ],
  });
});

test("without any before there is no share", () => {
  const { effects } = toContext({ ...measured, before: 0 }, labels, [2, 3]);
  expect(effects.map(({ share }) => share)).toEqual([null, null, null]);
  expect(toContext({ ...measured, before: 0.5 }, labels, [2, 3]).effects[0]!.share).toBe(20);
});

test("context.csv has a row for each thing that was there, and no formulas", () => {
  expect(contextCsv(toContext(measured, labels, [2, 3]))).toBe(
    [
      "was there,category,places,gain,share\n",
      "glass (material),material,7,10,0.25\n",
      "glass (object),object,5,-4,-0.1\n",
      "'-,object,4,50,1.25\n",
    ].join(""),
  );
  expect(contextCsv(context([['=HYPERLINK("x"),1', 5, 2]], 0))).toBe(
    `was there,category,places,gain,share\n"'=HYPERLINK(""x""),1",object,5,2,\n`,
  );
});
