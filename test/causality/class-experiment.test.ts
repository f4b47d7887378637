import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ClassExperiment } from "../../src/causality/class-experiment.ts";
import { classesWithout } from "../../src/causality/classes-without.ts";
import { Experiment } from "../../src/causality/experiment.ts";
import { type Device, UsageError } from "../../src/index.ts";
import { Classifier } from "../../src/models/classifier.ts";
import { recogniseClassifier } from "../../src/networks/classifiers/recognise.ts";
import { requestDevice } from "../gpu.ts";
import { imageOf, stateOf } from "../models/recipe.ts";

const { shapes } = JSON.parse(readFileSync(new URL("../golden/classifiers.json", import.meta.url), "utf8")).cifar;
const [EDGE, COUNT, CLASSES] = [16, 13, 10];
const pixels = imageOf(COUNT, EDGE, EDGE);
let reads = 0;
const photographs = {
  count: COUNT,
  read: (number: number) => {
    reads += 1;
    const own = pixels.subarray(number * 4 * EDGE ** 2, (number + 1) * 4 * EDGE ** 2).filter((_, at) => at % 4 < 3);
    const contrast = 1 - (number % 7) / 8;
    const rgb = Uint8Array.from(own, (value) => Math.round((value * contrast + 1) * 127.5));
    return { width: EDGE, height: EDGE, rgb };
  },
};
const truth = Array.from({ length: COUNT }, (_, i) => (i < 5 ? 2 : i < 12 ? 7 : 4));

let device: Device;
let classifier: Classifier;
beforeAll(async () => {
  device = await requestDevice();
  const made = new Map(stateOf("", shapes));
  // Biases that two classes share, which are larger than all others'.
  const bias = (await made.get("linear.bias")!.read()).map((value, of) => (of === 2 || of === 7 ? 2 : value));
  const state = new Map([...made, ["linear.bias", { ...made.get("linear.bias")!, read: async () => bias }]]);
  classifier = await Classifier.define(recogniseClassifier(state, { edge: EDGE }), { device, name: "tiny" });
});
afterAll(() => {
  classifier?.dispose();
  device?.dispose();
});

/** Logits of every photograph with edits, by a plan of the whole network. */
async function logitsOf(edits: Parameters<ClassExperiment["classes"]>[0]): Promise<number[][]> {
  const plan = await classifier.compile({ batch: COUNT, editable: ["layer2", { layer: "layer3", edits: 2 }] });
  const pictures = new Float32Array(COUNT * EDGE ** 2 * 4);
  for (let i = 0; i < COUNT; i += 1) {
    photographs.read(i).rgb.forEach((byte, at) => {
      pictures[4 * (i * EDGE ** 2 + Math.floor(at / 3)) + (at % 3)] = byte / 127.5 - 1;
    });
  }
  plan.input.write(pictures);
  plan.setEdits(edits);
  plan.run();
  const all = await plan.logits!.read();
  plan.dispose();
  const row = all.length / COUNT;
  return Array.from({ length: COUNT }, (_, i) => [...all.subarray(i * row, i * row + CLASSES)]);
}

/** The definitions, in double precision. */
function expected(logits: readonly (readonly number[])[]) {
  const probabilities = logits.map((own) => {
    const sum = own.reduce((all, logit) => all + Math.exp(logit), 0);
    return own.map((logit) => Math.exp(logit) / sum);
  });
  const taken = logits.map((own) => own.indexOf(Math.max(...own)));
  const right = taken.filter((of, i) => of === truth[i]).length / COUNT;
  const mean = Array.from({ length: CLASSES }, (_, of) => probabilities.reduce((all, p) => all + p[of]! / COUNT, 0));
  const own = (of: number) => {
    const at = truth.flatMap((is, i) => (is === of ? [i] : []));
    const probability = at.reduce((all, i) => all + probabilities[i]![of]! / at.length, 0);
    return { photographs: at.length, recall: at.filter((i) => taken[i] === of).length / at.length, probability };
  };
  return { taken, right, mean, own };
}

const EDITS = [
  { layer: "layer2", units: [3, 9], value: 0.75, alpha: 0.5 },
  { layer: "layer3", units: Array.from({ length: 40 }, (_, unit) => unit) },
];

test("classes and probabilities with edits of several layers are those of the whole network", async () => {
  const options = { editable: ["layer3", "layer2"], truth, batch: 4 };
  using experiment = await ClassExperiment.create(classifier, photographs, options);
  expect([experiment.layer, experiment.size, experiment.classifier]).toEqual(["layer2", COUNT, classifier]);
  const before = expected(await logitsOf([]));
  const after = expected(await logitsOf(EDITS));
  expect(after.taken).not.toEqual(before.taken); // something comes of the edits
  for (const [found, wanted] of [
    [experiment.before, before] as const,
    [await experiment.classes(EDITS), after] as const,
    [await experiment.classes([]), before] as const,
  ]) {
    expect([...found.taken]).toEqual(wanted.taken);
    expect(found.accuracy).toBe(wanted.right);
    for (const [of, probability] of wanted.mean.entries()) expect(found.probabilities[of]).toBeCloseTo(probability, 6);
    expect([...found.classes!.keys()]).toEqual([2, 4, 7]);
    for (const [of, outcome] of found.classes!) {
      const { probability, ...rest } = wanted.own(of);
      expect(outcome).toMatchObject(rest);
      expect(outcome.probability).toBeCloseTo(probability, 6);
      const others = truth.flatMap((is, i) => (is === of ? [] : [wanted.taken[i] === of]));
      const rejected = others.filter((wrong) => !wrong).length / others.length;
      expect(outcome.balanced).toBeCloseTo((rest.recall + rejected) / 2, 12);
    }
  }
});

