import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gradient } from "../../../src/gradient/gradient.ts";
import { type Device, openCheckpoint, UsageError, WeightsError } from "../../../src/index.ts";
import { Classifier } from "../../../src/models/classifier.ts";
import { type ClassifierOptions, PIXELS } from "../../../src/networks/classifiers/network.ts";
import { recogniseClassifier } from "../../../src/networks/classifiers/recognise.ts";
import type { State } from "../../../src/networks/state.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice, toNchw, worst } from "../../gpu.ts";
import { imageOf, stateOf } from "../../models/recipe.ts";

interface Golden {
  readonly edge: number;
  readonly shapes: readonly (readonly [string, readonly number[]])[];
  /** [2, classes] */
  readonly logits: readonly number[];
  /** Means of maps [2, channels], or vectors. */
  readonly layers: Readonly<Record<string, { readonly shape: readonly number[]; readonly means: readonly number[] }>>;
}

const golden: Readonly<Record<string, Golden>> = JSON.parse(
  readFileSync(new URL("../../golden/classifiers.json", import.meta.url), "utf8"),
);
const stateIn = (name: string, prefix = ""): State => stateOf(prefix, golden[name]!.shapes);
const network = (name: string, options: ClassifierOptions = {}) =>
  recogniseClassifier(stateIn(name), { edge: golden[name]!.edge, ...options });

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

describe("narrow networks with made-up weights, as torchvision and the published code compute them", () => {
  test.each([
    ["resnet18", "ResNet-18"],
    ["resnet50", "ResNet-50"],
    ["resnext50_32x4d", "ResNeXt-50"],
    ["vgg16", "VGG-16"],
    ["vgg11_bn", "VGG-11 with batch norms"],
    ["alexnet", "AlexNet"],
    ["squeezenet1_0", "SqueezeNet 1.0"],
    ["squeezenet1_1", "SqueezeNet 1.1"],
    ["mobilenet_v2", "MobileNetV2"],
    ["cifar", "ResNet-10"],
    ["caffe-alexnet", "AlexNet (Caffe)"],
    ["pnas-vgg16", "VGG-16"],
  ])("%s", async (name, architecture) => {
    const { edge, logits, layers } = golden[name]!;
    const classifier = await Classifier.define(network(name), { device });
    expect(classifier.network.architecture).toBe(architecture);
    const plan = await classifier.compile({ batch: 2, retain: Object.keys(layers) });
    plan.input.write(imageOf(2, edge, edge));
    plan.run();
    for (const [layer, { shape, means }] of Object.entries(layers)) {
      const { channels, height, width, vector = false } = classifier.layer(layer);
      expect([layer, channels, height, width]).toEqual([layer, shape[0], shape[1] ?? 1, shape[2] ?? 1]);
      expect([layer, vector]).toEqual([layer, shape.length === 1]);
      const tensor = plan.layers.get(layer)!;
      const maps = toNchw(await tensor.read(), tensor.shape, channels);
      const area = height * width;
      const found = Array.from({ length: 2 * channels }, (_, at) =>
        maps.subarray(at * area, (at + 1) * area).reduce((sum, value) => sum + value / area, 0),
      );
      expect(worst(found, means)).toBeLessThan(2e-5);
    }
    plan.dispose();
    expect(worst(await classifier.classify(imageOf(2, edge, edge)), logits)).toBeLessThan(2e-5);
    // `maximiseSeen` goes up that of a logit; what each rule computes test/gradient compares.
    for (const target of ["software", "gpu"] as const) {
      const graph = new Graph(target);
      const image = graph.map("image", 1, edge, edge, 3);
      const [slope] = gradient(graph, classifier.append(graph, 1, { image }).logits!, [image]);
      expect(slope!.shape).toEqual([1, edge, edge, 4]);
    }
    classifier.dispose();
  });
});

// Weights of others, which the project's shared files hold and this repository does not.
const SHARED = new URL("../../../../shared/", import.meta.url);
const there = existsSync(SHARED);
if (!there) console.log(`No ${SHARED.pathname}: real classifiers are not compared.`);
const file = (path: string) => readFileSync(new URL(path, SHARED));

describe.runIf(there)("real classifiers", () => {
  test("SqueezeNet 1.0 of ImageNet on three photographs", async () => {
    const numbers = await openCheckpoint(file("golden/diagnosis/squeezenet.safetensors"));
    const images = (await numbers.tensors.get("images")!.read()).subarray(0, 3 * 227 * 227 * 3);
    const pictures = new Float32Array((images.length / 3) * 4);
    images.forEach((byte, at) => {
      pictures[4 * Math.floor(at / 3) + (at % 3)] = byte / 127.5 - 1;
    });
    const weights = file("golden/diagnosis/squeezenet1_0.f16.safetensors");
    const classifier = await Classifier.load(weights, { device, edge: 227, pixels: "caffe" });
    const logits = await classifier.classify(pictures);
    expect(worst(logits, (await numbers.tensors.get("logits")!.read()).subarray(0, 3000))).toBeLessThan(1e-4);
    classifier.dispose();
  });

  test("ResNet-20 of CIFAR-10, from a wrapped checkpoint of DataParallel", async () => {
    const { edge, logits } = golden["resnet20-12fca82f"]!;
    const classifier = await Classifier.load(file("models/wild/classifiers/resnet20-12fca82f.th"), { device });
    expect([classifier.network.architecture, classifier.view.edge]).toEqual(["ResNet-20", edge]);
    expect(worst(await classifier.classify(imageOf(2, edge, edge)), logits)).toBeLessThan(2e-5);
    classifier.dispose();
  });
});

