import { describe, expect, test } from "vitest";
import type { UnitPictures } from "../../src/dissect/result.ts";
import { OutputError } from "../../src/errors.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import { labelColors } from "../../src/report/colors.ts";
import { type DrawingPool, drawingPlan } from "../../src/report/drawing.ts";
import { HandPool } from "../../src/report/drawing-pool.ts";
import { memoryFolder } from "../../src/report/folder.ts";
import { HtmlPage } from "../../src/report/html.ts";
import type { ImageEncoder } from "../../src/report/image.ts";
import { Tiles } from "../../src/report/tiles.ts";
import { writeReport } from "../../src/report/write.ts";
import { fixture, LABELS, PROVENANCE } from "./fixture.ts";
import { LocalHand, layers, options, pool, write } from "./hands.ts";

describe("several workers", () => {
  test("write what one thread writes, byte for byte and in its order", async () => {
    const hands = [new LocalHand(nodeEncoder(), 20), new LocalHand(nodeEncoder(), 1), new LocalHand()];
    const progress: number[] = [];
    const files = await write({ pool: pool(hands), onProgress: ({ done }) => progress.push(done) });
    const expected = await write();
    expect([...files.keys()]).toEqual([...expected.keys()]);
    for (const [path, data] of expected) {
      const same =
        typeof data === "string" ? data === files.get(path) : Buffer.compare(data, files.get(path) as Buffer) === 0;
      expect(same, path).toBe(true);
    }
    expect(progress).toEqual(Array.from({ length: 11 }, (_, i) => i + 1));
    for (const hand of hands) {
      expect(hand.jobs.length).toBeGreaterThan(0);
      expect([hand.ended, hand.states.at(-1)]).toEqual([true, false]);
    }
  });

  test("are sent each picture once", async () => {
    const hands = [new LocalHand(), new LocalHand()];
    await write({ pool: pool(hands) });
    for (const hand of hands) {
      const images = hand.jobs.flatMap(({ pictures }) => pictures.map(({ image }) => image));
      expect(images.length).toBeGreaterThan(6);
      expect(new Set(images).size).toBe(images.length);
      expect(hand.jobs.flatMap(({ forget }) => forget)).toEqual([]);
    }
  });

  test("hold no more pictures than they may, and draw the same", async () => {
    const hand = new LocalHand();
    const bytes = 64 * 64 * 3 + 32 * 32 * 2;
    const files = await write({ pool: pool([hand], 8 * bytes) });
    const held = new Set<number>();
    for (const { pictures, forget, tops } of hand.jobs) {
      for (const image of forget) expect(held.delete(image)).toBe(true);
      for (const { image } of pictures) held.add(image);
      expect(held.size).toBeLessThanOrEqual(8);
      for (const { image } of tops) expect(held.has(image)).toBe(true);
    }
    expect(hand.jobs.flatMap(({ forget }) => forget).length).toBeGreaterThan(0);
    expect(files.get("report.html")).toBe((await write()).get("report.html"));
  });

  test("are given two units each, and no more are asked for", async () => {
    const hands = [new LocalHand(), new LocalHand()];
    const { pictures } = fixture({ layers });
    let [asked, written, most] = [0, 0, 0];
    async function* counted(): AsyncIterable<UnitPictures> {
      for await (const unit of pictures()) {
        asked++;
        most = Math.max(most, asked - written);
        yield unit;
      }
    }
    await write({ pool: pool(hands), pictures: counted(), onProgress: () => written++ });
    expect(most).toBe(4);
  });

  test("draw one unit at a time, whatever they are given", async () => {
    let [drawing, most] = [0, 0];
    const slow: ImageEncoder = {
      png: nodeEncoder().png,
      jpeg: async (image, quality) => {
        drawing++;
        most = Math.max(most, drawing);
        await new Promise((resolve) => setTimeout(resolve, 1));
        drawing--;
        return nodeEncoder().jpeg(image, quality);
      },
    };
    const hand = new LocalHand(slow);
    await write({ pool: pool([hand]) });
    expect(hand.jobs.length).toBe(11);
    expect(most).toBe(1);
  });

  test("send a part of a layer's feature maps, and not all of them", async () => {
    const hand = new LocalHand();
    const { pictures } = fixture({ layers: [layers[0]!] });
    const every = new Float32Array(64 * 1000);
    async function* parts(): AsyncIterable<UnitPictures> {
      for await (const unit of pictures()) {
        const tops = unit.tops.map(({ picture, feature }, i) => {
          every.set(feature, i * 64);
          return { picture, feature: every.subarray(i * 64, (i + 1) * 64) };
        });
        yield { ...unit, tops };
      }
    }
    await write({ pool: pool([hand]), pictures: parts() });
    for (const { tops } of hand.jobs) for (const { feature } of tops) expect(feature.buffer.byteLength).toBe(256);
    expect(every.length).toBe(64_000); // not taken away either
  });
});

