import { afterAll, beforeAll, expect, test } from "vitest";
import { Experiment } from "../../src/causality/index.ts";
import { type Device, Generator, mergeSegmenters, Segmenter, Tensor, UsageError } from "../../src/index.ts";
import { Graph } from "../../src/runtime/graph.ts";
import { Plan } from "../../src/runtime/plan.ts";
import { smallFiles } from "../dissect/models.ts";
import { requestDevice } from "../gpu.ts";

const EXTENT = [24, 20] as const;
let device: Device;
let generator: Generator;
let segmenter: Segmenter;
/** Objects and the same once more as "other", so that a pixel has two labels. */
let both: Segmenter;
let image: Tensor<"f32">;
const load = async (labels: object): Promise<Segmenter> =>
  Segmenter.load({ weights: (await smallFiles(0.05)).weights, labels } as never, { device, name: "small" });
beforeAll(async () => {
  device = await requestDevice();
  segmenter = await load({ object: ["-", "sky", "tree", "house", "door"], segsizes: [32] });
  both = mergeSegmenters("both", [
    await load({ object: ["-", "sky", "tree", "house", "door"], segsizes: [32] }),
    await load({ object: ["-", "air", "leaf", "wall", "hinge"], segsizes: [48] }),
  ]);
  generator = await Generator.load((await smallFiles()).generator, { device });
  const data = Float32Array.from(
    { length: EXTENT[0] * EXTENT[1] * 4 },
    (_, i) => Math.sin(0.7 * i) * (i % 4 < 3 ? 1 : 0),
  );
  image = Tensor.from(device, "image", [1, ...EXTENT, 4], "f32", data);
});
afterAll(() => {
  for (const one of [image, generator, segmenter, both]) one?.dispose();
  device?.dispose();
});

const labelsOf = async (by: Segmenter): Promise<Uint32Array> => {
  using plan = await by.compile(image, EXTENT);
  plan.run();
  return plan.labels.read();
};

async function scoreOf(by: Segmenter, concept: string): Promise<Float32Array> {
  const graph = new Graph(device.target, by.storage, device.tuned);
  const x = graph.map("image", 1, ...EXTENT, 3);
  const score = by.score(graph, x, concept, EXTENT);
  using plan = await Plan.compile(device, graph, { keep: [score], bind: [...(await by.bind(graph)), [x, image]] });
  plan.run();
  return plan.tensor<"f32">(score).read();
}

test("a union is seen wherever one of its concepts is, in any map, and changes no other label", async () => {
  const united = both.unite(["sky", "leaf", "door"]);
  expect(united.labels.slice(0, -1)).toEqual(both.labels);
  expect(united.labels.at(-1)).toEqual({ name: "sky+leaf+door", category: "object" });
  const label = united.label("sky+leaf+door");
  expect([label, united.channels, united.unions]).toEqual([10, 3, [{ label: 10, members: [1, 4, 7] }]]);
  const [before, after] = [await labelsOf(both), await labelsOf(united)];
  const pixels = EXTENT[0] * EXTENT[1];
  expect([...after.subarray(0, 2 * pixels)]).toEqual([...before]);
  const expected = Array.from({ length: pixels }, (_, at) =>
    [before[at]!, before[pixels + at]!].some((one) => [1, 4, 7].includes(one)) ? label : 0,
  );
  expect([...after.subarray(2 * pixels)]).toEqual(expected);
  expect(new Set(expected).size).toBe(2);
});

test("copied to another device it sees the same there", async () => {
  const united = both.unite(["sky", "leaf", "door"]);
  const expected = await labelsOf(united);
  const other = await requestDevice();
  const copy = await united.copyTo(other);
  expect([copy.device, copy.name, copy.labels, copy.unions]).toEqual([
    other,
    united.name,
    united.labels,
    united.unions,
  ]);
  const data = await image.read();
  using same = Tensor.from(other, "image", image.shape, "f32", data);
  using plan = await copy.compile(same, EXTENT);
  plan.run();
  expect(await plan.labels.read()).toEqual(expected);
  copy.dispose();
  other.dispose();
});

