import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Device, writeSafetensors } from "../../src/index.ts";
import { Classifier } from "../../src/models/classifier.ts";
import { recogniseClassifier } from "../../src/networks/classifiers/recognise.ts";
import { requestDevice } from "../gpu.ts";
import { imageOf, stateOf } from "./recipe.ts";

const { shapes } = JSON.parse(readFileSync(new URL("../golden/classifiers.json", import.meta.url), "utf8")).cifar;
const EDGE = 16;
const network = recogniseClassifier(stateOf("", shapes), { edge: EDGE });

let device: Device;
let classifier: Classifier;
beforeAll(async () => {
  device = await requestDevice();
  classifier = await Classifier.define(network, { device, name: "tiny" });
});
afterAll(() => {
  classifier?.dispose();
  device?.dispose();
});

test("is loaded with weights that are drawn, by that name", async () => {
  const tensors = [...network.state].map(async ([key, tensor]) => {
    return [key, { dtype: "float32", shape: tensor.shape, data: await tensor.read() }] as const;
  });
  const file = writeSafetensors(Object.fromEntries(await Promise.all(tensors)));
  const load = (more: { readonly name?: string } = {}) =>
    Classifier.load(new File([file as Uint8Array<ArrayBuffer>], "own.safetensors"), {
      ...{ device, edge: EDGE, untrained: 8 },
      ...more,
    });
  const drawn = await load();
  expect([drawn.name, drawn.network.untrained]).toEqual(["own-untrained-8", 8]);
  const pictures = imageOf(1, EDGE, EDGE);
  const logits = await drawn.classify(pictures);
  expect(logits).not.toEqual(await classifier.classify(pictures));
  const again = await load({ name: "again" });
  expect(again.name).toBe("again");
  expect(await again.classify(pictures)).toEqual(logits);
  drawn.dispose();
  again.dispose();
});

test("goes on from a layer as it would have gone on, and with units off", async () => {
  const pictures = imageOf(2, EDGE, EDGE);
  const logits = await classifier.classify(pictures);
  expect(logits.length).toBe(2 * classifier.classes.length);
  const head = await classifier.compile({ batch: 2, until: "layer2", retain: ["layer2"] });
  const tail = await classifier.compile({
    batch: 2,
    from: "layer2",
    editable: ["layer3"],
    input: head.layers.get("layer2")!,
  });
  head.input.write(pictures);
  head.run();
  tail.run();
  const read = async () => (await tail.logits!.read()).filter((_, at) => at % 12 < 10);
  const whole = await read();
  expect(whole.length).toBe(logits.length);
  for (const [at, value] of whole.entries()) expect(value).toBeCloseTo(logits[at]!, 4);
  tail.setEdits([{ layer: "layer3", units: "all" }]);
  tail.run();
  const bias = await classifier.network.state.get("linear.bias")!.read();
  expect([...(await read())]).toEqual([...bias, ...bias]);
  expect(head.logits).toBeUndefined();
  tail.dispose();
  head.dispose();
});

test("says what it is, and what one picture costs", () => {
  expect(classifier.name).toBe("tiny");
  expect(classifier.classes).toEqual([...Array(10).keys()].map(String));
  expect(classifier.layers.map(({ name }) => name)).toEqual(["relu", "layer1", "layer2.0", "layer2", "layer3"]);
  // The stem, and two convolutions of 32 to 32 channels on 8 by 8 pixels: two each multiply-add.
  expect(classifier.cost().flops).toBeGreaterThan(2 * (27 * 16 * 256 + 2 * 9 * 32 * 32 * 64));
  expect(classifier.bytes).toBeGreaterThan(4 * 90_000);
});

test("refuses what it does not have", async () => {
  await expect(Classifier.define(network, { device, classes: ["cat"] })).rejects.toThrow("10 classes, and 1 names");
  await expect(classifier.compile({ batch: 0 })).rejects.toThrow("A batch of 0");
  await expect(classifier.compile({ batch: 1, retain: ["layer9"] })).rejects.toThrow('no layer "layer9"');
  const behind = classifier.compile({ batch: 1, from: "layer2", editable: ["layer1"] });
  await expect(behind).rejects.toThrow('"layer1" is not computed on the way from layer2 to the logits');
  await expect(classifier.compile({ batch: 1, until: "relu", retain: ["layer1"] })).rejects.toThrow("to relu");
  await expect(classifier.classify(new Float32Array(7))).rejects.toThrow("7 numbers are no pictures of 16×16");
  const options = { device, edges: 4 };
  await expect(Classifier.load(new Uint8Array(), options)).rejects.toThrow('no "edges". Did you mean edge?');
});