describe("what goes wrong", () => {
  test("in a worker is the error it would have been, after the numbers were written", async () => {
    const { dissection, pictures } = fixture({ layers });
    async function* wrong(): AsyncIterable<UnitPictures> {
      for await (const unit of pictures()) {
        const tops = unit.tops.map(({ picture }) => ({ picture, feature: new Float32Array(3) }));
        yield unit.layer === "layer6" ? { ...unit, tops } : unit;
      }
    }
    const errors: unknown[] = [];
    for (const made of [undefined, pool([new LocalHand(), new LocalHand()])]) {
      const folder = memoryFolder();
      await writeReport(folder, dissection, wrong(), { ...options, pool: made }).catch((error) => errors.push(error));
      expect(folder.files.has("report.json")).toBe(true);
      expect(folder.files.has("layer4/image/6-top.jpg")).toBe(true);
      expect(folder.files.has("report.html")).toBe(false);
    }
    const [own, theirs] = errors as OutputError[];
    expect(theirs).toBeInstanceOf(OutputError);
    expect([theirs!.message, theirs!.code, theirs!.name, theirs!.fix]).toEqual([
      own!.message,
      "output",
      "OutputError",
      own!.fix,
    ]);
  });

  test("an abort ends them too, and keeps what was written", async () => {
    const hands = [new LocalHand(), new LocalHand()];
    const controller = new AbortController();
    const reason = new Error("stop");
    const { dissection, pictures } = fixture({ layers });
    const folder = memoryFolder();
    const writing = writeReport(folder, dissection, pictures(), {
      ...options,
      pool: pool(hands),
      signal: controller.signal,
      onProgress: ({ done }) => done === 3 && controller.abort(reason),
    });
    await expect(writing).rejects.toBe(reason);
    expect(hands.map(({ ended }) => ended)).toEqual([true, true]);
    expect(folder.files.has("layer4/image/2-mask.png")).toBe(true);
    expect(folder.files.has("layer4/image/3-mask.png")).toBe(false);
  });

  test("a closed pool draws nothing", async () => {
    let made: DrawingPool | undefined;
    await write({
      pool: (plan) => {
        made = new HandPool(plan, [new LocalHand()], nodeEncoder());
        return made;
      },
    });
    const { pictures } = fixture({ layers });
    for await (const unit of pictures()) {
      await expect(made!.draw({ pictures: unit, level: 0, embed: [] })).rejects.toThrow("given up");
      break;
    }
  });
});

test("strips' pixels are those of their pictures, whatever these are", () => {
  const plan = (height?: number, extent?: readonly [number, number]) => {
    const { dissection } = fixture({ layers, images: 4, examples: 3, ...(extent && { extent }) });
    const { pixels, largest, labelExtent } = drawingPlan(
      dissection,
      height,
      new HtmlPage(dissection, PROVENANCE).drawing,
    );
    return { pixels, largest, labelExtent };
  };
  const units = layers.reduce((sum, layer) => sum + layer.units, 0);
  expect(plan()).toEqual({ pixels: 3 * units * 64 ** 2, largest: 3 * 64 ** 2, labelExtent: [32, 32] });
  expect(plan(10)).toMatchObject({ largest: 3 * 100 });
  expect(plan(undefined, [24, 64])).toEqual({
    ...{ pixels: 3 * units * 24 * 64, largest: 3 * 24 * 64, labelExtent: [12, 32] },
  });
  expect(plan(48, [24, 64])).toMatchObject({ largest: 3 * 48 * 128 });
});

test("resized pictures are kept as far as they may be, the last used ones", async () => {
  const { pictures } = fixture({ layers });
  const colors = labelColors(LABELS);
  const tile = 3 * 3 * 100 ** 2;
  const tiles = new Tiles([32, 32], colors, 5 * tile);
  const seen = new Map<string, Buffer>();
  for await (const { tops } of pictures()) {
    for (const { picture } of tops) {
      const drawn = tiles.of(picture, [100, 100]);
      expect(tiles.of(picture, [100, 100])).toBe(drawn);
      expect(tiles.bytes).toBeLessThanOrEqual(5 * tile);
      for (const bytes of [drawn.rgb, drawn.dim, drawn.segmentation]) {
        const key = `${picture.image} ${bytes === drawn.rgb} ${bytes === drawn.dim}`;
        expect(seen.get(key)?.equals(bytes)).not.toBe(false);
        seen.set(key, Buffer.from(bytes));
      }
    }
  }
  expect(seen.size).toBeGreaterThan(15);
  expect(tiles.bytes).toBe(5 * tile);
  const large = new Tiles([32, 32], colors, 10);
  for await (const { tops } of pictures()) large.of(tops[0]!.picture, [100, 100]);
  expect(large.bytes).toBe(tile); // the one in use stays
});
