import { cp, mkdir, mkdtemp, readdir, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodePhoto } from "../../../src/node/photo/decode.ts";
import { nodeEncoder } from "../../../src/node/photo/encoder.ts";
import { writeReport } from "../../../src/report/write.ts";
import { fixture, PROVENANCE } from "../../report/fixture.ts";
import { runHere } from "../in-process.ts";

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const { dissection, pictures } = fixture();
const UNITS = dissection.layers[0]!.units.length;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "export-"));
  const write = async (path: string, data: Uint8Array | string) => {
    await mkdir(dirname(at("report", path)), { recursive: true });
    await writeFile(at("report", path), data);
  };
  await writeReport({ write }, dissection, pictures(), { encoder: nodeEncoder(), provenance: PROVENANCE });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...args: string[]) => runHere("export", ...args);

const filesOf = async (path: string) =>
  (await readdir(path, { recursive: true })).filter((name) => /\.\w+$/.test(name) && !name.startsWith("."));

describe("export", () => {
  const layers = ["layer4", "layer6"];
  const projector = layers.flatMap((layer) => ["tsv", "units.tsv", "png"].map((end) => `projector/${layer}.${end}`));
  const all = [
    ...["tables.npz", "units.parquet", "concepts.parquet"],
    ...["concepts.vl.json", "scores.vl.json", "agreement.vl.json"],
    ...[...projector, "projector/projector.json", "projector/projector_config.pbtxt"],
  ];

  test("writes all forms, and says which files", async () => {
    const { status, said } = await run(at("report"), "--outdir", at("all"));
    expect(status).toBe(0);
    expect(said.trimEnd().split("\n")).toEqual(all);
    expect((await filesOf(at("all"))).sort()).toEqual([...all].sort());
  });

  test("writes those that are asked for, and those of another run go", async () => {
    await run(at("report"), "--outdir", at("some"), "--format", "npz,vega-lite", "parquet");
    expect(await filesOf(at("some"))).toHaveLength(6);
    const { said } = await run(at("report"), "--outdir", at("some"), "--format", "npz", "--json");
    expect(JSON.parse(said)).toEqual({ complete: true, outdir: at("some"), files: ["tables.npz"] });
    expect(await filesOf(at("some"))).toEqual(["tables.npz"]);
  });

  test.each([
    ["nothing", "", "is no JSON"],
    ["half", '{"schemaVersion":', "is no JSON"],
    ["another", "{}", "is not that of a dissection"],
  ])("a report.json that is %s is no option's fault, and told with its folder", async (name, text, said) => {
    await mkdir(at(name));
    await writeFile(at(name, "report.json"), text);
    await cp(at("report", "tensors.safetensors"), at(name, "tensors.safetensors"));
    const refused = run(at(name), "--outdir", at("none"));
    await expect(refused).rejects.toMatchObject({ code: "file", message: expect.stringContaining(said) });
    await expect(refused).rejects.toThrow(`"${at(name)}"`);
  });

  test("a report without its tables says so", async () => {
    await mkdir(at("half a copy"));
    await cp(at("report", "report.json"), at("half a copy", "report.json"));
    await expect(run(at("half a copy"))).rejects.toMatchObject({
      code: "not-found",
      fix: "Copy all of the report's files, or dissect again.",
    });
  });

  test("a folder of a single edit says what it lacks", async () => {
    await mkdir(at("edit"));
    await writeFile(at("edit", ".ganatomy"), '{"writtenBy":"ganatomy","kind":"edits","files":[]}\n');
    await expect(run(at("edit"))).rejects.toThrow(/holds no curve, loss or context: .* `ganatomy ablate --curve`/);
  });

  test("a sprite has a unit's first picture, as the report shows it, in as many rows as columns", async () => {
    await run(at("report"), "--outdir", at("sprite"), "--format", "projector");
    const sprite = decode(await readFile(at("sprite", "projector", "layer4.png")));
    const across = Math.ceil(Math.sqrt(UNITS));
    expect([sprite.width, sprite.height, sprite.channels]).toEqual([64 * across, 64 * across, 3]);
    const strip = await decodePhoto(await readFile(at("report", "layer4", "s-image", "5-top.jpg")), "5-top.jpg");
    const [x, y] = [(5 % across) * 64, Math.floor(5 / across) * 64];
    for (const [column, row] of [
      [0, 0],
      [31, 17],
      [63, 63],
    ] as const) {
      const from = 3 * ((y + row) * sprite.width + x + column);
      const pixel = [...sprite.data.slice(from, from + 3)];
      const wanted = [...strip.rgb.slice(3 * (row * 64 + column), 3 * (row * 64 + column) + 3)];
      expect(pixel).toEqual(wanted);
    }
  });

  test("a report without pictures has points without sprites, and one picture less is none", async () => {
    await unlink(at("report", "layer6", "s-image", "1-top.jpg"));
    await rm(at("report", "layer4", "s-image"), { recursive: true });
    const { said } = await run(at("report"), "--outdir", at("bare"), "--format", "projector");
    expect(said).not.toContain("layer4.png");
    expect(said).toContain("layer6.png");
  });

  test("a report's file means its folder, and what is wrong with a report is said with it", async () => {
    const { said } = await run(at("report", "report.json"), "--outdir", at("by-file"), "--format", "npz");
    expect(said).toBe("tables.npz\n");
    await cp(at("report"), at("cut"), { recursive: true });
    const tensors = await readFile(at("report", "tensors.safetensors"));
    await writeFile(at("cut", "tensors.safetensors"), tensors.subarray(0, 100));
    await expect(run(at("cut"), "--outdir", at("no"))).rejects.toThrow(`In "${at("cut")}": `);
    await expect(run(at("cut", "tensors.safetensors"))).rejects.toThrow(`Give its folder, "${at("cut")}".`);
  });

  test("refuses a report of no layers", async () => {
    await cp(at("report"), at("bare"), { recursive: true });
    const report = JSON.parse(await readFile(at("report", "report.json"), "utf8"));
    await writeFile(at("bare", "report.json"), JSON.stringify({ ...report, layers: [] }));
    await expect(run(at("bare"), "--outdir", at("no"))).rejects.toThrow(`The report in "${at("bare")}" has no layers.`);
    expect(await readdir(folder)).not.toContain("no");
  });

  test.each([
    [["nowhere"], /"nowhere" is not there/],
    [["report", "--format", "arrow"], /Allowed choices are npz, parquet, vega-lite, projector/],
  ])("refuses %s", async (args, message) => {
    await expect(run(...args.map((arg) => (arg === "report" ? at(arg) : arg)), "--outdir", at("no"))).rejects.toThrow(
      message,
    );
  });
});
