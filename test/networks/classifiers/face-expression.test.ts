import { afterAll, beforeAll, expect, test } from "vitest";
import { peer } from "../../../bench/peers/installed.mjs";
import { gradient } from "../../../src/gradient/gradient.ts";
import { WeightsError } from "../../../src/index.ts";
import { Classifier } from "../../../src/models/classifier.ts";
import { PIXELS } from "../../../src/networks/classifiers/network.ts";
import { recogniseClassifier } from "../../../src/networks/classifiers/recognise.ts";
import type { State } from "../../../src/networks/state.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice, worst } from "../../gpu.ts";
import { imageOf, normals } from "../../models/recipe.ts";

const tf = await peer("@tensorflow/tfjs-core");
await peer("@tensorflow/tfjs-backend-cpu");

const WIDTHS = [8, 12, 16, 20];
const EDGE = 64;
const CLASSES = 7;

/** Shapes as the published file has them, narrower. */
const shapes = new Map<string, readonly number[]>();
WIDTHS.forEach((width, block) => {
  for (let index = 0; index < 4; index += 1) {
    const key = `dense${block}/conv${index}`;
    const into = index === 0 ? (WIDTHS[block - 1] ?? 3) : width;
    if (block === 0 && index === 0) shapes.set(`${key}/filters`, [3, 3, 3, width]);
    else {
      shapes.set(`${key}/depthwise_filter`, [3, 3, into, 1]);
      shapes.set(`${key}/pointwise_filter`, [1, 1, into, width]);
    }
    shapes.set(`${key}/bias`, [width]);
  }
});
shapes.set("fc/weights", [WIDTHS.at(-1)!, CLASSES]);
shapes.set("fc/bias", [CLASSES]);

const numbers = new Map(
  [...shapes].map(([name, shape]) => {
    const count = shape.reduce((product, extent) => product * extent, 1);
    const seen = name.includes("depthwise") ? 9 : count / shape.at(-1)!;
    const scale = shape.length === 1 ? 0.1 : Math.sqrt(1 / seen);
    return [name, normals(name, count).map((value) => value * scale)] as const;
  }),
);
const state: State = new Map(
  [...shapes].map(([name, shape]) => [name, { name, dtype: "float32", shape, read: async () => numbers.get(name)! }]),
);

/** face-api.js's denseBlock4 in TensorFlow.js's own operations. */
function expected(pixels: Float32Array): { logits: Float32Array; means: Float32Array } {
  const at = (name: string) => tf.tensor(numbers.get(name)!, shapes.get(name)!);
  const separable = (x: unknown, key: string, stride: number) =>
    tf.add(
      tf.separableConv2d(x, at(`${key}/depthwise_filter`), at(`${key}/pointwise_filter`), stride, "same"),
      at(`${key}/bias`),
    );
  let x = tf.div(tf.sub(tf.tensor4d(pixels, [2, EDGE, EDGE, 3]), tf.tensor1d(PIXELS["face-api"].mean)), 255);
  for (let block = 0; block < 4; block += 1) {
    const key = `dense${block}`;
    const one = tf.relu(
      block === 0
        ? tf.add(tf.conv2d(x, at(`${key}/conv0/filters`), 2, "same"), at(`${key}/conv0/bias`))
        : separable(x, `${key}/conv0`, 2),
    );
    const two = separable(one, `${key}/conv1`, 1);
    const three = separable(tf.relu(tf.add(one, two)), `${key}/conv2`, 1);
    const four = separable(tf.relu(tf.add(one, tf.add(two, three))), `${key}/conv3`, 1);
    x = tf.relu(tf.add(one, tf.add(two, tf.add(three, four))));
  }
  const means = tf.mean(x, [1, 2]);
  return { means: means.dataSync(), logits: tf.add(tf.matMul(means, at("fc/weights")), at("fc/bias")).dataSync() };
}

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

test("computes what TensorFlow.js computes", async () => {
  const network = recogniseClassifier(state, { edge: EDGE });
  expect(network.architecture).toBe("face-api expression network");
  expect(network.layers.map(({ name, channels, height }) => [name, channels, height])).toEqual([
    ["dense0", 8, 32],
    ["dense1", 12, 16],
    ["dense2", 16, 8],
    ["dense3", 20, 4],
  ]);
  const pictures = imageOf(2, EDGE, EDGE);
  const pixels = pictures.filter((_, place) => place % 4 < 3).map((value) => (value + 1) * 127.5);
  const classifier = await Classifier.define(network, { device });
  const { logits, means } = expected(pixels);
  // The reference says something only if the last layer is on.
  expect(means.filter((value) => value > 0.01).length).toBeGreaterThan(20);
  expect(worst(await classifier.classify(pictures), logits)).toBeLessThan(2e-5);
  const graph = new Graph("gpu");
  const image = graph.map("image", 1, EDGE, EDGE, 3);
  const [slope] = gradient(graph, classifier.append(graph, 1, { image }).logits!, [image]);
  expect(slope!.shape).toEqual([1, EDGE, EDGE, 4]);
  classifier.dispose();
});

test("sees faces as it was trained to, unless told otherwise", () => {
  const { view, pixels } = recogniseClassifier(state);
  expect([view, pixels]).toEqual([{ edge: 112, resized: 112, fit: "crop" }, PIXELS["face-api"]]);
  expect(recogniseClassifier(state, { pixels: "half" }).pixels).toEqual(PIXELS.half);
});

test("says what is missing or of another shape", () => {
  const without = new Map(state);
  without.delete("dense2/conv1/bias");
  without.set("dense1/conv2/depthwise_filter", { ...state.get("dense1/conv2/depthwise_filter")!, shape: [3, 3, 9, 1] });
  expect(() => recogniseClassifier(without)).toThrow(WeightsError);
  expect(() => recogniseClassifier(without)).toThrow(
    /Missing: dense2\/conv1\/bias.*Mis-shaped: dense1\/conv2\/depthwise_filter is \[3,3,9,1\]/,
  );
});
