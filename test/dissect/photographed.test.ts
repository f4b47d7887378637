import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { DissectionState } from "../../src/dissect/checkpoint.ts";
import { dissect } from "../../src/dissect/dissect.ts";
import { masks } from "../../src/dissect/masks.ts";
import type { DissectOptions } from "../../src/dissect/options.ts";
import { classifierViewer, photographed, segmenterViewer } from "../../src/dissect/photographed.ts";
import type { Dissection, UnitPictures } from "../../src/dissect/result.ts";
import type { Labeller, Subject } from "../../src/dissect/subject.ts";
import { type Device, loadSegmenter, openCheckpoint } from "../../src/index.ts";
import { topImages } from "../../src/look/index.ts";
import { Classifier } from "../../src/models/classifier.ts";
import type { Photograph } from "../../src/models/view.ts";
import { recogniseClassifier } from "../../src/networks/classifiers/recognise.ts";
import { placeOf } from "../../src/report/extents.ts";
import { maskPainter } from "../../src/report/upsample.ts";
import { requestDevice } from "../gpu.ts";
import { imageOf, stateOf } from "../models/recipe.ts";

const url = (path: string): URL => new URL(`../golden/${path}`, import.meta.url);
const json = (path: string) => JSON.parse(readFileSync(url(path), "utf8"));

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

async function dissected(subject: Subject, labeller: Labeller, options: DissectOptions) {
  for await (const event of dissect(subject, labeller, options)) {
    if (event.type !== "result") continue;
    const pictures: UnitPictures[] = [];
    for await (const picture of event.pictures()) pictures.push(picture);
    return { dissection: event.dissection, pictures };
  }
  throw new Error("ended without a result");
}

test("a segmenter's encoder on 100 scenes with exact masks, as PNAS 2020 counts", async () => {
  const golden = json("diagnosis/netdissect.json");
  const { tensors } = await openCheckpoint(readFileSync(url("diagnosis/netdissect.safetensors")));
  const [images, truth] = [await tensors.get("images")!.read(), await tensors.get("labels_truth")!.read()];
  const file = (name: string) => readFileSync(url(`scenes64/segmenter/${name}`));
  const segmenter = await loadSegmenter(
    {
      encoder: file("encoder_epoch_1.pth"),
      decoder: file("decoder_epoch_1.pth"),
      labels: file("labels.json"),
    },
    { device },
  );
  const view = { edge: 64, resized: 64, fit: "crop" } as const;
  const [width, height, area] = [64, 64, 64 * 64];
  const subject = photographed(segmenterViewer(segmenter, view), {
    count: 100,
    read: (i) => ({ width, height, rgb: Uint8Array.from(images.subarray(3 * i * area, 3 * (i + 1) * area)) }),
  });
  const labels = (golden.labels as string[]).map((name) => ({ name, category: "object" }));
  const labeller = masks({
    ...{ device, name: "exact", labels, view },
    read: (i) => ({ width, height, labels: truth.subarray(i * area, (i + 1) * area) }),
  });
  const options = { layers: ["c4"], rule: "pnas-2020", segmentationSize: 64, examples: 10 } as const;
  const { dissection } = await dissected(subject, labeller, options);
  const [{ units, tables }] = dissection.layers as [Dissection["layers"][0]];
  expect(dissection.settings).toMatchObject({ size: 100, quantileThreshold: 0.01, iouThreshold: 0.04 });
  expect(dissection.labelPixels).toEqual(golden.label_pixels);
  expect(units.filter(({ interpretable }) => interpretable).length).toBe(golden.detectors_004);
  const largest = Math.max(...golden.level);
  units.forEach(({ unit, level, label, iou, top }) => {
    expect(Math.abs(level - golden.level[unit])).toBeLessThan(2e-5 * largest);
    expect(label).toBe(golden.label[unit]);
    expect(iou).toBeCloseTo(golden.iou[unit], 3);
    expect(top.map(({ image }) => image)).toEqual(golden.top[unit]);
    for (let k = 1; k < labels.length; k += 1) {
      const difference = tables.intersection[k * units.length + unit]! - golden.intersection[k][unit];
      expect(Math.abs(difference)).toBeLessThanOrEqual(golden.near_level[unit]);
    }
    expect(Math.abs(tables.activation[unit]! - golden.active[unit])).toBeLessThanOrEqual(golden.near_level[unit]);
  });
  segmenter.dispose();
});