test("names of DataParallel, timm's, and counters of training make no difference", () => {
  const shapes = golden["alexnet"]!.shapes.map(
    ([key, shape]) => [key.replace("features.", "features.module."), shape] as const,
  );
  expect(recogniseClassifier(stateOf("module.", shapes), { edge: 96 }).architecture).toBe("AlexNet");
  const counted = stateOf("", [...golden["resnet18"]!.shapes, ["bn1.num_batches_tracked", []]]);
  expect(recogniseClassifier(counted).architecture).toBe("ResNet-18");
  const { view, pixels } = recogniseClassifier(stateIn("cifar"));
  expect({ view, pixels }).toEqual({ view: { edge: 32, resized: 32, fit: "crop" }, pixels: PIXELS.imagenet });

  const timm = golden["mobilenet_v2"]!.shapes.map(([key, shape]) => [timmName(key), shape] as const);
  const renamed = recogniseClassifier(stateOf("", timm), { edge: 64 });
  expect(renamed.layers.map(({ channels, height }) => [channels, height])).toEqual(
    network("mobilenet_v2").layers.map(({ channels, height }) => [channels, height]),
  );
  expect(renamed.layers.at(-1)!.name).toBe("conv_head");
  const heads = { "classifier.0": "pre_logits.fc1", "classifier.3": "pre_logits.fc2", "classifier.6": "head.fc" };
  const vgg = golden["vgg16"]!.shapes.map(([key, shape]) => {
    const [part, end] = [key.slice(0, key.lastIndexOf(".")), key.slice(key.lastIndexOf("."))];
    const filter = part === "classifier.0" && shape.length === 2 ? [shape[0]!, shape[1]! / 49, 7, 7] : shape;
    const filters = part === "classifier.3" && shape.length === 2 ? [...shape, 1, 1] : filter;
    return [(heads[part as keyof typeof heads] ?? part) + end, filters] as const;
  });
  expect(recogniseClassifier(stateOf("", vgg), { edge: 64 }).architecture).toBe("VGG-16");
});

/** timm's name of a tensor of torchvision's MobileNetV2. */
function timmName(key: string): string {
  const stages = [1, 2, 3, 4, 3, 3, 1];
  const [, block = "", rest = ""] = /^features\.(\d+)\.(.*)$/.exec(key) ?? [];
  if (block === "") return key.replace("classifier.1", "classifier");
  if (block === "0" || block === "18") {
    const [conv, norm] = block === "0" ? ["conv_stem", "bn1"] : ["conv_head", "bn2"];
    return rest.replace(/^0\./, `${conv}.`).replace(/^1\./, `${norm}.`);
  }
  let [stage, place] = [0, Number(block) - 1];
  while (place >= stages[stage]!) {
    place -= stages[stage]!;
    stage += 1;
  }
  const units =
    block === "1"
      ? { "conv.0.0": "conv_dw", "conv.0.1": "bn1", "conv.1": "conv_pw", "conv.2": "bn2" }
      : {
          ...{ "conv.0.0": "conv_pw", "conv.0.1": "bn1", "conv.1.0": "conv_dw", "conv.1.1": "bn2" },
          ...{ "conv.2": "conv_pwl", "conv.3": "bn3" },
        };
  const [found, name] = Object.entries(units).find(([unit]) => rest.startsWith(`${unit}.`))!;
  return `blocks.${stage}.${place}.${name}${rest.slice(found.length)}`;
}

describe("refuses", () => {
  const refusal = (make: () => unknown): Error => {
    try {
      make();
    } catch (error) {
      return error as Error;
    }
    throw new Error("was not refused");
  };
  const without = (name: string, missing: string): State =>
    stateOf(
      "",
      golden[name]!.shapes.filter(([key]) => key !== missing),
    );

  test.each([
    ["resnet50", "layer2.0.bn2.running_var", "These are not the weights of a ResNet-50. Missing: layer2.0.bn2"],
    ["vgg16", "features.5.bias", "Missing: features.5.bias"],
    ["squeezenet1_0", "features.7.expand3x3.weight", "features.7.expand3x3.weight"],
    ["caffe-alexnet", "fc7.bias", "Caffe's AlexNet. Missing: fc7.bias"],
    ["mobilenet_v2", "features.3.conv.1.1.weight", "Missing: features.3.conv.1.1.weight"],
  ])("%s without %s", (name, missing, said) => {
    const error = refusal(() => recogniseClassifier(without(name, missing), { edge: golden[name]!.edge }));
    expect(error).toBeInstanceOf(WeightsError);
    expect(error.message).toContain(said);
  });

  test("other networks, and options that make no sense", () => {
    const other = refusal(() =>
      recogniseClassifier(
        stateOf("", [
          ["quantize.embed", [3]],
          ["decoder.conv_in.bias", [3]],
        ]),
      ),
    );
    expect(other.message).toContain("This is a VQGAN, not a ResNet, nor a SqueezeNet");
    expect(other).toMatchObject({ code: "weights-shape" });
    const shapes = golden["resnet18"]!.shapes;
    expect(
      refusal(() => recogniseClassifier(stateOf("", [...shapes, ["layer1.0.se.fc1.weight", [4, 4]]]))).message,
    ).toContain("Unexpected: layer1.0.se.fc1.weight");
    expect(refusal(() => network("resnet18", { edge: 2.5 }))).toBeInstanceOf(UsageError);
    expect(refusal(() => network("resnet18", { fit: "stretch" as "crop" })).message).toContain('not "stretch"');
    expect(refusal(() => network("resnet18", { pixels: "imagenets" as "imagenet" })).message).toContain(
      "Did you mean imagenet?",
    );
    const edge = refusal(() => network("caffe-alexnet", { edge: 224 }));
    expect(edge).toBeInstanceOf(UsageError);
    expect(`${edge}`).toContain("This AlexNet (Caffe) cannot be given pictures of 224 × 224 pixels");
  });
});
