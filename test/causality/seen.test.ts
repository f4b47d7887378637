import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { occlude } from "../../src/causality/occlusion.ts";
import { classScalar, maximiseSeen } from "../../src/causality/seen.ts";
import { Classifier } from "../../src/models/classifier.ts";
import { recogniseClassifier } from "../../src/networks/classifiers/recognise.ts";
import type { Device } from "../../src/runtime/device.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";
import { imageOf, stateOf } from "../models/recipe.ts";

const { shapes } = JSON.parse(readFileSync(new URL("../golden/classifiers.json", import.meta.url), "utf8")).cifar;
const EDGE = 16;
const CLASSES = 10;

let device: Device;
let classifier: Classifier;
beforeAll(async () => {
  device = await requestDevice();
  const network = recogniseClassifier(stateOf("", shapes), { edge: EDGE });
  const classes = [..."abcdefghij"];
  classifier = await Classifier.define(network, { device, name: "tiny", classes });
});
afterAll(() => {
  classifier?.dispose();
  device?.dispose();
});

/** The probabilities of classes, in double precision from there on. */
async function probabilities(picture: Float32Array<ArrayBuffer>): Promise<number[]> {
  const logits = [...(await classifier.classify(picture))];
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

test("occlusion is the fall of a class's probability", async () => {
  const picture = imageOf(1, EDGE, EDGE);
  const image = Tensor.from(device, "image", [1, EDGE, EDGE, 4], "f32", picture);
  const before = await probabilities(picture);
  const of = before.indexOf([...before].sort((a, b) => b - a)[1]!); // the second most likely
  const found = await occlude(image, classScalar(classifier, of), { patch: 8, stride: 8, fill: 0.5 });
  expect(found.whole).toBeCloseTo(before[of]!, 5);
  expect([found.rows, found.columns]).toEqual([2, 2]);
  for (const [square, drop] of found.drops.entries()) {
    const covered = picture.slice();
    for (let at = 0; at < covered.length; at += 1) {
      const [x, y] = [Math.floor(at / 4) % EDGE, Math.floor(at / 4 / EDGE)];
      if (at % 4 < 3 && Math.floor(y / 8) * 2 + Math.floor(x / 8) === square) covered[at] = 0.5;
    }
    expect([square, drop]).toEqual([square, expect.closeTo(before[of]! - (await probabilities(covered))[of]!, 5)]);
  }
  expect(Math.max(...found.drops) - Math.min(...found.drops)).toBeGreaterThan(1e-3);
  expect((await occlude(image, classScalar(classifier, classifier.classes[of]!), { patch: 8 })).whole).toBe(
    found.whole,
  );
  image.dispose();
});

describe("images that are wanted most", () => {
  /** The start and the end, and what is maximised in both. */
  async function climbed(wanted: Parameters<typeof maximiseSeen>[1], options = {}) {
    const found: { readonly input: Float32Array<ArrayBuffer>; readonly values: number[] }[] = [];
    for await (const { input, values } of maximiseSeen(classifier, wanted, { images: 2, steps: 12, ...options })) {
      found.push({ input: Float32Array.from(input), values: [...values] });
    }
    return found;
  }

  test("of a class: its logit, which rises", async () => {
    const steps = await climbed({ class: "d" });
    for (const { input, values } of [steps[0]!, steps.at(-1)!]) {
      const logits = await classifier.classify(input);
      for (const [image, value] of values.entries()) expect(value).toBeCloseTo(logits[image * CLASSES + 3]!, 4);
    }
    for (const image of [0, 1]) expect(steps.at(-1)!.values[image]).toBeGreaterThan(steps[0]!.values[image]! + 1);
    expect(Math.max(...steps.at(-1)!.input.map(Math.abs))).toBeLessThanOrEqual(1);
  });

  test("of a unit: its mean activation, uphill as differences say", async () => {
    const wanted = { layer: "layer2", unit: 5 };
    const [start, next] = await climbed(wanted, { images: 1, steps: 1, rate: 0.01, decay: 0, blur: 0 });
    const plan = await classifier.compile({ batch: 1, until: "layer2", retain: ["layer2"] });
    const mean = async (picture: Float32Array<ArrayBuffer>): Promise<number> => {
      plan.input.write(picture);
      plan.run();
      const maps = await plan.layers.get("layer2")!.read();
      return maps.filter((_, at) => at % 32 === 5).reduce((sum, value) => sum + value / 64, 0);
    };
    expect(start!.values[0]).toBeCloseTo(await mean(start!.input), 5);
    let compared = 0;
    for (let at = 0; at < start!.input.length; at += 37) {
      if (at % 4 === 3) continue;
      const by = async (step: number) => {
        const moved = start!.input.slice();
        moved[at]! += step;
        return mean(moved);
      };
      const slope = ((await by(0.02)) - (await by(-0.02))) / 0.04;
      if (Math.abs(slope) < 1e-3) continue; // too near to a border between ReLUs' sides
      compared += 1;
      expect([at, Math.sign(next!.input[at]! - start!.input[at]!)]).toEqual([at, Math.sign(slope)]);
    }
    expect(compared).toBeGreaterThan(5);
    plan.dispose();
  });

  test("are refused where there is no such class or unit, or an option is unknown", () => {
    expect(() => maximiseSeen(classifier, { class: "z" })).toThrow('tiny has no class "z"');
    expect(() => maximiseSeen(classifier, { class: 10 })).toThrow("tiny has no class 10");
    expect(() => maximiseSeen(classifier, { layer: "layer2", unit: 32 })).toThrow("layer2 has no unit 32");
    expect(() => maximiseSeen(classifier, { layer: "layer9", unit: 0 })).toThrow('no layer "layer9"');
    expect(() => maximiseSeen(classifier, { class: 1 }, { stepz: 4 } as object)).toThrow('no "stepz"');
    expect(() => classScalar(classifier, 1.5)).toThrow("no class 1.5");
    const twins = { name: "twins", classes: ["crane", "tench", "crane"] } as unknown as Classifier;
    expect(() => classScalar(twins, "crane")).toThrow('twins has several classes "crane", 0 and 2 among them');
    expect(classScalar(twins, 2).name).toBe("twins class 2");
  });
});
