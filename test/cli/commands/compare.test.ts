import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openReport } from "../../../src/compare/index.ts";
import type { Dissection } from "../../../src/dissect/result.ts";
import { writeNumbers } from "../../../src/report/write.ts";
import { fixture, PROVENANCE } from "../../report/fixture.ts";
import { runHere } from "../in-process.ts";

let folder: string;
const at = (name: string) => join(folder, name);

/** The fixture, whose counts are shared out among 20 blocks. */
function inBlocks(dissection: Dissection): Dissection {
  const count = 20;
  const { labels, categories, labelPixels, layers } = dissection;
  const shown = labels.map((_, label) => label).filter((label) => label > 0 && labelPixels[label]! > 0);
  const shared = (numbers: readonly number[]) =>
    Uint32Array.from({ length: count * numbers.length }, (_, i) => {
      const [block, all] = [Math.floor(i / numbers.length), numbers[i % numbers.length]!];
      return Math.floor((all * (block + 1)) / count) - Math.floor((all * block) / count);
    });
  return {
    ...dissection,
    settings: { ...dissection.settings, size: 20 },
    blocks: {
      count,
      labels: shown,
      pixels: shared(shown.map((label) => labelPixels[label]!)),
      categoryPixels: shared(categories.map(() => 1_000_000)),
    },
    layers: layers.map((layer) => {
      const { intersection, activation } = layer.tables;
      const rows = shown.flatMap((label) => [
        ...intersection.subarray(label * layer.units.length, (label + 1) * layer.units.length),
      ]);
      return {
        ...layer,
        tables: { ...layer.tables, blocks: { intersection: shared(rows), activation: shared([...activation]) } },
      };
    }),
  };
}

