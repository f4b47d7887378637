import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { generated } from "../../src/dissect/generated.ts";
import { Samples } from "../../src/dissect/samples.ts";
import { ShownPictures } from "../../src/dissect/shown-pictures.ts";
import { Top } from "../../src/dissect/top.ts";
import { type Device, dissect, type Generator, type Phase, type Segmenter } from "../../src/index.ts";
import { requestDevice } from "../gpu.ts";
import { smallModels } from "./models.ts";

let device: Device;
let generator: Generator;
let segmenter: Segmenter;
beforeAll(async () => {
  device = await requestDevice();
  ({ generator, segmenter } = await smallModels(device));
});
afterAll(() => {
  segmenter.dispose();
  generator.dispose();
  device.dispose();
});

const LAYERS = ["layer3", "layer4"];
const SIZE = 300;
const K = 2;

async function samplesOf(batch: number): Promise<{ samples: Samples; tops: Top[] }> {
  const common = { layers: LAYERS, size: SIZE, seed: 1, batch, grid: [16, 16] as const };
  const samples = await Samples.create({
    ...common,
    subject: generated(generator),
    set: "whole",
    segmenter,
    pictures: true,
    keepLabels: false,
    memory: 0,
  });
  const tops: Top[] = [];
  for (const layer of LAYERS) {
    const { channels } = generator.layer(layer);
    tops.push(await Top.create(device, { maps: samples.maps.get(layer)!, channels, batch: samples.batch, k: K }));
  }
  return { samples, tops };
}

/** Pictures of 300 images, of which one unit shows some: who looks when, and which are let go. */
function watched(images: () => Promise<Set<number>>) {
  const forgotten: [number, number[]][] = [];
  const forget = (seen: number, shown: ReadonlySet<number>) => void forgotten.push([seen, [...shown]]);
  const samples = { size: SIZE, forget } as unknown as Samples;
  return { forgotten, pictures: new ShownPictures(samples, [{ images } as unknown as Top]) };
}

describe("looks at what is shown", () => {
  it("come when 64 more images are ranked, and after the last", async () => {
    const { forgotten, pictures } = watched(async () => new Set([5, 7]));
    for (const seen of [1, 63, 64, 65, 127, 128, 130, 200, 263, 264]) {
      pictures.sift(seen);
      await pictures.looked();
    }
    expect(forgotten.map(([seen]) => seen)).toEqual([64, 128, 200, 264]);
    await pictures.end();
    expect(forgotten.at(-1)).toEqual([SIZE, [5, 7]]);
  });

  it("that fail are told to whoever waits for them, and to nobody else", async () => {
    const lost = new Error("lost");
    const { forgotten, pictures } = watched(() => Promise.reject(lost));
    pictures.sift(64);
    await pictures.settled();
    await expect(pictures.looked()).rejects.toBe(lost);
    await expect(pictures.end()).rejects.toBe(lost);
    expect(forgotten).toEqual([]);
  });

  it("are over when they have settled", async () => {
    const { forgotten, pictures } = watched(() => new Promise((resolve) => setTimeout(resolve, 5, new Set([3]))));
    pictures.sift(100);
    expect(forgotten).toEqual([]);
    await pictures.settled();
    expect(forgotten).toEqual([[100, [3]]]);
  });
});

describe("pictures of images", () => {
  it("that no unit shows go while others are still being ranked", async () => {
    const before = { ...device.live };
    const { samples, tops } = await samplesOf(7);
    const shown = new ShownPictures(samples, tops);
    const held: number[] = [];
    for await (const { first, count } of samples.each({ labels: true, pictures: true })) {
      for (const top of tops) top.add();
      await shown.looked();
      held.push(samples.pictures);
      shown.sift(first + count);
    }
    await shown.end();
    const lists = await Promise.all(tops.map((top) => top.read()));
    const images = new Set(lists.flat(2).map(({ image }) => image));
    expect(images.size).toBeLessThan(SIZE / 3);
    expect(samples.pictures).toBe(images.size);
    // Those that are shown, those of the 64 images before the next look, and those of two batches
    // on their way.
    const most = K * LAYERS.reduce((sum, layer) => sum + generator.layer(layer).channels, 0);
    expect(Math.max(...held)).toBeLessThanOrEqual(most + 64 + 3 * 7);
    expect(Math.max(...held)).toBeLessThan(SIZE / 2);

    const all = await samplesOf(10);
    for await (const _ of all.samples.each({ labels: true, pictures: true }));
    expect(all.samples.pictures).toBe(SIZE);
    for (const image of images) expect(samples.picture(image)).toEqual(all.samples.picture(image));
    const gone = Array.from({ length: SIZE }, (_, image) => image).find((image) => !images.has(image))!;
    expect(() => samples.picture(gone)).toThrow("was not kept");
    for (const part of [...tops, ...all.tops, samples, all.samples]) part.dispose();
    expect(device.live).toEqual(before);
  });

  it.each(["iqr", 0.1] as const)("do not pile up before images are ranked: threshold %s", async (quantileThreshold) => {
    const create = vi.spyOn(Samples, "create");
    const held = new Map<Phase, number>();
    const most = K * LAYERS.reduce((sum, layer) => sum + generator.layer(layer).channels, 0);
    const options = { layers: LAYERS, size: SIZE, examples: K, segmentationSize: 16, batch: 7, quantileThreshold };
    for await (const event of dissect(generator, segmenter, options)) {
      if (event.type !== "progress") continue;
      const samples = await Promise.all(create.mock.results.map(({ value }) => value as Promise<Samples>));
      const pictures = samples.reduce((sum, each) => sum + each.pictures, 0);
      held.set(event.phase, Math.max(held.get(event.phase) ?? 0, pictures));
    }
    create.mockRestore();
    expect([held.get("activations"), held.get("quantiles")]).toEqual([0, 0]);
    expect(held.get("scores")).toBeGreaterThan(0);
    expect(held.get("scores")).toBeLessThanOrEqual(most + 64 + 3 * 7);
    expect(held.get("pictures")).toBeLessThanOrEqual(most);
  });

  it("come with labels in bytes where there are few, and with the result the GPU is free", async () => {
    const before = { ...device.live };
    const options = { layers: LAYERS, size: 80, examples: K, segmentationSize: 16, quantileThreshold: 0.1 } as const;
    let pictures = 0;
    for await (const event of dissect(generator, segmenter, options)) {
      if (event.type !== "result") continue;
      expect(device.live).toEqual(before);
      for await (const { tops } of event.pictures()) {
        expect(tops).toHaveLength(K);
        for (const { picture, feature } of tops) {
          expect(picture.labels).toBeInstanceOf(Uint8Array);
          expect(picture.labels).toHaveLength(256);
          expect(Math.max(...picture.labels)).toBeLessThan(segmenter.labels.length);
          expect(feature.length).toBeGreaterThan(0);
          pictures += 1;
        }
      }
    }
    expect(pictures).toBe(K * LAYERS.reduce((sum, layer) => sum + generator.layer(layer).channels, 0));
  });
});