test("without truth there are the classes of classesWithout, whatever the batch and what stays on the GPU", async () => {
  const units = Array.from({ length: 40 }, (_, unit) => unit);
  const [all, without] = await classesWithout(classifier, photographs, { layer: "layer3", sets: [[], units] });
  for (const memory of [undefined, 0]) {
    const options = { editable: ["layer3"], batch: 5, ...(memory !== undefined && { memory }) };
    using experiment = await ClassExperiment.create(classifier, photographs, options);
    const { taken, accuracy, classes } = experiment.before;
    expect([taken, accuracy, classes]).toEqual([all, undefined, undefined]);
    const [first, second] = await Promise.all([
      experiment.classes([{ layer: "layer3", units }]),
      experiment.classes([]),
    ]);
    expect([first.taken, second.taken]).toEqual([without, all]);
  }
});

test("of equal logits the first class is taken, and large ones are probabilities too", async () => {
  using experiment = await ClassExperiment.create(classifier, photographs, { editable: ["layer3"], truth, batch: 5 });
  const units = Array.from({ length: 64 }, (_, unit) => unit);
  const off = await experiment.classes([{ layer: "layer3", units }]); // biases alone
  expect([...off.taken]).toEqual(Array(COUNT).fill(2));
  expect(off.probabilities[2]).toBe(off.probabilities[7]);
  expect(off.accuracy).toBe(5 / 13);
  const large = await experiment.classes([{ layer: "layer3", units, value: 1e6 }]);
  const sum = large.probabilities.reduce((all, probability) => all + probability, 0);
  expect(sum).toBeCloseTo(1, 12);
  expect(large.probabilities[large.taken[0]!]).toBeCloseTo(1, 12);
});

test("what was measured is not measured again, and photographs are read once", async () => {
  const finished = new Map<string, readonly number[]>();
  let classified = 0;
  const onPhotographs = (count: number): void => {
    classified += count;
  };
  const options = { editable: ["layer3"], truth, batch: 4, finished, onPhotographs };
  const edits = [{ layer: "layer3", units: [1] }];
  reads = 0;
  using experiment = await ClassExperiment.create(classifier, photographs, options);
  const first = await experiment.classes(edits);
  expect([reads, classified]).toEqual([COUNT, 2 * COUNT]);
  using again = await ClassExperiment.create(classifier, photographs, options);
  expect(await again.classes(edits)).toEqual(first);
  expect(classified).toBe(3 * COUNT);
  await again.classes([{ layer: "layer3", units: [2] }]);
  expect(classified).toBe(4 * COUNT);
  // Of other truths the probabilities are others.
  using other = await ClassExperiment.create(classifier, photographs, { ...options, truth: truth.map(() => 1) });
  const { classes } = await other.classes(edits);
  expect([...classes!.keys()]).toEqual([1]);
  // there are no others to be told from
  expect(classes!.get(1)!.balanced).toBe(classes!.get(1)!.recall);
});

test("refuses what makes no sense", async () => {
  const create = (options: object, of = photographs) =>
    ClassExperiment.create(classifier, of, { editable: ["layer3"], ...options });
  await expect(create({ editable: [] })).rejects.toThrow("There is no layer to edit");
  await expect(create({ editable: ["layer9"] })).rejects.toThrow(UsageError);
  await expect(create({ truth: [1] })).rejects.toThrow("There are 13 photographs and 1 classes");
  await expect(create({ truth: truth.map(() => 10) })).rejects.toThrow("tiny has no class 10");
  await expect(create({ truth: truth.map(() => -1) })).rejects.toThrow("tiny has no class -1");
  await expect(create({ truth: truth.map(() => 0.5) })).rejects.toThrow("tiny has no class 0.5");
  const stopped = AbortSignal.abort(new Error("enough"));
  for (const of of [0, 9]) {
    await expect(create({ truth: truth.map(() => of), signal: stopped })).rejects.toThrow("enough");
  }
  await expect(create({}, { ...photographs, count: 0 })).rejects.toThrow("There are no photographs");
  await expect(create({ layers: ["layer3"] })).rejects.toThrow(UsageError);
  await expect(create({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  using experiment = await create({});
  await expect(experiment.classes([{ layer: "layer2", units: [1] }])).rejects.toThrow(UsageError);
  await expect(experiment.classes([{ layer: "layer3", units: [64] }])).rejects.toThrow(UsageError);
  expect((await experiment.classes([])).taken).toEqual(experiment.before.taken); // it lives on
});

test("Experiment, which counts pixels, names it", async () => {
  const asGenerator = classifier as never;
  const created = Experiment.create(asGenerator, {} as never, { editable: ["layer3"] });
  await expect(created).rejects.toThrow(/^tiny draws no images .*\n?.*`ClassExperiment`/);
});
