import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeEach, expect, test } from "vitest";
import { openMasks } from "../../../src/cli/classifier/masks.ts";
import { LabelsError } from "../../../src/index.ts";
import { chunk, tiff, withChunks } from "../../node/photo/pictures.ts";

const folders: string[] = [];
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-masks-"));
  folders.push(home);
});
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

const at = (...path: string[]): string => join(home, ...path);
const labels = (text: string) => writeFile(at("labels.json"), text);
const grey = (width: number, height: number, value: number) =>
  encode({ width, height, channels: 1, depth: 8, data: new Uint8Array(width * height).fill(value) });

test("reads grey values as places in labels.json", async () => {
  await labels('{ "labels": ["-", "ground", { "name": "sky", "category": "far" }] }');
  const places = Uint8Array.of(0, 1, 2, 2, 1, 0);
  await writeFile(at("a.png"), encode({ width: 3, height: 2, channels: 1, depth: 8, data: places }));
  const masks = await openMasks(home);
  expect(masks.labels).toEqual([
    { name: "-", category: "object" },
    { name: "ground", category: "object" },
    { name: "sky", category: "far" },
  ]);
  expect([masks.has("a.jpg"), masks.has("b.jpg")]).toEqual([true, false]);
  expect(await masks.read("a.jpg")).toMatchObject({ width: 3, height: 2, labels: places });
});

test("are turned where they carry EXIF data themselves, whatever their photographs carry", async () => {
  await labels('["-", "sky", "sea", "sand"]');
  const drawn = encode({ width: 3, height: 1, channels: 1, depth: 8, data: Uint8Array.of(1, 2, 3) });
  await writeFile(at("lying.png"), drawn);
  await writeFile(at("standing.png"), withChunks(drawn, [chunk("eXIf", tiff(8, true))], "before"));
  const masks = await openMasks(home);
  expect(await masks.read("lying.jpg")).toEqual({ width: 3, height: 1, labels: Uint8Array.of(1, 2, 3) });
  expect(await masks.read("standing.jpg")).toEqual({ width: 1, height: 3, labels: Uint8Array.of(3, 2, 1) });
});

test("refuses label lists that are none", async () => {
  await expect(openMasks(home)).rejects.toThrow("There is no labels.json");
  for (const [text, said] of [
    ["[1]", "Label 0"],
    ['["-", null]', "Label 1"],
    ["{", "no JSON"],
    ["{}", "no list"],
    ['["sky"]', 'is not "-"'],
    ["[]", 'is not "-"'],
  ] as const) {
    await labels(text);
    await expect(openMasks(home)).rejects.toThrow(LabelsError);
    await expect(openMasks(home)).rejects.toThrow(said);
  }
});

test("refuses masks that hold no labels, or others, or are of another photograph", async () => {
  await labels('["-", "sky"]');
  const masks = await openMasks(home);
  const rgb = encode({ width: 1, height: 1, channels: 3, depth: 8, data: Uint8Array.of(1, 1, 1) });
  await writeFile(at("colours.png"), rgb);
  await writeFile(at("deep.png"), encode({ width: 1, height: 1, channels: 1, depth: 16, data: Uint16Array.of(1) }));
  await writeFile(at("beyond.png"), grey(2, 2, 255));
  await writeFile(at("next.png"), grey(2, 2, 2));
  await writeFile(at("small.png"), grey(112, 75, 1));
  await writeFile(at("near.png"), grey(10, 9, 1));
  await writeFile(at("far.png"), grey(11, 9, 1));
  const photo = { width: 1000, height: 667 };
  await expect(masks.check("colours.jpg", photo)).rejects.toThrow("8-bit grey");
  await expect(masks.check("deep.png", photo)).rejects.toThrow("8-bit grey");
  await expect(masks.check("beyond.png", { width: 9, height: 9 })).rejects.toThrow(
    "label 255, and labels.json has names of 0…1",
  );
  const square = { width: 100, height: 100 };
  await expect(masks.check("next.png", square)).rejects.toThrow("label 2, and labels.json has names of 0…1");
  await masks.check("near.png", square); // as far as rounding both edges leads
  await expect(masks.check("far.png", square)).rejects.toThrow("is 11 × 9, not of the proportions of 100 × 100");
  await expect(masks.check("small.png", { width: 667, height: 1000 })).rejects.toThrow(
    "is 112 × 75, not of the proportions",
  );
  await masks.check("small.png", { width: 667, height: 1000 }, "squash");
  await masks.check("small.png", photo); // 112 × 74.7, rounded
  await writeFile(at("flat.png"), grey(130, 1, 1));
  await masks.check("flat.png", { width: 1000, height: 10 }); // 130 × 1.3, rounded
});
