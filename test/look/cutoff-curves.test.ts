import { expect, test } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { CutoffCurves } from "../../src/look/cutoff-curves.ts";

// Eight pixels, of which the concept has four. Unit 0 is 1, 2, … 8 from pixel to pixel and the
// concept lies on 5 to 8; unit 1 is 0 everywhere but for one pixel of the concept, where it is 10.
const curves = new CutoffCurves({
  cutoffs: [0.25, 0.5, 0.75],
  quantiles: [0, 0.25, 0.5, 0.75, 1],
  levels: Float32Array.of(1, 0, 2, 0, 4, 0, 6, 0, 8, 10),
  size: 1,
  found: new Map([
    [
      1,
      {
        pixels: 4,
        categoryPixels: 8,
        intersection: Uint32Array.of(4, 1, 4, 1, 4, 1, 2, 1, 0, 0),
        activation: Uint32Array.of(7, 1, 6, 1, 4, 1, 2, 1, 0, 0),
        means: Float32Array.of(6.5, 2.5),
      },
    ],
    [
      2,
      {
        pixels: 0,
        categoryPixels: 0,
        intersection: new Uint32Array(10),
        activation: new Uint32Array(10),
        means: new Float32Array(2),
      },
    ],
  ]),
  label: (concept) => ["-", "tree", "door", "sky"].indexOf(concept),
});

test("a unit that is on exactly where a concept is agrees with it wholly there", () => {
  const points = curves.of(0, "tree");
  expect(curves.units).toBe(2);
  expect(points.map(({ cutoff, level, iou, inside }) => [cutoff, level, iou, inside])).toEqual([
    [0.25, 2, 4 / 6, 1],
    [0.5, 4, 1, 1],
    [0.75, 6, 2 / 4, 2 / 4],
  ]);
  // Of two fair coins that are one: ln 2 nats of mutual information and as much joint entropy.
  expect(points[1]!.mi).toBeCloseTo(Math.LN2, 15);
  expect(points[1]!.iqr).toBeCloseTo(1, 15);
  // A quarter of the pixels on, all in the half that is the concept's.
  const entropy = 0.5 * Math.LN2 + 0.5 * Math.log(4);
  const mi = 0.25 * Math.log(2) + 0.25 * Math.log(2 / 3) + 0.5 * Math.log(4 / 3);
  expect(points[2]!.mi).toBeCloseTo(mi, 15);
  expect(points[2]!.iqr).toBeCloseTo(mi / entropy, 15);
  expect(curves.best(0, "tree")).toEqual(points[1]);
});

test("of equals the lowest cutoff is best", () => {
  expect(curves.of(1, "tree").map(({ iou }) => iou)).toEqual([1 / 4, 1 / 4, 1 / 4]);
  expect(curves.best(1, "tree", "iou").cutoff).toBe(0.25);
});

test("quantiles on the concept's pixels alone", () => {
  const conditional = curves.quantiles("tree");
  expect(conditional).toMatchObject({ quantiles: [0, 0.25, 0.5, 0.75, 1], samples: 4, units: 2 });
  expect([...conditional.means]).toEqual([6.5, 2.5]);
  // Of 5, 6, 7, 8 none lies below 4, half up to 6 and all up to 8.
  expect([0.25, 0.5, 0.75, 1].map((quantile) => conditional.levels(quantile)[0])).toEqual([5, 6, 7, 8]);
  // Of 0, 0, 0, 10 three quarters are 0.
  expect([0, 0.25, 0.5, 0.75, 1].map((quantile) => conditional.levels(quantile)[1])).toEqual([0, 0, 0, 0, 10]);
});

