import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { givenTo, OPEN } from "../../../src/cli/studio/given.ts";
import { writeSafetensors } from "../../../src/index.ts";
import type { Source } from "../../../src/weights/source.ts";
import { dissection } from "../../server/scenes.ts";
import { GOLDEN } from "../ganatomy.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-given-"));
  const report = async (path: string, contents: object, dissect: string = JSON.stringify(dissection)) => {
    await mkdir(join(home, path), { recursive: true });
    await writeFile(join(home, path, "dissect.json"), dissect);
    await writeFile(join(home, path, "report.json"), JSON.stringify(contents));
  };
  const weights = [{ role: "generator", source: "scenes64" }];
  await report("reports/one", {
    model: { name: "scenes64" },
    segmenter: { name: "scenes64" },
    provenance: { weights },
    layers: [{ layer: "a/layer 4" }, { layer: "alayer 4" }, { layer: "../.." }, { layer: "layer6" }],
  });
  await mkdir(at("reports/one/alayer 4"));
  await writeFile(at("reports/one/alayer 4/quantiles.npz"), "npz4");
  await mkdir(at("reports/one/alayer 4-2"));
  await writeFile(at("reports/one/alayer 4-2/quantiles.npz"), "npz2");
  await writeFile(at("quantiles.npz"), "no layer's");
  await report("reports/two", { provenance: {} });
  await writeFile(join(home, "reports/two/report.json"), "{");
  await mkdir(join(home, "empty"));
  await copyFile(join(GOLDEN, "progan-tiny.zip.pth"), join(home, "my church.pth"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const at = (path: string): string => join(home, path);
const read = async (given: ReadonlyMap<string, Source | object>, path: string) =>
  Buffer.from(await (given.get(path) as Source).read(0, 4));

describe("what the studio is given", () => {
  test("nothing of its own model", async () => {
    expect([...(await givenTo(undefined, {}, {}))]).toEqual([]);
  });

  test("a report, with its model and the segmenter that named things in it", async () => {
    const given = await givenTo(at("reports/one"), {}, {});
    expect(given.get(OPEN)).toEqual({
      name: "scenes64",
      generator: "generator/generator.safetensors",
      segmenter: { weights: "weights/segmenter.safetensors", labels: "labels/labels.json" },
      report: "report.json",
      rankings: "dissect.json",
      quantiles: { "a/layer 4": "quantiles/alayer%204.npz", "alayer 4": "quantiles/alayer%204-2.npz" },
    });
    expect((await read(given, "given/quantiles/alayer 4.npz")).toString()).toBe("npz4");
    expect((await read(given, "given/quantiles/alayer 4-2.npz")).toString()).toBe("npz2");
    expect(given.get("given/report.json")).toMatchObject({ model: { name: "scenes64" } });
    expect(given.get("given/dissect.json")).toEqual(JSON.parse(JSON.stringify(dissection)));
    expect([...given.keys()].sort()).toEqual([
      "given/dissect.json",
      "given/generator/generator.safetensors",
      "given/labels/labels.json",
      OPEN,
      "given/quantiles/alayer 4-2.npz",
      "given/quantiles/alayer 4.npz",
      "given/report.json",
      "given/weights/segmenter.safetensors",
    ]);
  });

  test("images of one's own, on its own model or another", async () => {
    const latents = at("my z.safetensors");
    const rows = writeSafetensors({ z: { dtype: "float32", shape: [1, 128], data: new Float32Array(128) } });
    await writeFile(latents, rows);
    const alone = await givenTo(undefined, { latents }, {});
    expect(alone.get(OPEN)).toEqual({ latents: "latents/my%20z.safetensors" });
    expect(new Uint8Array(await read(alone, "given/latents/my z.safetensors"))).toEqual(rows.slice(0, 4));
    await writeFile(at("a.jpg"), "none");
    await expect(givenTo(undefined, { latents: at("a.jpg") }, {})).rejects.toMatchObject({
      code: "weights-format",
      fix: "Give an inversion.safetensors, or rows of z or w as .npy or .safetensors.",
    });
    const of = await givenTo(at("reports/one"), { latents }, {});
    expect(of.get(OPEN)).toMatchObject({ generator: expect.any(String), latents: "latents/my%20z.safetensors" });
  });

  test("a checkpoint, and how it is to be drawn", async () => {
    const flags = { model: at("my church.pth"), truncation: 0.5, classes: [1], segmenter: "self" };
    const given = await givenTo(undefined, flags, {});
    expect(given.get(OPEN)).toEqual({
      name: "my church",
      generator: "generator/my%20church.pth",
      network: { truncation: 0.5 },
      classes: [1],
      segmenter: "self",
    });
    expect((await read(given, "given/generator/my church.pth")).toString("latin1")).toMatch(/^PK/);
  });

  test.each([
    ["a folder without a report", () => givenTo(at("empty"), {}, {}), /There is no report in/],
    ["a report's file, whose folder is meant", () => givenTo(at("reports/two/dissect.json"), {}, {}), /is no JSON/],
    ["no folder", () => givenTo(at("nowhere"), {}, {}), /There is no folder/],
    ["several reports", () => givenTo(at("reports"), {}, {}), /holds 2 reports: one, two/],
    ["a report that is cut off", () => givenTo(at("reports/two"), {}, {}), /is no report: it is no JSON/],
    ["a file that is not there", () => givenTo(undefined, { model: at("x.pth") }, {}), /x\.pth/],
    ["a segmenter that is none", () => givenTo(undefined, { segmenter: at("empty") }, {}), /holds no segmenter/],
  ])("%s is said", async (_, given, message) => {
    await expect(given()).rejects.toThrow(message);
  });
});
