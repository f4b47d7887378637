import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { buildRevision, environmentOf } from "../../bench/before/builds.mjs";
import { caseOf } from "../../bench/before/cases.mjs";
import { childSeconds } from "../../bench/before/children.mjs";
import { lastLine, measure } from "../../bench/before/measure.mjs";
import { compare, compareUnits, parseCsv, parseTensors } from "../../bench/before/outputs.mjs";
import { heading, paired, rows } from "../../bench/before/pairs.mjs";
import { writeSafetensors } from "../../src/weights/safetensors.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const tensors = (numbers: readonly number[], levels: readonly number[] = [1]) =>
  writeSafetensors({
    "layer4.iou": { dtype: "float32", shape: [numbers.length], data: Float32Array.from(numbers) },
    "layer4.level": { dtype: "float64", shape: [levels.length], data: Float64Array.from(levels) },
  });

describe("runs in turns", () => {
  const runs = [
    { before: { wall: 10, cpu: 8, rss: 100 }, after: { wall: 5, cpu: 8, rss: 100, first: 1 } },
    { before: { wall: 40, cpu: 9, rss: 100 }, after: { wall: 16, cpu: 8, rss: 120 } },
    { before: { wall: 12, cpu: 8, rss: 101 }, after: { wall: 4, cpu: 4, rss: 110 } },
  ];

  it("are compared pair by pair: what slows a pair's both runs does not count", () => {
    const { wall, cpu } = paired(runs) as Record<string, Record<string, unknown>>;
    expect(wall).toMatchObject({ ratio: 2.5, ratioOfMin: 2.5 });
    expect(wall!["before"]).toEqual({ median: 12, min: 10, values: [10, 40, 12] });
    expect(wall!["after"]).toEqual({ median: 5, min: 4, values: [5, 16, 4] });
    expect(cpu).toMatchObject({ ratio: 1.125, ratioOfMin: 2 });
  });

  it("have only the numbers that every run of both has", () => {
    expect(Object.keys(paired(runs))).toEqual(["wall", "cpu", "rss"]);
  });

  it("are a table: a row a number, and what became of the output", () => {
    const said = rows({ case: "dissect", metrics: paired(runs), outputs: { "units.csv": "equal" } } as never).split(
      "\n",
    );
    expect(said).toHaveLength(4);
    expect(said[0]!.split(/\s{2,}/)).toEqual(["dissect", "wall s", "12.00", "5.00", "10.00", "4.00", "2.50", "2.50"]);
    expect(said[3]).toBe("  units.csv: equal");
    expect(rows({ case: "dissect", error: "It ended with 1" } as never)).toBe("dissect: It ended with 1");
    const told = heading({ before: "v1", after: "now", adapter: "default", runs: 3, load: 0.25 });
    expect(told).toContain("before: v1; after: now; default; 3 runs in turns; load 0.3");
  });
});