// A real network's weights, which the project's shared files hold and this repository does not.
const SHARED = new URL("../../../shared/golden/diagnosis/", import.meta.url);
const there = existsSync(SHARED);
if (!there) console.log(`No ${SHARED.pathname}: SqueezeNet is not dissected.`);

test.runIf(there)("SqueezeNet of ImageNet on ten photographs, as PNAS 2020 counts", async () => {
  const file = (name: string) => readFileSync(new URL(name, SHARED));
  const golden = JSON.parse(String(file("squeezenet.json")));
  const { tensors } = await openCheckpoint(file("squeezenet.safetensors"));
  const [images, truth] = [await tensors.get("images")!.read(), await tensors.get("labels")!.read()];
  const classifier = await Classifier.load(file("squeezenet1_0.f16.safetensors"), {
    ...{ device, edge: 227, pixels: "caffe" as const },
  });
  const [edge, grid] = [227, 56];
  const view = { edge, resized: edge, fit: "crop" } as const; // they are cut already
  const subject = photographed(
    { ...classifierViewer(classifier), view },
    {
      count: 10,
      read: (i) => {
        const bytes = images.subarray(3 * i * edge ** 2, 3 * (i + 1) * edge ** 2);
        return { width: edge, height: edge, rgb: Uint8Array.from(bytes) };
      },
    },
  );
  const labels = Array.from({ length: 32 }, (_, label) => ({
    name: label ? `label ${label}` : "-",
    category: "object",
  }));
  const labeller = masks({
    ...{ device, name: "MOSAIC", labels, view },
    read: (i) => ({ width: grid, height: grid, labels: truth.subarray(i * grid ** 2, (i + 1) * grid ** 2) }),
  });
  const options = { layers: [golden.layer], rule: "pnas-2020", segmentationSize: grid, examples: 1 } as const;
  const { dissection } = await dissected(subject, labeller, options);
  const [{ units, tables }] = dissection.layers as [Dissection["layers"][0]];
  expect(units).toHaveLength(golden.units);
  expect(dissection.labelPixels.slice(1)).toEqual(golden.label_pixels.slice(1));
  const largest = Math.max(...golden.level);
  const detectors = units.filter(({ interpretable }) => interpretable).length;
  let compared = 0;
  expect(Math.abs(detectors - golden.detectors_004)).toBeLessThanOrEqual(1);
  units.forEach(({ unit, level, label, iou }) => {
    expect(Math.abs(level - golden.level[unit])).toBeLessThan(2e-5 * largest);
    if (golden.near_level[unit] > 2) return; // hardly ever on: its level is next to 0
    compared += 1;
    expect(iou).toBeCloseTo(golden.iou[unit], 2);
    if (label !== golden.label[unit]) {
      // Of two labels whose counts are as near to each other as the level is to activations.
      const theirs = tables.iou[golden.label[unit] * units.length + unit]!;
      expect(Math.abs(theirs - iou)).toBeLessThan(5e-3);
    }
    expect(Math.abs(tables.activation[unit]! - golden.active[unit])).toBeLessThanOrEqual(golden.near_level[unit]);
  });
  expect(compared).toBeGreaterThan(500);
  classifier.dispose();
});

