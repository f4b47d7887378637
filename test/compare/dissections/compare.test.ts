import { describe, expect, test } from "vitest";
import { compare, type DissectedLayer } from "../../../src/compare/index.ts";
import { layerOf } from "./layers.ts";

/** Trees drawn well and sky badly; one unit draws brick. */
const A = layerOf({
  units: [
    [1, 0.9],
    [1, 0.7],
    [2, 0.6],
    [4, 0.5],
    [2, 0.01],
  ],
});
const B = layerOf({
  units: [
    [1, 0.9],
    [2, 0.6],
    [2, 0.01],
  ],
  about: { source: "b", layer: "layer6" },
});
const { blocks: _, ...OLD } = A;

describe("comparing", () => {
  test("counts by the reports' own labels and thresholds unless told otherwise", () => {
    const { rule, inputs, concepts } = compare([A, B]);
    expect(rule).toEqual({ rule: "best-label", metric: "report" });
    expect(
      inputs.map(({ name, detectors, unique, share }) => [name, detectors.value, unique.value, share.value]),
    ).toEqual([
      ["layer4", 4, 3, 0.8],
      ["layer6", 2, 2, 2 / 3],
    ]);
    expect(
      inputs[0]!.categories.map(({ category, detectors, unique }) => [category, detectors.value, unique.value]),
    ).toEqual([
      ["material", 1, 1],
      ["object", 3, 2],
    ]);
    expect(concepts.map(({ name, inputs: cells }) => [name, ...cells.map(({ detectors }) => detectors.value)])).toEqual(
      [
        ["tree", 2, 1],
        ["sky", 1, 1],
        ["brick", 1, 0],
      ],
    );
    const tree = concepts[0]!.inputs[0]!.best!;
    expect(tree.unit).toBe(0);
    expect(tree.iou.value).toBeGreaterThan(0.5);
    expect(tree.iou.error).toBeGreaterThan(0);
  });

  test("says whether what only one has is more than noise", () => {
    const judged = (layer: DissectedLayer, iouThreshold: number) =>
      compare([
        { ...layer, iouThreshold },
        { ...B, iouThreshold },
      ]);
    const { onlyInOne, concepts } = judged(A, 0.05);
    const brick = { concept: 2, name: "brick", category: "material", input: 0 };
    expect(onlyInOne).toEqual([{ ...brick, isNews: true }]);
    const { value, error } = concepts[2]!.inputs[0]!.best!.iou;
    expect(error).toBeGreaterThan(0.001);
    // it counts from its threshold on, and is news from two errors above
    expect(judged(A, value - 1.9 * error!).onlyInOne).toEqual([{ ...brick, isNews: false }]);
    expect(judged(A, value - 2.1 * error!).onlyInOne).toEqual([{ ...brick, isNews: true }]);
    expect(judged(A, value).onlyInOne).toEqual([]);
    expect(compare([A]).onlyInOne).toEqual([]);
  });

  test("leaves the same block out of both where z are the same", () => {
    const [pair] = compare([A, B]).pairs;
    expect(pair).toMatchObject({ inputs: [0, 1], paired: true, jaccard: { value: 2 / 3 }, detectors: { value: -2 } });
    const other = compare([A, { ...B, seed: 3 }], { force: true }).pairs[0]!;
    expect(other.paired).toBe(false);
    // At a threshold that brick clears without some of the blocks counts vary: of itself under
    // another name alike, of other images not.
    const options = { force: true, threshold: compare([A]).concepts[2]!.inputs[0]!.best!.iou.value };
    const twin = { ...A, source: "b" };
    expect(compare([A, twin], options).pairs[0]).toMatchObject({
      detectors: { value: 0, error: 0 },
      jaccard: { value: 1, error: 0 },
    });
    const { detectors, jaccard } = compare([A, { ...twin, seed: 3 }], options).pairs[0]!;
    expect(detectors.error).toBeGreaterThan(0.5);
    expect(jaccard.error).toBeGreaterThan(0.05);
  });

  test("counts by IoU, by IQR, and per category", () => {
    const by = (options: Parameters<typeof compare>[1]) => compare([A], options).inputs[0]!.detectors.value;
    const { iou, iqr } = compare([A]).concepts[2]!.inputs[0]!.best!;
    expect([iou.value > iqr.value, iqr.value > 0.01]).toEqual([true, true]);
    expect(by({ metric: "iou" })).toBe(4);
    // above what the unit of brick has, and that of sky
    expect(by({ metric: "iou", threshold: iou.value })).toBe(2);
    expect(by({ threshold: iou.value })).toBe(2);
    expect(by({ threshold: iqr.value })).toBe(4);
    expect(by({ metric: "iqr", threshold: iqr.value })).toBe(2);
    expect(compare([A], { rule: "per-category" }).rule).toEqual({
      rule: "per-category",
      metric: "iou",
      threshold: 0.04,
    });
  });

  test("of a report without blocks has no errors, and the same counts", () => {
    const [whole, old] = [compare([A]), compare([OLD])];
    expect(old.inputs[0]).toMatchObject({ blocks: 0, detectors: { value: 4, error: undefined } });
    expect(old.concepts.map(({ inputs }) => inputs[0]!.best!.iou.value)).toEqual(
      whole.concepts.map(({ inputs }) => expect.closeTo(inputs[0]!.best!.iou.value, 12)),
    );
    expect(compare([OLD, B]).onlyInOne[0]!.isNews).toBeUndefined();
  });

  test("tells quantiles of units' best IoUs as NumPy does, between the nearest", () => {
    // Of one label's 100 pixels and as many active ones i are both: i / (200 − i).
    const both = [40, 10, 80, 20];
    const intersection = [0, 0, 0, 0, ...both, ...Array(12).fill(0)];
    const about = { labelPixels: [0, 100, 0, 0, 0], activation: Array(8).fill(100), intersection, iqr: intersection };
    const { blocks: _, ...layer } = layerOf({ units: both.map(() => [1, 1] as const), about });
    const [lowest, low, high, highest] = [10, 20, 40, 80].map((i) => i / (200 - i)) as [number, number, number, number];
    const [input] = compare([layer]).inputs;
    expect(input!.medianIou).toBeCloseTo((low + high) / 2, 12);
    // 0.9 of the way from the first to the last of four: 2.7
    expect(input!.iou90).toBeCloseTo(high + 0.7 * (highest - high), 12);
    const { blocks: __, ...one } = layerOf({ units: [[1, 1]], about: { ...about, intersection: [0, 10, 0, 0, 0] } });
    const [single] = compare([one]).inputs;
    expect([single!.medianIou, single!.iou90]).toEqual([lowest, lowest]);
  });

  test("has concepts of as many detectors by name, and no concepts are all alike", () => {
    const layer = layerOf({
      units: [
        [1, 0.9],
        [2, 0.6],
      ],
    });
    expect(compare([layer]).concepts.map(({ name }) => name)).toEqual(["sky", "tree"]);
    const none = { iouThreshold: 0.99 };
    const two = [
      { ...layer, ...none },
      { ...layer, ...none, source: "b" },
    ];
    expect(compare(two).pairs[0]!.jaccard).toEqual({ value: 1, error: 0 });
    expect(compare([layer, { ...two[1]!, iouThreshold: 0.05, reported: [1, 0] }]).pairs[0]!.jaccard.value).toBe(1 / 2);
  });

  test("leaves out no block that has no image", () => {
    const few = layerOf({ images: 3, units: [[1, 0.9]] });
    expect(compare([few]).inputs[0]!.blocks).toBe(3);
    expect(compare([layerOf({ images: 1, units: [[1, 0.9]] })]).inputs[0]!.blocks).toBe(0);
  });

  test("says which inputs are controls, also of seed 0", () => {
    const [plain, control] = compare([A, { ...A, source: "b", rotation: 0, untrained: 0 }]).inputs;
    expect(control).toMatchObject({ rotation: 0, untrained: 0 });
    for (const name of ["rotation", "untrained"]) expect(plain).not.toHaveProperty(name);
  });

  test("calls inputs by what tells them apart", () => {
    const names = (...abouts: Partial<DissectedLayer>[]) =>
      compare(abouts.map((about) => ({ ...A, ...about }))).inputs.map(({ name }) => name);
    expect(names({}, { layer: "layer6" })).toEqual(["layer4", "layer6"]);
    expect(names({}, { model: "church" })).toEqual(["scenes layer4", "church layer4"]);
    expect(names({}, { source: "b" })).toEqual(["layer4 (a)", "layer4 (b)"]);
  });
});