// How many pixels of eight a concept has that each level is not exceeded on: of unit 0 two, two,
// three, seven and eight, of unit 1 none, four, four, six and eight.
const UNEVEN = {
  ...{ cutoffs: [0.25, 0.5, 0.75], quantiles: [0, 0.25, 0.5, 0.75, 1], size: 1 },
  levels: Float32Array.of(1, -4, 2, 0, 4, 1, 6, 2, 8, 10),
  found: new Map([
    [
      1,
      {
        ...{ pixels: 8, categoryPixels: 16, means: new Float32Array(2) },
        intersection: Uint32Array.of(6, 8, 6, 4, 5, 4, 1, 2, 0, 0),
        activation: Uint32Array.of(12, 15, 11, 12, 8, 8, 4, 4, 0, 0),
      },
    ],
  ]),
  label: () => 1,
};

test("between two levels quantiles lie as far as pixels do", () => {
  const conditional = new CutoffCurves(UNEVEN).quantiles("tree");
  const of = (unit: number) => conditional.quantiles.map((quantile) => conditional.levels(quantile)[unit]);
  // Of the fourth pixel one quarter of the way from 4, which three do not exceed, to 6 is gone, …
  expect(of(0)).toEqual([1, 1, 4.5, 5.5, 8]);
  // … and of the second one half from −4 to 0.
  expect(of(1)).toEqual([-4, -2, 0, 2, 10]);
});

test("each unit has its own levels and counts", () => {
  const points = new CutoffCurves(UNEVEN).of(1, "tree");
  expect(points.map(({ level, inside, iou }) => [level, inside, iou])).toEqual([
    [0, 4 / 8, 4 / 16],
    [1, 4 / 8, 4 / 12],
    [2, 2 / 8, 2 / 10],
  ]);
});

test("a part of very many pixels is a whole number of them, though the product is more", () => {
  const [pixels, all] = [3e9, 6e9];
  expect(0.55 * pixels).toBeGreaterThan(1_650_000_000);
  const counted = { intersection: Float64Array.of(pixels - 1_649_999_999, pixels - 1_650_000_000, 0) };
  const many = new CutoffCurves({
    ...{ cutoffs: [0.55], quantiles: [0, 0.55, 1], levels: Float32Array.of(0, 1, 3), size: 1, label: () => 1 },
    found: new Map([
      [1, { ...counted, activation: counted.intersection, pixels, categoryPixels: all, means: Float32Array.of(1) }],
    ]),
  });
  expect(many.quantiles("tree").levels(0.55)[0]).toBe(1);
});

test("one pixel of a category that has no other is agreement enough", () => {
  const counted = { intersection: Uint32Array.of(1, 1, 0), activation: Uint32Array.of(1, 1, 0) };
  const one = new CutoffCurves({
    ...{ cutoffs: [0.5], quantiles: [0, 0.5, 1], levels: Float32Array.of(0, 1, 3), size: 1 },
    found: new Map([[1, { pixels: 1, categoryPixels: 1, ...counted, means: Float32Array.of(3) }]]),
    label: () => 1,
  });
  expect(one.of(0, "tree")).toMatchObject([{ cutoff: 0.5, level: 1, iou: 1, inside: 1 }]);
});

test("of a concept that no image shows there is no agreement, and there are no quantiles", () => {
  expect(curves.of(0, "door").map(({ iou, iqr, mi, inside }) => [iou, iqr, mi, inside])).toEqual(
    new Array(3).fill([0, 0, 0, 0]),
  );
  expect(() => curves.quantiles("door")).toThrow('None of 1 images shows "door"');
});

test.each([
  [() => curves.of(2, "tree"), "There is no unit 2."],
  [() => curves.of(-1, "tree"), "There is no unit -1."],
  [() => curves.of(0, "sky"), '"sky" was not counted.'],
  [() => curves.quantiles("sky"), '"sky" was not counted.'],
  [() => curves.best(0, "tree", "mi" as "iou"), 'Cutoffs have no "mi".'],
])("%s is refused", (ask, message) => {
  expect(ask).toThrow(UsageError);
  expect(ask).toThrow(message);
});
