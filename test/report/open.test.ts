import { describe, expect, test } from "vitest";
import type { Dissection } from "../../src/dissect/result.ts";
import { GanatomyError } from "../../src/errors.ts";
import { memoryFolder } from "../../src/report/folder.ts";
import { openDissection } from "../../src/report/open.ts";
import { writeNumbers } from "../../src/report/write.ts";
import { fixture, PROVENANCE, severalChannels } from "./fixture.ts";

async function files(dissection: Dissection): Promise<ReadonlyMap<string, Uint8Array | string>> {
  const folder = memoryFolder();
  await writeNumbers(folder, dissection, { provenance: PROVENANCE });
  return folder.files;
}

async function opened(written: ReadonlyMap<string, Uint8Array | string>, report = String(written.get("report.json"))) {
  const blocks = written.get("blocks.safetensors") as Uint8Array | undefined;
  const tensors = written.get("tensors.safetensors") as Uint8Array<ArrayBuffer>;
  return openDissection({ report, tensors, ...(blocks && { blocks: blocks as Uint8Array<ArrayBuffer> }) });
}

/** With counts in two blocks: all in the first but what the second has. */
function inTwo(dissection: Dissection): Dissection {
  const labels = [1, 2];
  const zeros = (rows: number, columns: number) => new Uint32Array(2 * rows * columns).map((_, i) => i);
  return {
    ...dissection,
    blocks: { count: 2, labels, pixels: zeros(1, 2), categoryPixels: zeros(1, dissection.categories.length) },
    layers: dissection.layers.map((layer) => ({
      ...layer,
      tables: {
        ...layer.tables,
        blocks: {
          intersection: zeros(2, layer.units.length),
          activation: zeros(dissection.categories.length, layer.units.length),
        },
      },
    })),
  };
}

describe("openDissection", () => {
  test.each([
    ["a dissection", fixture().dissection],
    ["one of several labels a pixel", severalChannels().dissection],
    ["one with blocks", inTwo(fixture().dissection)],
    ["one of photographs", { ...fixture().dissection, images: ["a.jpg", "b.jpg"] }],
    ["one whose cells do not tile the images", laid(fixture().dissection)],
    ["one of more pixels than 32 bits count", large(fixture().dissection)],
  ])("reads %s as what writes the same files", async (_, dissection) => {
    const written = await files(dissection);
    const { dissection: read, provenance } = await opened(written);
    expect(provenance).toEqual(PROVENANCE);
    const again = await files(read);
    const same = ["report.json", "units.csv", "tensors.safetensors", "blocks.safetensors"];
    for (const name of same) expect(again.get(name), name).toEqual(written.get(name));
  });

  test("what was not finite is NaN", async () => {
    const { dissection } = fixture();
    const [one] = dissection.layers;
    const units = one!.units.map((unit, i) => (i === 1 ? { ...unit, level: Number.NaN } : unit));
    const { dissection: read } = await opened(await files({ ...dissection, layers: [{ ...one!, units }] }));
    expect(read.layers[0]?.units[1]?.level).toBeNaN();
    expect(read.layers[0]?.units[0]?.level).toBe(one!.units[0]!.level);
  });

  test.each<[string, (report: Record<string, never>) => unknown, RegExp]>([
    ["no JSON", () => undefined, /no JSON/],
    ["null", () => null, /not that of a dissection/],
    ["a list", () => [], /not that of a dissection/],
    ["another version", (report) => ({ ...report, schemaVersion: 2 }), /version 2/],
    ["no version", ({ schemaVersion: _, ...report }) => report, /not that of a dissection/],
    ["no settings", (report) => ({ ...report, settings: null }), /not that of a dissection/],
    ["labels that are numbers", (report) => ({ ...report, labels: [1] }), /not that of a dissection/],
    ["a unit of a label that is none", (report) => withUnit(report, { label: 99 }), /not that of a dissection/],
    ["a unit of half a label", (report) => withUnit(report, { label: 0.5 }), /not that of a dissection/],
    ["a unit without images", (report) => withUnit(report, { top: 3 }), /not that of a dissection/],
    ["a unit that correlates with null", (report) => withUnit(report, { mostCorrelated: null }), /not that of/],
    ["a unit of a search for nothing", (report) => withUnit(report, { training: { iqr: 3 } }), /not that of/],
    ["a score that is text", (report) => withUnit(report, { iou: "0.1" }), /not that of/],
    ["a count that is null", (report) => withUnit(report, { pixels: null }), /not that of/],
    ["a picture without a number", (report) => withUnit(report, { top: [null] }), /not that of/],
    ["a unit of another number", (report) => withUnit(report, { unit: 5 }), /not that of a dissection/],
  ])("refuses %s", async (_, change, message) => {
    const written = await files(fixture().dissection);
    const report = change(JSON.parse(String(written.get("report.json"))));
    const refused = opened(written, report === undefined ? "{" : JSON.stringify(report));
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toBeInstanceOf(GanatomyError);
  });

  test("refuses tables of another report", async () => {
    const written = await files(fixture().dissection);
    const other = await files({
      ...fixture().dissection,
      layers: [{ ...fixture().dissection.layers[0]!, layer: "layer1" }],
    });
    const mixed = new Map([...other, ["tensors.safetensors", written.get("tensors.safetensors")!]]);
    await expect(opened(mixed)).rejects.toThrow('no table "layer1.iou"');
    const fewer = fixture({ layers: [{ layer: "layer4", units: 3, size: 8 }] }).dissection;
    const less = new Map([...(await files(fewer)), ["tensors.safetensors", written.get("tensors.safetensors")!]]);
    await expect(opened(less)).rejects.toThrow("Files of two reports are mixed");
  });
});

const laid = (dissection: Dissection): Dissection => ({
  ...dissection,
  layers: dissection.layers.map((layer) => ({
    ...layer,
    area: { top: 7.5, left: -0.5, height: 208, width: 208, outside: "zeros" as const },
  })),
});

function large(dissection: Dissection): Dissection {
  const [one] = dissection.layers;
  const intersection = Float64Array.from(one!.tables.intersection, (count) => count * 2 ** 33);
  return { ...dissection, layers: [{ ...one!, tables: { ...one!.tables, intersection } }] };
}

const withUnit = (report: { readonly layers?: unknown }, change: object) => {
  const [first, ...rest] = report.layers as { readonly units: readonly object[] }[];
  const [unit, ...units] = first!.units;
  return { ...report, layers: [{ ...first, units: [{ ...unit, ...change }, ...units] }, ...rest] };
};