async function report(name: string, dissection: Dissection): Promise<void> {
  const write = async (path: string, data: Uint8Array | string) => {
    await mkdir(dirname(join(folder, name, path)), { recursive: true });
    await writeFile(join(folder, name, path), data);
  };
  await writeNumbers({ write }, dissection, { provenance: PROVENANCE });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "compare-"));
  const { dissection } = fixture();
  await report("new", inBlocks(dissection));
  await report("church", { ...inBlocks(dissection), model: { ...dissection.model, name: "church" } });
  const control = { ...dissection.model, name: "church-rotated-4", rotation: 4 };
  await report("control", { ...inBlocks(dissection), model: control });
  await report("old", { ...dissection, settings: { ...dissection.settings, size: 20 } });
  await report("other", { ...inBlocks(dissection), settings: { ...dissection.settings, size: 20, seed: 9 } });
  await mkdir(at("empty"));
  await symlink(at("new"), at("link"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...args: string[]) => runHere("compare", ...args);

describe("ganatomy compare", () => {
  test("writes a comparison of all layers of all folders, and says it", async () => {
    const outdir = at("out");
    const { status, said } = await run(at("new"), at("church"), "--outdir", outdir);
    expect(status).toBe(0);
    expect((await readdir(outdir)).filter((name) => !name.startsWith(".")).sort()).toEqual(
      [
        ...["categories.svg", "compare.csv", "compare.html", "compare.json"],
        ...["concepts.csv", "concepts.svg", "layers.svg"],
      ].sort(),
    );
    expect(said).toMatch(/^By best label: .*IoU > 0\.05, IQR > 0\.01/);
    const json = JSON.parse(await readFile(join(outdir, "compare.json"), "utf8"));
    expect(json.inputs).toHaveLength(4);
    // as the reports say
    const written = JSON.parse(await readFile(join(at("new"), "report.json"), "utf8"));
    for (const [i, layer] of written.layers.entries()) {
      expect(json.inputs[i].detectors.value).toBe(layer.interpretable);
      expect(said).toContain(json.inputs[i].name);
    }
    expect(json.inputs[0].detectors.error).not.toBeNull();
    expect(json.provenance.command).toContain("ganatomy");
  });

  test("names controls, and compares them with the layers themselves", async () => {
    const outdir = at("controlled");
    const { said } = await run(at("church"), at("control"), "--outdir", outdir);
    const told =
      "church-rotated-4 layer4, church-rotated-4 layer6: a control, in a random rotation of the layer's units, which holds the same.";
    expect(said).toContain(told);
    expect(await readFile(join(outdir, "compare.html"), "utf8")).toContain(told.replace("'", "&#39;"));
    const json = JSON.parse(await readFile(join(outdir, "compare.json"), "utf8"));
    expect(json.inputs.map(({ rotation }: { rotation?: number }) => rotation)).toEqual([undefined, undefined, 4, 4]);
    expect(json.comparable).toBe(true);
    expect((await run(at("church"), "--outdir", at("one"))).said).not.toContain("a control");
  });

  test("of one folder, as JSON, of reports without blocks without errors", async () => {
    const { said } = await run(at("old"), "--json", "--outdir", at("one"));
    const json = JSON.parse(said);
    expect(json.inputs[0].detectors.error).toBeNull();
    const table = await run(at("old"), "--rule", "per-category", "--outdir", at("one"));
    expect(table.said).toMatch(/^Per category: .*IoU > 0\.04/);
    expect(table.said).toMatch(/no errors of .*no blocks\.safetensors; dissect it again/);
  });

  test("of what differs only by force, which is said", async () => {
    const folders = [at("new"), at("other"), "--outdir", at("forced")];
    await expect(run(...folders)).rejects.toThrow(/seed \(1 in .*; 9 in .*\)/);
    const { said } = await run(...folders, "--force");
    expect(said).toMatch(/^Not comparable, compared by force: these differ: seed/);
    for (const file of ["compare.html", "categories.svg", "concepts.svg", "layers.svg"]) {
      expect(await readFile(join(at("forced"), file), "utf8")).toContain("Not comparable, compared by force");
    }
  });

  test("an --outdir of others is told with --force", async () => {
    await mkdir(at("full"));
    await writeFile(join(at("full"), "mine"), "");
    const folders = [at("new"), "--outdir", at("full")];
    await expect(run(...folders)).rejects.toMatchObject({ fix: expect.stringContaining("add --force") });
    expect((await run(...folders, "--force")).status).toBe(0);
  });

  test.each([
    [["nowhere"], /"nowhere" is not there/],
    [["empty"], /empty" holds no report\.json/],
    [["new", "new"], /new" is named twice: /],
    [["new", "link"], /link" is named twice, first as ".*new"/],
    [["new/tensors.safetensors"], /tensors\.safetensors" is no folder\. Give its folder, ".*new"/],
  ])("of %j is refused", async (names, said) => {
    const folders = names.map((name) => (name === "nowhere" ? name : at(name)));
    await expect(run(...folders, "--outdir", at("none"))).rejects.toThrow(said);
  });
});

test("a report's file means its folder, and what is wrong with a report is said with it", async () => {
  const folders = await run(at("church"), "--json", "--outdir", at("by-folder"));
  const files = await run(at("church/report.json"), "--json", "--outdir", at("by-file"));
  expect(JSON.parse(files.said).inputs).toEqual(JSON.parse(folders.said).inputs);
  await expect(run(at("new"), at("new/report.json"), "--outdir", at("none"))).rejects.toThrow(/is named twice/);
  await mkdir(at("cut"));
  await copyFile(at("new/report.json"), at("cut/report.json"));
  await writeFile(at("cut/tensors.safetensors"), (await readFile(at("new/tensors.safetensors"))).subarray(0, 100));
  await expect(run(at("church"), at("cut"), "--outdir", at("none"))).rejects.toThrow(
    new RegExp(`^In "${at("cut")}": .*damaged`, "s"),
  );
});

describe("a report that is none", () => {
  const files = async () => ({
    report: await readFile(join(at("new"), "report.json"), "utf8"),
    tensors: await readFile(join(at("new"), "tensors.safetensors")),
    blocks: await readFile(join(at("new"), "blocks.safetensors")),
  });

  test("is told", async () => {
    const good = await files();
    expect(await openReport(good, "new")).toHaveLength(2);
    await expect(openReport({ ...good, report: "{" }, "new")).rejects.toThrow("report of new is no JSON");
    await expect(openReport({ ...good, report: "{}" }, "new")).rejects.toThrow("not that of a dissection");
    const later = JSON.stringify({ ...JSON.parse(good.report), schemaVersion: 2 });
    await expect(openReport({ ...good, report: later }, "new")).rejects.toThrow("report of new is of version 2");
    await expect(openReport({ ...good, report: "null" }, "new")).rejects.toThrow("not that of a dissection");
    await expect(openReport({ ...good, tensors: good.tensors.subarray(0, 100) }, "new")).rejects.toThrow(/damaged/);
    await expect(openReport({ ...good, tensors: good.blocks }, "new")).rejects.toThrow(/needs|has no table/);
    await expect(openReport({ ...good, blocks: good.tensors }, "new")).rejects.toThrow(/has no table "labels"/);
  });
});