test("its score is the sum of theirs, across networks", async () => {
  const scores = await Promise.all(["sky", "tree", "wall"].map((concept) => scoreOf(both, concept)));
  const united = await scoreOf(both.unite(["wall", "tree", "sky"], { name: "view" }), "view");
  const sums = united.map((_, at) => scores.reduce((sum, score) => sum + score[at]!, 0));
  expect(Math.max(...united.map((score, at) => Math.abs(score - sums[at]!)))).toBeLessThan(1e-6);
  expect(Math.max(...scores.map((score) => score.reduce((a, b) => a + b)))).toBeLessThan(
    united.reduce((a, b) => a + b),
  );
});

test("unions of unions are of what those are of", async () => {
  const first = segmenter.unite(["sky", "tree"], { name: "outside" });
  const second = first.unite(["outside", "door"], { name: "all" });
  expect(second.unions).toEqual([
    { label: 5, members: [1, 2] },
    { label: 6, members: [1, 2, 4] },
  ]);
  const pixels = EXTENT[0] * EXTENT[1];
  const labels = await labelsOf(second);
  expect([...labels.subarray(2 * pixels)]).toEqual(
    [...labels.subarray(0, pixels)].map((one) => ([1, 2, 4].includes(one) ? 6 : 0)),
  );
  expect(await scoreOf(second, "all")).not.toEqual(await scoreOf(second, "outside"));
});

test("edits are counted by it", async () => {
  const united = segmenter.unite(["tree", "door"]);
  using experiment = await Experiment.create(generator, united, { editable: ["layer1"], size: 4 });
  const after = await experiment.pixels([{ layer: "layer1", units: [0, 1, 2] }]);
  for (const counts of [experiment.before, after]) expect(counts[5]).toBe(counts[2]! + counts[4]!);
  expect(after[5]).not.toBe(experiment.before[5]);
});

test("two unions of which nothing tells one from the other are measured each", async () => {
  // two networks alike, whose labels are told apart by their names only
  const [first, second] = ["sky,tree,house,door", "air,leaf,wall,hinge"].map((names) => ["-", ...names.split(",")]);
  const twice = mergeSegmenters("twice", [
    await load({ object: first, segsizes: [32] }),
    await load({ object: second, segsizes: [32] }),
  ]);
  const finished = new Map<string, readonly number[]>();
  const counts = [];
  for (const concepts of [
    ["sky", "tree"],
    ["air", "leaf"],
    ["sky", "tree"],
  ]) {
    const united = twice.unite(concepts, { name: "two" });
    using experiment = await Experiment.create(generator, united, { editable: ["layer1"], size: 2, finished });
    await experiment.pixels([{ layer: "layer1", units: [0] }]);
    counts.push(experiment.before);
  }
  expect(counts[1]).toEqual(counts[0]);
  expect(finished.size).toBe(2);
  twice.dispose();
});

test.each<readonly [readonly string[], string | undefined, RegExp]>([
  [["sky", "tre"], undefined, /no concept "tre".*Near are tree/],
  [["sky"], undefined, /\[sky\] makes no union.*two different/],
  [["sky", "object/sky"], undefined, /makes no union/],
  [[], undefined, /makes no union/],
  [["sky", "tree"], "door", /knows a concept "door" already/],
])("%j as %s is no union", (concepts, name, said) => {
  const unite = () => segmenter.unite(concepts, name === undefined ? {} : { name });
  expect(unite).toThrow(UsageError);
  expect(unite).toThrow(said);
});

test("members of several categories make a union; what is merged has none yet", async () => {
  const other = await load({ object: ["-", "air", "leaf", "wall", "hinge"], segsizes: [48] });
  expect(() => mergeSegmenters("both", [other.unite(["air", "wall"]), segmenter])).toThrow(/Merge first, then unite/);
  expect(() => segmenter.unite(["sky", "tree"], { names: "x" } as never)).toThrow(/unite knows no "names"/);
  other.dispose();
});
