import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Device, openSource, Segmenter, Tensor } from "../../src/index.ts";
import { decodePhoto } from "../../src/node/photo/decode.ts";
import { readExactly } from "../../src/weights/bytes.ts";
import { openZip } from "../../src/weights/zip.ts";
import { requestDevice } from "../gpu.ts";

const WEIGHTS = new URL("../../weights/mosaic-ade20k32/", import.meta.url);
/**
 * The photos' licence is not stated: they are read where they lie and never become part of the
 * repository.
 */
const GOLDEN = new URL("../../../shared/models/mosaic-ade20k32/golden/", import.meta.url);
const PHOTOS = new URL("ade20k_tiny.zip", GOLDEN);

let device: Device;
let segmenter: Segmenter;
beforeAll(async () => {
  device = await requestDevice();
  segmenter = await Segmenter.load(
    {
      weights: readFileSync(new URL("segmenter.safetensors", WEIGHTS)),
      labels: readFileSync(new URL("labels.json", WEIGHTS)),
    },
    { device },
  );
});
afterAll(() => {
  segmenter?.dispose();
  device?.dispose();
});

/** The files of an archive. */
async function unzip(url: URL): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const [name, source] of await openZip(await openSource(readFileSync(url)), {})) {
    files.set(name, await readExactly(source, 0, source.size, {}));
  }
  return files;
}

describe("MOSAIC", () => {
  it("is described by its files", () => {
    expect(segmenter.architecture).toContain("MOSAIC");
    expect(segmenter.segsizes).toEqual([512]);
    expect(segmenter.labels).toHaveLength(32);
    expect(segmenter.labels[5]).toEqual({ name: "tree", category: "object" });
    const { flops } = segmenter.cost();
    // 2.98 billion multiply-adds by its authors' count (mosaic_README.md); the exported network has
    // a little less.
    expect(flops / 2e9).toBeGreaterThan(2.5);
    expect(flops / 2e9).toBeLessThan(3);
  });

  const photos = existsSync(PHOTOS);
  it(photos
    ? "agrees with MLCommons' outputs on 99 % of the pixels of ten photos"
    : "ran without the ten photos, which are not here", async () => {
    if (!photos) {
      console.warn(
        "MOSAIC was not compared with MLCommons' outputs: ../shared/models/mosaic-ade20k32/golden is absent.",
      );
      return;
    }
    const outputs = await unzip(new URL("ade20k-tiny-saved-output.zip", GOLDEN));
    const image = Tensor.create(device, "photo", [1, 512, 512, 4], "f32");
    const plan = await segmenter.compile(image, 512);
    let [equal, total] = [0, 0];
    for (const [name, bytes] of await unzip(PHOTOS)) {
      const { rgb } = await decodePhoto(bytes, name);
      expect(rgb).toHaveLength(3 * 512 * 512);
      const pixels = new Float32Array(4 * 512 * 512);
      for (let p = 0; p < 512 * 512; p += 1) {
        for (let c = 0; c < 3; c += 1) pixels[4 * p + c] = rgb[3 * p + c]! / 127.5 - 1;
      }
      image.write(pixels);
      plan.run();
      const labels = await plan.labels.read();
      const expected = outputs.get(name.replace(".jpg", ".raw"))!;
      equal += labels.filter((label, p) => label === expected[p]).length;
      total += labels.length;
    }
    plan.dispose();
    image.dispose();
    console.log(`MOSAIC: ${((100 * equal) / total).toFixed(2)} % of the pixels of ten photos as MLCommons' output`);
    expect(total).toBe(10 * 512 * 512);
    expect(equal / total).toBeGreaterThanOrEqual(0.99);
  }, 300_000);
});
