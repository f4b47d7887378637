import { decode as decodePng } from "fast-png";
import jpeg from "jpeg-js";
import { describe, expect, test } from "vitest";
import type { UnitPictures } from "../../src/dissect/result.ts";
import { openUnitQuantiles, UnitQuantiles } from "../../src/dissect/unit-quantiles.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import { labelColors } from "../../src/report/colors.ts";
import { memoryFolder } from "../../src/report/folder.ts";
import { type WriteProgress, writeReport } from "../../src/report/write.ts";
import { fixture, PROVENANCE } from "./fixture.ts";

const layers = [
  { layer: "layer4", units: 3, size: 8 },
  { layer: "layer6", units: 2, size: 16 },
];
const options = { encoder: nodeEncoder(), provenance: PROVENANCE };

describe("writeReport", () => {
  test("writes the folder of the published code and our own files, numbers first", async () => {
    const { dissection, pictures } = fixture({ layers });
    const folder = memoryFolder();
    const progress: WriteProgress[] = [];
    await writeReport(folder, dissection, pictures(), { ...options, onProgress: (step) => progress.push(step) });
    const names = [...folder.files.keys()];
    expect(names.slice(0, 8)).toEqual([
      "report.json",
      "units.csv",
      "tensors.safetensors",
      "dissect.json",
      "layer4/dissect.json",
      "layer4/bargraph.svg",
      "layer6/dissect.json",
      "layer6/bargraph.svg",
    ]);
    const forms = ["top.jpg", "orig.jpg", "seg.png", "mask.png"];
    const expected = layers.flatMap(({ layer, units }) =>
      Array.from({ length: units }, (_, unit) =>
        ["image", "s-image"].flatMap((kind) => forms.map((form) => `${layer}/${kind}/${unit}-${form}`)),
      ).flat(),
    );
    expect(names.slice(8, -1)).toEqual(expected);
    expect(names.at(-1)).toBe("report.html");
    expect(progress.map(({ done }) => done)).toEqual([1, 2, 3, 4, 5]);
    expect(progress.at(-1)).toEqual({ done: 5, total: 5, layer: "layer6", unit: 1 });
  });

  test("writes quantiles of units into their layer's folder", async () => {
    const { dissection, pictures } = fixture({ layers });
    const folder = memoryFolder();
    const table = (units: number) =>
      new UnitQuantiles({
        quantiles: [0.99],
        levels: new Float32Array(units).fill(2),
        means: new Float32Array(units),
        samples: 9,
      });
    const quantiles = new Map([["layer6", table(2)]]);
    await writeReport(folder, dissection, pictures(), { ...options, quantiles });
    expect([...folder.files.keys()].filter((name) => name.endsWith(".npz"))).toEqual(["layer6/quantiles.npz"]);
    const read = await openUnitQuantiles(folder.files.get("layer6/quantiles.npz") as Uint8Array);
    expect([...read.levels(0.99)]).toEqual([2, 2]);
    const other = { ...options, quantiles: new Map([["layer5", table(2)]]) };
    await expect(writeReport(memoryFolder(), dissection, pictures(), other)).rejects.toThrow(
      "of layer5, which was not",
    );
  });

  test("writes pictures that can be read, of the size asked", async () => {
    const { dissection, pictures } = fixture({ layers, examples: 3 });
    const folder = memoryFolder();
    await writeReport(folder, dissection, pictures(), { ...options, stripHeight: 100 });
    const file = (name: string) => folder.files.get(name) as Uint8Array;
    const mask = decodePng(file("layer4/image/2-mask.png"));
    expect([mask.width, mask.height, mask.channels]).toEqual([310, 100, 4]);
    const top = jpeg.decode(file("layer4/s-image/2-top.jpg"), { useTArray: true });
    expect([top.width, top.height]).toEqual([100, 100]);
    const seg = decodePng(file("layer6/s-image/0-seg.png"));
    const known = new Set(labelColors(dissection.labels).map(String));
    for (let i = 0; i < seg.data.length; i += 3) expect(known).toContain(String([...seg.data.subarray(i, i + 3)]));
  });

  test("stopped at the pictures, it keeps the numbers and rejects with the reason", async () => {
    const { dissection, pictures } = fixture({ layers });
    const folder = memoryFolder();
    const controller = new AbortController();
    const reason = new Error("stop");
    const writing = writeReport(folder, dissection, pictures(), {
      ...options,
      signal: controller.signal,
      onProgress: ({ done }) => done === 2 && controller.abort(reason),
    });
    await expect(writing).rejects.toBe(reason);
    expect(folder.files.has("report.json")).toBe(true);
    expect(folder.files.has("layer6/dissect.json")).toBe(true);
    expect(folder.files.has("layer4/image/1-top.jpg")).toBe(true);
    expect(folder.files.has("layer4/image/2-top.jpg")).toBe(false);
    expect(folder.files.has("report.html")).toBe(false);
  });

  test("stopped before it began, it writes nothing", async () => {
    const { dissection, pictures } = fixture({ layers });
    const folder = memoryFolder();
    const signal = AbortSignal.abort();
    await expect(writeReport(folder, dissection, pictures(), { ...options, signal })).rejects.toBe(signal.reason);
    expect(folder.files.size).toBe(0);
  });

  test("asks for one unit's pictures at a time", async () => {
    const { dissection, pictures } = fixture({ layers });
    const folder = memoryFolder();
    const ahead: number[] = [];
    let given = 0;
    async function* counted(): AsyncIterable<UnitPictures> {
      for await (const unit of pictures()) {
        const written = [...folder.files.keys()].filter(
          (name) => name.endsWith("/image/0-top.jpg") || /image\/\d+-top/.test(name),
        );
        ahead.push(given - written.filter((name) => !name.includes("s-image")).length);
        given++;
        yield unit;
      }
    }
    await writeReport(folder, dissection, counted(), options);
    expect(ahead).toEqual([0, 0, 0, 0, 0]);
  });

  test("refuses pictures of a unit that was not dissected", async () => {
    const { dissection, pictures } = fixture({ layers });
    async function* strange(): AsyncIterable<UnitPictures> {
      for await (const unit of pictures()) yield { ...unit, layer: "layer9" };
    }
    await expect(writeReport(memoryFolder(), dissection, strange(), options)).rejects.toMatchObject({
      code: "output",
      message: expect.stringContaining("layer9 unit 0"),
    });
  });
});
