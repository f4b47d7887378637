import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Summary } from "../../../src/cli/summary.ts";
import { findChrome } from "../../../src/node/chrome.ts";
import { built } from "../../built.ts";
import { EMBEDDED, GOLDEN, interruptAt, run, SLOW, start } from "../ganatomy.ts";

let home: string;
beforeAll(async () => {
  await built();
  home = await mkdtemp(join(tmpdir(), "ganatomy-cli-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const SMALL = ["--size", "4", "--layers", "layer4", "--examples", "2"];
/** No search for levels: one pass less over the images. */
const QUICK = ["--layers", "layer4", "--quantile-threshold", "0.01", "--examples", "2"];
const filesOf = async (folder: string): Promise<string[]> => (await readdir(folder, { recursive: true })).sort();
const json = async (...path: string[]): Promise<unknown> => JSON.parse(await readFile(join(...path), "utf8"));

/**
 * Equal in all but the last digits of fractions: two versions of V8 need not agree on those of a
 * logarithm.
 */
function expectClose(actual: unknown, expected: unknown, path = "$"): void {
  if (typeof actual === "number" && typeof expected === "number" && !Number.isInteger(expected)) {
    expect(Math.abs(actual - expected), path).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(expected)));
  } else if (typeof expected === "object" && expected !== null) {
    expect(Object.keys(actual as object), path).toEqual(Object.keys(expected));
    for (const [key, value] of Object.entries(expected)) {
      expectClose((actual as Record<string, unknown>)[key], value, `${path}.${key}`);
    }
  } else {
    expect(actual, path).toBe(expected);
  }
}

describe("a dissection of the embedded model", () => {
  let outdir: string;
  let summary: Summary & { outdir: string; files: number; seconds: number };
  beforeAll(async () => {
    outdir = join(home, "node");
    const { status, stdout, stderr } = await run(["dissect", ...SMALL, "--json", "--outdir", outdir], { env: SLOW });
    expect([status, stderr]).toEqual([0, expect.stringContaining("report.html")]);
    summary = JSON.parse(stdout); // stdout is JSON and nothing else, or this throws
  });

  test("leaves a report", async () => {
    const files = await filesOf(outdir);
    expect(files).toEqual(
      expect.arrayContaining(["dissect.json", "report.json", "report.html", "tensors.safetensors", "units.csv"]),
    );
    expect(files.filter((path) => /^layer4\/image\/\d+-top\.jpg$/.test(path))).toHaveLength(128);
    expect(files.filter((path) => path.endsWith(".tmp"))).toEqual([]);
    expect(await json(outdir, "report.json")).toMatchObject({
      model: { name: "scenes64", resolution: 64 },
      settings: { layers: ["layer4"], size: 4, seed: 1, trainSeed: 2, quantileThreshold: "iqr", examples: 2 },
      provenance: {
        generator: { name: "ganatomy" },
        weights: [{ role: "generator", source: "scenes64" }, { role: "segmenter" }],
      },
    });
  });

  test("is summed up in JSON that agrees with it", async () => {
    const report = (await json(outdir, "report.json")) as {
      layers: { interpretable: number; units: { unit: number; iou: number }[] }[];
    };
    expect(summary).toMatchObject({ complete: true, outdir, model: { name: "scenes64" } });
    const [layer] = summary.layers;
    expect(layer).toMatchObject({
      layer: "layer4",
      shape: [8, 8],
      units: 128,
      interpretable: report.layers[0]!.interpretable,
    });
    const named = layer!.concepts.flatMap(({ units }) => units);
    expect(named).toHaveLength(layer!.interpretable);
    for (const { unit, iou } of named) expect(iou).toBeCloseTo(report.layers[0]!.units[unit]!.iou, 6);
    expect(summary.files).toBe((await filesOf(outdir)).filter((path) => /\./.test(path.slice(1))).length);
  });

  test("in headless Chrome gives the same tables", async () => {
    expect(findChrome()).toBeDefined();
    const chrome = join(home, "chrome");
    const { status, stdout, stderr } = await run(["dissect", ...SMALL, "--chrome", "--json", "--outdir", chrome]);
    expect([status, stderr]).toEqual([0, expect.stringContaining("Running in Chrome")]);
    expectClose(await json(chrome, "dissect.json"), await json(outdir, "dissect.json"));
    expectClose(JSON.parse(stdout).layers, summary.layers);
    expect((await filesOf(chrome)).filter((path) => path !== ".ganatomy")).toEqual(
      (await filesOf(outdir)).filter((path) => path !== ".ganatomy"),
    );
  });
});

test("a model from a server and a segmenter from a folder; a table for people", async () => {
  const bytes = await readFile(join(GOLDEN, "progan-tiny.zip.pth"));
  const server = createServer((_, response) => response.end(bytes)); // one that knows no ranges
  await once(server.listen(0, "127.0.0.1"), "listening");
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/church.pth?token=secret`;
    await cp(EMBEDDED, join(home, "upp"), { recursive: true });
    const args = ["dissect", "--model", url, "--segmenter", "upp", "--quantile-threshold", "0.01", "--size", "2"];
    const { status, stdout, stderr } = await run(args, { cwd: home });
    expect([status, stderr]).toEqual([0, expect.stringMatching(/church\.pth \(kB\): 100 % \((\d+) of \1\)/)]);
    expect(stderr).toContain("No --layers given, so layer4");
    expect(stdout).toMatch(/^layer4 {2}\d+×\d+, \d+ of \d+ units interpretable, \d+ concepts\n/);
    const report = await readFile(join(home, "dissect/church/report.json"), "utf8");
    expect(JSON.parse(report)).toMatchObject({
      model: { name: "church", resolution: 32 },
      segmenter: { name: "upp" },
      provenance: { weights: [{ bytes: bytes.length }, {}] },
    });
    expect(report).not.toContain("secret");
  } finally {
    server.close();
  }
});

describe.skipIf(process.platform === "win32")("Ctrl-C", () => {
  test("while images are scored leaves the scores of those that were", async () => {
    const outdir = join(home, "scores");
    const args = ["dissect", ...QUICK, "--size", "10", "--batch", "2", "--json", "--outdir", outdir];
    const { status, stdout, stderr } = await interruptAt(/scores: \d/, args);
    expect([status, stderr]).toEqual([130, expect.stringContaining("Interrupted: the report holds what was finished")]);
    expect(JSON.parse(stdout)).toMatchObject({ complete: false, layers: [{ units: 128 }] });
    const { settings } = (await json(outdir, "report.json")) as { settings: { size: number } };
    expect([2, 4, 6, 8]).toContain(settings.size);
    expect(await filesOf(outdir)).toEqual(
      expect.arrayContaining(["dissect.json", "report.html", "tensors.safetensors"]),
    );
  });

  test("while strips are drawn leaves all scores and the pictures so far", async () => {
    const outdir = join(home, "pictures");
    const args = ["dissect", ...QUICK, "--size", "2", "--strip-height", "512", "--json", "--outdir", outdir];
    const { status, stdout, stderr } = await interruptAt(/draw strips: \d+ %/, args);
    expect([status, stderr]).toEqual([130, expect.stringContaining("Interrupted: the report holds what was finished")]);
    expect(JSON.parse(stdout)).toMatchObject({ complete: false, layers: [{ units: 128 }] });
    const files = await filesOf(outdir);
    expect(files).toEqual(expect.arrayContaining([".ganatomy", "dissect.json", "report.html", "report.json"]));
    const drawn = files.filter((path) => /^layer4\/image\/\d+-top\.jpg$/.test(path)).length;
    expect(drawn).toBeGreaterThan(0);
    expect(drawn).toBeLessThan(128);
    expect(files.filter((path) => path.endsWith(".tmp"))).toEqual([]);
    expect(await json(outdir, "report.json")).toMatchObject({ layers: [{ layer: "layer4" }] });
  });

  test("before there is anything leaves the disk as it was", async () => {
    const work = start(["dissect", ...SMALL, "--size", "1000", "--outdir", join(home, "early/dissect")]);
    await work.said(/Running on/);
    work.interrupt();
    const { status, stderr } = await work.ended;
    expect([status, stderr]).toEqual([130, expect.stringContaining("Interrupted before there was anything to write")]);
    expect(await filesOf(home)).not.toContain("early");
  });

  test("twice ends at once", async () => {
    const work = start(["dissect", ...SMALL, "--size", "1000", "--outdir", join(home, "twice")], { env: SLOW });
    await work.said(/Running on/);
    work.interrupt();
    await work.said(/Stopping\./);
    await new Promise((resolve) => setTimeout(resolve, 600)); // sooner it would count as one
    work.interrupt();
    expect((await work.ended).status).toBe(130);
    expect(await readdir(home)).not.toContain("twice"); // nothing was written
  });
});

describe("bad input", () => {
  /** Files that are not what they should be. */
  let bad: string;
  beforeAll(async () => {
    bad = join(home, "bad");
    await mkdir(join(bad, "labels"), { recursive: true });
    await mkdir(join(bad, "nothing"));
    await mkdir(join(bad, "foreign"));
    await writeFile(join(bad, "foreign/thesis.tex"), "mine");
    await writeFile(join(bad, "text.pth"), "I am no checkpoint, whatever my name says.\n");
    await writeFile(join(bad, "empty.pth"), "");
    await cp(join(GOLDEN, "progan-tiny.legacy.pth"), join(bad, "truncated.pth"));
    await truncate(join(bad, "truncated.pth"), 20_000);
    await cp(EMBEDDED, join(bad, "labels"), { recursive: true });
    const labels = (await json(bad, "labels/labels.json")) as Record<string, unknown>;
    await writeFile(join(bad, "labels/labels.json"), JSON.stringify({ ...labels, object: ["-", "sky"] }));
  });

  test.each([
    [2, ["--layers", "layer99"], /layer99.*layer1, layer2/s],
    [2, ["--model", "text.pth"], /Which segmenter\?.*--segmenter DIR/s],
    [4, ["--segmenter", "nowhere"], /"nowhere" is neither a folder/],
    [4, ["--model", "nothing", "--segmenter", "scenes64"], /is a folder/],
    [4, ["--model", "nowhere.pth", "--segmenter", "scenes64"], /"nowhere\.pth" is not there/],
    [4, ["--model", "text.pth", "--segmenter", "scenes64"], /text\.pth/],
    [4, ["--model", "empty.pth", "--segmenter", "scenes64"], /is empty/],
    [4, ["--model", "truncated.pth", "--segmenter", "scenes64"], /truncated\.pth/],
    [4, ["--model", join(EMBEDDED, "segmenter.safetensors"), "--segmenter", "scenes64"], /error: /],
    [4, ["--model", "http://127.0.0.1:9/church.pth", "--segmenter", "scenes64"], /could not be fetched/],
    [4, ["--segmenter", "nothing"], /holds no segmenter/],
    [4, ["--segmenter", "labels"], /label/],
    [5, ["--outdir", "foreign"], /not empty.*thesis\.tex/],
    [5, ["--outdir", "text.pth"], /a file is in the way/],
  ])("exit status %i for %j", async (expected, args, said) => {
    const { status, stdout, stderr } = await run(["dissect", "--size", "2", ...args], { cwd: bad });
    expect([status, stdout, stderr]).toEqual([expected, "", expect.stringMatching(said)]);
    expect(stderr).toMatch(/\n {2}fix: \S/);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(await filesOf(bad)).not.toContain("dissect"); // no empty folders are left behind
  });

  test("no adapter", async () => {
    const { status, stderr } = await run(["dissect", "--size", "2"], {
      cwd: bad,
      env: { VK_DRIVER_FILES: join(bad, "no.json") },
    });
    expect([status, stderr]).toEqual([3, expect.stringMatching(/offer no WebGPU adapter/)]);
  });

  test("no Chrome", async () => {
    const { status, stderr } = await run(["dissect", "--chrome"], {
      cwd: bad,
      env: { GANATOMY_CHROME: join(bad, "chrome") },
    });
    expect([status, stderr]).toEqual([3, expect.stringMatching(/No Chrome.*GANATOMY_CHROME/s)]);
  });
});