describe("a classifier with photographs", () => {
  const EDGE = 16;
  let classifier: Classifier;
  beforeAll(async () => {
    const network = recogniseClassifier(stateOf("", json("classifiers.json").cifar.shapes), { edge: EDGE });
    classifier = await Classifier.define(network, { device, name: "tiny" });
  });
  afterAll(() => classifier?.dispose());

  const COUNT = 9;
  const pixels = imageOf(COUNT, EDGE, EDGE);
  const photo = (number: number): Photograph => {
    const own = pixels.subarray(number * 4 * EDGE ** 2, (number + 1) * 4 * EDGE ** 2).filter((_, at) => at % 4 < 3);
    return { width: EDGE, height: EDGE, rgb: Uint8Array.from(own, (value) => Math.round((value + 1) * 127.5)) };
  };
  const names = Array.from({ length: COUNT }, (_, i) => `photo ${i}`);
  /** Dark and bright halves of what is seen, by a mask twice as large as the photograph. */
  const labeller = (): Labeller =>
    masks({
      device,
      name: "halves",
      labels: [
        { name: "-", category: "object" },
        { name: "left", category: "object" },
        { name: "right", category: "part" },
      ],
      view: classifier.view,
      read: () => ({
        width: 2 * EDGE,
        height: 2 * EDGE,
        labels: Array.from({ length: 4 * EDGE ** 2 }, (_, at) => 1 + Number(at % (2 * EDGE) >= EDGE)),
      }),
    });

  test("has the photographs that drive units most, without masks", async () => {
    const options = { layers: ["layer3"], rule: "cvpr-2017", examples: 3 } as const;
    const subject = photographed(classifierViewer(classifier), { count: COUNT, names, read: photo });
    const { dissection } = await dissected(subject, labeller(), options);
    const before = { ...device.live };
    const found = await topImages(subject, { layer: "layer3", top: 3, batch: 4 });
    expect(found).toEqual(dissection.layers[0]!.units.map(({ unit, top }) => ({ unit, images: top })));
    const few = await topImages(subject, { layer: "layer3", units: [5], top: 20, size: 500 });
    expect(few[0]!.images.map(({ image }) => image).sort()).toEqual([...names.keys()]);
    expect({ ...device.live }).toEqual(before);
  });

  test.each([
    ["cvpr-2017", "border", undefined],
    ["pnas-2020", "zeros", true],
  ] as const)("by %s counts where cells look, with %s around them", async (rule, outside, unpadded) => {
    // By the rule of PNAS 2020 only an AlexNet's.
    const viewer = { ...classifierViewer(classifier), unpadded };
    const subject = photographed(viewer, { count: COUNT, names, read: photo });
    const options = { layers: ["layer2", "layer3"], rule, segmentationSize: 8, examples: COUNT } as const;
    const { dissection, pictures } = await dissected(subject, labeller(), options);
    const tiling = rule === "pnas-2020" && (await dissected({ ...subject, unpadded: false }, labeller(), options));
    for (const { layer, shape, area, units, tables } of dissection.layers) {
      // Zeros are as many before as behind, and the stride is 2 or 4: the first field's middle is
      // the first pixel.
      const stride = EDGE / shape[0];
      const step = rule === "cvpr-2017" ? stride / 2 : (stride * 7) / 15;
      const start = (0.5 - step / 2) * 2;
      const extent = shape[0] * step * 2;
      const numbers = { top: start, left: start, height: extent, width: extent };
      for (const [name, value] of Object.entries(numbers)) {
        expect(area![name as keyof typeof numbers]).toBeCloseTo(value, 10);
      }
      expect(area!.outside).toBe(outside);
      // What masks show is what was counted.
      const paint = maskPainter(shape, [8, 8], placeOf(dissection, { area: area! }));
      const mask = new Uint8Array(64);
      for (const { unit, level } of units) {
        const of = pictures.find((each) => each.layer === layer && each.unit === unit)!;
        let active = 0;
        for (const { feature } of of.tops) {
          paint(feature, level, mask);
          active += mask.reduce((sum, on) => sum + on, 0);
        }
        expect([unit, tables.activation[unit]]).toEqual([unit, active]);
      }
      if (!tiling) continue;
      const whole = tiling.dissection.layers.find((other) => other.layer === layer)!;
      expect(whole).not.toHaveProperty("area");
      expect(whole.units.map(({ level }) => level)).not.toEqual(units.map(({ level }) => level));
    }
  });

  test("scores all with one quantile, and shows what was seen of them, whatever stays on the GPU", async () => {
    const options = { layers: ["layer1", "layer3"], rule: "cvpr-2017", batch: 4, examples: 3 } as const;
    const read = vi.fn(photo);
    const subject = photographed(classifierViewer(classifier), { count: COUNT, names, read });
    const { dissection, pictures } = await dissected(subject, labeller(), options);
    expect(read).toHaveBeenCalledTimes(COUNT); // what was seen is kept
    expect(dissection).toMatchObject({
      model: { name: "tiny", resolution: EDGE },
      images: names,
      settings: { size: COUNT, iouThreshold: 0.04, segmentationSize: 8 },
      labelPixels: [0, 32 * COUNT, 32 * COUNT],
    });
    const [{ picture }] = pictures[0]!.tops as [UnitPictures["tops"][0]];
    expect(picture.rgb).toEqual(photo(picture.image).rgb);
    expect([...picture.labels.subarray(0, 8)]).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
    // The largest activation is in the picture that it is said to be in.
    const plan = await classifier.compile({ batch: COUNT, retain: ["layer3"] });
    plan.input.write(
      Float32Array.from(pixels, (value, at) => (at % 4 < 3 ? Math.round((value + 1) * 127.5) / 127.5 - 1 : 0)),
    );
    plan.run();
    const maps = await plan.layers.get("layer3")!.read();
    plan.dispose();
    for (const { unit, top } of dissection.layers[1]!.units) {
      const largest = Array.from({ length: COUNT }, (_, i) =>
        Math.max(
          ...maps
            .subarray((i * maps.length) / COUNT, ((i + 1) * maps.length) / COUNT)
            .filter((_, at) => at % 64 === unit),
        ),
      );
      expect(top[0]!.activation).toBeCloseTo(Math.max(...largest), 3);
    }
    const again = await dissected(subject, labeller(), { ...options, memory: 0, batch: 2 });
    expect(again.dissection).toEqual(dissection);
  });

  test("searches levels on every second of them, and scores the others", async () => {
    const read = vi.fn(photo);
    const subject = photographed(classifierViewer(classifier), { count: COUNT, names, read });
    const { dissection } = await dissected(subject, labeller(), { layers: ["layer3"], batch: 4, examples: 2 });
    // Five at even places and four at odd ones: as many in each set.
    expect(dissection).toMatchObject({ settings: { size: 4, quantileThreshold: "iqr" } });
    expect(dissection.images).toEqual(["photo 0", "photo 2", "photo 4", "photo 6"]);
    expect(read.mock.calls.map(([number]) => number).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("stopped amid a batch, keeps those before it, and goes on from there to the same bits", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const stopping = (number: number): Photograph => {
      if (number === 4) controller.abort(new Error("stop")); // of 3, 4 and 5
      return photo(number);
    };
    const of = (read: typeof photo) => photographed(classifierViewer(classifier), { count: COUNT, names, read });
    const options = { layers: ["layer3"], rule: "pnas-2020", segmentationSize: 8, batch: 3, examples: 2 } as const;
    const whole = await dissected(of(photo), labeller(), options);
    const kept: DissectionState[] = [];
    const keep = async (state: DissectionState) => void kept.push(structuredClone(state));
    const checkpoints = { due: () => signal.aborted, keep };
    await expect(dissected(of(stopping), labeller(), { ...options, signal, checkpoints })).rejects.toThrow("stop");
    expect(kept.map(({ at, done }) => [at, done])).toEqual([["whole quantiles 0", 3]]);
    const further = { found: kept[0]!, due: () => false, keep };
    expect(await dissected(of(photo), labeller(), { ...options, checkpoints: further })).toEqual(whole);
  });

  test("refuses too few, masks without names, vectors", async () => {
    const of = (count: number) => photographed(classifierViewer(classifier), { count, read: photo });
    await expect(dissected(of(0), labeller(), { rule: "cvpr-2017" })).rejects.toThrow("too few images: none");
    await expect(dissected(of(1), labeller(), {})).rejects.toThrow("levels are searched on some of them");
    await expect(dissected(of(2), labeller(), { layers: ["layer9"] })).rejects.toThrow('no layer "layer9"');
    const unnamed = masks({
      ...{ device, name: "one", labels: labeller().labels, view: classifier.view },
      read: () => ({ width: 1, height: 1, labels: [3] }),
    });
    await expect(dissected(of(2), unnamed, { rule: "pnas-2020" })).rejects.toThrow("A mask has the label 3");
    expect(() => masks({ device, name: "", labels: [], view: classifier.view, read: () => photo(0) as never })).toThrow(
      'The first label is not "-"',
    );
  });
});