describe("refuses", () => {
  test.each<readonly [string, Partial<DissectedLayer>, RegExp]>([
    [
      "other segmenters",
      { segmenterHash: "1".repeat(64) },
      /segmenter \(drawn 000000000000 in a; drawn 111111111111 in b\)/,
    ],
    ["segmenters of other names", { segmenter: "other", segmenterHash: undefined }, /segmenter \(/],
    [
      "other labels",
      { labels: [...A.labels.slice(0, 4), { name: "stone", category: "material" }] },
      /labels \(4, tree, sky, never … in a; 4, tree, sky, never … in b\)/,
    ],
    ["other grids", { grid: [32, 32] }, /label grid \(20 × 20 in a; 32 × 32 in b\)/],
    ["more images", { images: 50 }, /number of images \(40 in a; 50 in b\)/],
    ["other images", { seed: 9 }, /seed \(1 in a; 9 in b\)/],
    ["levels of other images", { trainSeed: 9 }, /training seed \(2 in a; 9 in b\)/],
    ["levels by another rule", { quantileThreshold: 0.01 }, /choice of levels \(iqr in a; 0.01 in b\)/],
    ["other thresholds", { iouThreshold: 0.04 }, /thresholds \(IoU 0.05, IQR 0.01 in a; IoU 0.04, IQR 0.01 in b\)/],
  ])("%s, unless forced", (_, about, said) => {
    const layers = [A, { ...A, source: "b", ...about }];
    expect(() => compare(layers)).toThrow(said);
    expect(() => compare(layers)).toThrow(/--force/);
    expect(compare(layers, { force: true }).incomparable.join()).toMatch(said);
  });

  test("no segmenter for a hash that is not known", () => {
    expect(compare([A, { ...A, source: "b", segmenterHash: undefined }]).incomparable).toEqual([]);
  });

  test.each([
    [{ metric: "report", threshold: 0.1 }, /by a threshold/],
    [{ metric: "report", rule: "per-category" }, /by per category|per category/],
    [{ threshold: 2 }, /threshold of 2/],
  ] as const)("%o", (options, said) => expect(() => compare([A], options)).toThrow(said));

  test("to compare nothing", () => expect(() => compare([])).toThrow("nothing to compare"));
});