describe("outputs", () => {
  it("that are the same are equal", () => {
    expect(compare("units.csv", bytes("a\n1\n"), bytes("a\n1\n"))).toMatch(/^equal \(sha256 [0-9a-f]{12}…\)$/);
  });

  it("in CSV say in which columns they differ, and how far", () => {
    const a = bytes('layer,label,iou\nlayer4,"a ""b"", c",0.5\nlayer4,tree,0.25\n');
    const b = bytes('layer,label,iou\nlayer4,"a ""b"", c",0.5\nlayer4,sky,0.2\n');
    expect(compare("units.csv", a, b)).toBe("differ: label in 1 of 2 rows; iou in 1 of 2 rows, by 2.0e-1 at most");
    expect(compare("units.csv", a, bytes("layer,label\n"))).toBe("differ in their columns");
    expect(parseCsv('a,b\n"x, ""y""\nz",\n')).toEqual([
      ["a", "b"],
      ['x, "y"\nz', ""],
    ]);
  });

  it("in safetensors say in which numbers they differ, and how far", () => {
    // As it is read from a disk: a Buffer, whose slices are views.
    const parsed = [...parseTensors(Buffer.from(tensors([1, 2])))].map(([name, data]) => [name, [...data]]);
    expect(Object.fromEntries(parsed)).toEqual({ "layer4.iou": [1, 2], "layer4.level": [1] });
    const said = compare("t.safetensors", tensors([1, Number.NaN, 4, 8]), tensors([1, Number.NaN, 5, 8]));
    expect(said).toBe("differ: layer4.iou in 1 of 4, by 2.0e-1 at most");
    expect(compare("t.safetensors", tensors([1]), tensors([1, 2]))).toBe("differ: layer4.iou has 1 and 2 numbers");
    expect(compare("t.safetensors", tensors([0]), tensors([Number.NaN]))).toContain("by Infinity at most");
  });

  it("that nobody can read only differ", () => {
    expect(compare("image_0.png", bytes("a"), bytes("b"))).toMatch(/^differ \(sha256 /);
  });

  it("agree with the published program's on the units of one label", () => {
    const csv =
      "layer,unit,label,iou,level\nlayer4,0,tree,0.5,2\nlayer4,1,,0.01,4\nlayer4,2,sky,0.3,1\nlayer4,3,sky,0.3,1\n";
    const unit = (unit: number, iou_label: string, iou: number, level: number) => ({ unit, iou_label, iou, level });
    const units = [
      unit(0, "tree", 0.49, 2.1),
      unit(1, "-", 0.01, 4),
      unit(2, "door", 0.9, 0),
      unit(3, "sky", 0.26, 1.4),
    ];
    const agreed = compareUnits(csv, { layers: [{ layer: "layer4", units }] });
    expect(agreed).toMatchObject({ units: 4, same: 3 });
    expect(agreed.level).toBeCloseTo(0.1 / 4);
    expect(agreed.iou).toBeCloseTo(0.01);
  });
});

describe("a case's name", () => {
  it("says how many images, and whether there are pictures", () => {
    expect(caseOf("dissect")).toMatchObject({ size: 200, pictures: true });
    expect(caseOf("dissect-64").command("/r", "/o")).toEqual([
      join("/r", "dist/cli.js"),
      "dissect",
      "--size",
      "64",
      "--outdir",
      "/o",
    ]);
    const bare = caseOf("dissect-48-no-pictures");
    expect(bare).toMatchObject({ size: 48, pictures: false, files: ["units.csv", "tensors.safetensors"] });
    expect(bare.command("/r", "/o").slice(1)).toEqual([join("/r", "dist"), "dissect", "48", "/o"]);
  });

  it("says what of a page is waited for, and whether somebody was there before", () => {
    const page = (name: string) => caseOf(name).command("/r", "/o").slice(1);
    expect(page("page-first-picture")).toEqual(["/r", "picture", "200", "1", "/o"]);
    expect(page("page-first-partial-24-warm")).toEqual(["/r", "partial", "24", "3", "/o"]);
  });

  test.each([
    "dissect-0",
    "dissect-",
    "dissect-x",
    "dissect-no",
    "backward",
    "page-first-picture-3",
    "page-first-partial-0",
  ])("%s is none", (name) => {
    expect(() => caseOf(name)).toThrow("There is no case");
  });
});

describe("what a process used", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "ganatomy-test-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /**
   * Keeps a core busy for so many milliseconds of CPU time, if they count as its own; for as long
   * by the clock otherwise.
   */
  const busy = (ms: number) =>
    `for (const end = Date.now() + 100 * ${ms}; process.cpuUsage().user < 1000 * ${ms} && Date.now() < end;);`;
  const run = (code: string) => measure({ command: () => ["-e", code] } as never, { root: "" } as never, folder);

  it("counts threads", async () => {
    const worker = `new (require("node:worker_threads").Worker)(${JSON.stringify(busy(400))}, { eval: true });`;
    const { cpu, wall, rss } = (await run(worker)) as Record<string, number>;
    expect(cpu).toBeGreaterThan(0.4);
    expect(cpu).toBeLessThan(3);
    expect(wall).toBeGreaterThan(0);
    expect(rss).toBeGreaterThan(20);
    expect(rss).toBeLessThan(2000);
  });

  test.runIf(process.platform === "linux")("counts children that have ended", async () => {
    const child = `require("node:child_process").execFileSync(process.execPath, ["-e", ${JSON.stringify(busy(400))}]);`;
    const { cpu } = (await run(child)) as Record<string, number>;
    expect(cpu).toBeGreaterThan(0.4);
  });

  it("goes with the numbers in JSON that it ends with", async () => {
    expect(await run('console.log("hello"); console.log(JSON.stringify({ work: 1.5 }))')).toMatchObject({ work: 1.5 });
    expect(lastLine('{\n "a": 1\n}\n')).toEqual({});
    expect(lastLine("")).toEqual({});
  });

  it("is not known of one that fails, which says why", async () => {
    await expect(run('console.error("no weights"); process.exit(3)')).rejects.toThrow("It ended with 3: no weights");
  });
});

describe("what is compared", () => {
  it("reads a process's children after its name, whatever that is", () => {
    // from the third on: the state is 0
    const fields = Array.from({ length: 50 }, (_, i) => `${i}`);
    expect(childSeconds(`42 (a) b (c) ${fields.join(" ")}`)).toBeCloseTo((13 + 14) / 100);
  });

  it("is a revision that git knows, and an adapter that is there", async () => {
    await expect(buildRevision("no-such-revision", tmpdir())).rejects.toThrow("git knows no revision no-such-revision");
    await expect(environmentOf("voodoo", tmpdir())).rejects.toThrow("There is no adapter voodoo");
    expect(await environmentOf("default", tmpdir())).toEqual({});
  });
});
