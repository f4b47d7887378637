import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pictureExtent, stripPictures } from "../../../src/cli/report/strips.ts";
import { nodeEncoder } from "../../../src/node/photo/encoder.ts";
import { KnownLabels } from "../../../src/report/from-gandissect.ts";
import { writeReport } from "../../../src/report/write.ts";
import { fixture, PROVENANCE } from "../../report/fixture.ts";
import { runHere } from "../in-process.ts";

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const { dissection, pictures } = fixture();

/** A run of gandissect: its files, and none of ours. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "report-"));
  const write = async (path: string, data: Uint8Array | string) => {
    if (!path.includes("/") && path !== "dissect.json") return;
    await mkdir(dirname(at("run", path)), { recursive: true });
    await writeFile(at("run", path), data);
  };
  await writeReport({ write }, dissection, pictures(), { encoder: nodeEncoder(), provenance: PROVENANCE });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...args: string[]) => runHere("report", ...args);

/** What a page holds. */
async function dataOf(path: string) {
  const html = await readFile(path, "utf8");
  return { html, data: JSON.parse(/<script id="data" type="application\/json">(.*?)<\/script>/s.exec(html)![1]!) };
}

describe("report", () => {
  test("shows a run of gandissect on the page that our own have", async () => {
    const { status, noted } = await run(at("run"), "--outdir", at("page"));
    expect(status).toBe(0);
    expect(noted).toContain("Open ");
    expect(noted).not.toContain("no pictures");
    const { data, html } = await dataOf(at("page", "report.html"));
    expect(data.report.layers.map(({ layer }: { layer: string }) => layer)).toEqual(["layer4", "layer6"]);
    const shown = new Set(
      dissection.layers.flatMap(({ units }) => units.flatMap(({ top }) => top.map(({ image }) => image))),
    );
    expect(data.pictures.files).toHaveLength(shown.size);
    expect(data.pictures.shape).toEqual([64, 64]);
    expect(html).toContain("gandissect, shown by ganatomy");
    expect(html).toContain("masks of its pictures stand for them");
    expect(data.masksAlone).toBe(true);
    expect(html).toContain("<dt>Images</dt><dd>64 × 64</dd>");
    const [unit] = dissection.layers[0]!.units;
    expect(data.report.layers[0].units[0]).toMatchObject({ level: expect.closeTo(unit!.level, 4), mi: null });
  });

  test("stopped, it names no page to open", async () => {
    const ended = run(at("run"), "--outdir", at("stopped"));
    await new Promise((resolve) => setImmediate(resolve));
    process.emit("SIGINT");
    const { status, noted } = await ended;
    expect([status, noted]).toEqual([130, expect.not.stringContaining("Open ")]);
  });

  test("an --outdir of others is told with what is in it and --force", async () => {
    await mkdir(at("full"));
    await writeFile(at("full", ".ganatomy"), '{"writtenBy":"ganatomy","kind":"report","files":[]}\n');
    await expect(run(at("run"), "--outdir", at("full"))).rejects.toMatchObject({
      message: expect.stringContaining("holds no page of ours, but a report"),
      fix: expect.stringContaining("add --force"),
    });
    expect((await run(at("run"), "--outdir", at("full"), "--force")).status).toBe(0);
  });

  test.each([
    ["no JSON", "{", "it is no JSON"],
    ["another form", '{"layers":[1]}', "its layers have another form"],
  ])("a dissect.json of %s is no option's fault", async (name, text, said) => {
    await mkdir(at(name));
    await writeFile(at(name, "dissect.json"), text);
    const message = `"${at(name, "dissect.json")}" is no dissect.json: ${said}.`;
    await expect(run(at(name))).rejects.toMatchObject({ code: "file", message: expect.stringContaining(message) });
  });

  test("a run that is not finished is told from what is none", async () => {
    await mkdir(at("begun"));
    await writeFile(at("begun", ".ganatomy"), '{"writtenBy":"ganatomy","kind":"report","files":[]}\n');
    const begun = `"${at("begun")}" holds no dissect.json: what was begun there is not finished.`;
    await expect(run(at("begun"))).rejects.toThrow(begun);
    await mkdir(at("edited"));
    await writeFile(at("edited", ".ganatomy"), '{"writtenBy":"ganatomy","kind":"edits","files":[]}\n');
    await expect(run(at("edited"))).rejects.toThrow(`"${at("edited")}" holds no dissect.json: it is of edits.`);
    await mkdir(at("without"));
    await expect(run(at("without"))).rejects.toThrow(`"${at("without")}" holds no dissect.json. Name a folder that`);
  });

  test("a run of no layers is refused, and nothing is written", async () => {
    const whole = JSON.parse(await readFile(at("run", "dissect.json"), "utf8"));
    await writeFile(at("run", "empty.json"), JSON.stringify({ ...whole, layers: [] }));
    await expect(run(at("run", "empty.json"), "--outdir", at("empty"))).rejects.toThrow(/has no layers/);
    await expect(readFile(at("empty", "report.html"))).rejects.toThrow("ENOENT");
  });

  test("the file itself names the run, as Python writes what is no number", async () => {
    const text = await readFile(at("run", "dissect.json"), "utf8");
    await writeFile(at("run", "nan.json"), text.replace(/"level": [^,]+/, '"level": NaN'));
    expect((await run(at("run", "nan.json"), "--outdir", at("nan"))).status).toBe(0);
    const { data } = await dataOf(at("nan", "report.html"));
    expect(data.report.layers[0].units[0].level).toBeNull();
  });

  test("the model and the thresholds are those of the run", async () => {
    const found = JSON.parse(await readFile(at("run", "dissect.json"), "utf8"));
    const own = { ...found, netname: "church", quantile_threshold: 0.01, iou_threshold: [0.04] };
    await writeFile(at("run", "own.json"), JSON.stringify(own));
    expect((await run(at("run", "own.json"), "--outdir", at("own"))).status).toBe(0);
    const { model, settings } = (await dataOf(at("own", "report.html"))).data.report;
    expect(model.name).toBe("church");
    expect(settings).toMatchObject({ quantileThreshold: 0.01, iouThreshold: 0.04 });
  });

  test("report.json stands for its folder", async () => {
    await writeFile(at("run", "report.json"), "{}");
    expect((await run(at("run", "report.json"), "--outdir", at("by-file"))).status).toBe(0);
    await rm(at("run", "report.json"));
  });

  test("units without strips are said", async () => {
    await mkdir(at("bare"));
    await writeFile(at("bare", "dissect.json"), await readFile(at("run", "dissect.json")));
    const { status, noted } = await run(at("bare"), "--outdir", at("bare-page"));
    expect(status).toBe(0);
    expect(noted).toContain("22 of 22 units have no strips");
    expect((await dataOf(at("bare-page", "report.html"))).html).not.toContain("<dt>Images</dt>");
  });

  test("a pipe in a run's place is refused at once, not waited for", async () => {
    await mkdir(at("piped"));
    execFileSync("mkfifo", [at("piped", "dissect.json"), at("pipe")]);
    const none = ["--outdir", at("no")];
    await expect(run(at("piped"), ...none)).rejects.toThrow(/dissect.json" is no regular file/);
    await expect(run(at("pipe"), ...none)).rejects.toThrow(/is no regular file/);
  });

  test.each([
    ["nowhere", /"nowhere" is not there/],
    ["run/layer4", /holds no dissect.json|no dissect.json/],
    ["run/layer4/bargraph.svg", /is no dissect.json/],
  ])("refuses %s", async (path, message) => {
    const given = path === "nowhere" ? path : at(path === "run/layer4" ? "run/layer4/image" : path);
    await expect(run(given, "--outdir", at("no"))).rejects.toThrow(message);
  });
});

describe("strips", () => {
  test("masks are where the unit is on, labels those of the segmentation's colours, whatever the rank", async () => {
    const json = JSON.parse(await readFile(at("run", "dissect.json"), "utf8"));
    const known = new KnownLabels(json);
    const colors = new Map(Object.entries<string>(json.segcolors).map(([rgb, name]) => [rgb, known.named(name)]));
    const layer = dissection.layers[1]!;
    const extent = (await pictureExtent(at("run", "layer6"), layer.units))!;
    expect(extent).toEqual([64, 64]);
    for await (const { layer: name, unit, tops } of pictures()) {
      if (name !== "layer6" || unit > 2) continue;
      const its = layer.units[unit]!;
      const read = (await stripPictures(at("run", "layer6"), its, { extent, labelOf: (rgb) => colors.get(rgb) ?? 0 }))!;
      expect(read).toHaveLength(tops.length);
      read.forEach(({ picture, feature }, rank) => {
        const { picture: drawn } = tops[rank]!;
        expect(picture.image).toBe(drawn.image);
        // Label maps of 32 pixels in pictures of 64.
        const label = (row: number, column: number) =>
          dissection.labels[drawn.labels[(row >> 1) * 32 + (column >> 1)]!]!.name;
        for (const [row, column] of [
          [0, 0],
          [20, 33],
          [63, 63],
        ] as const) {
          expect(known.labels[picture.labels[row * 64 + column]!]!.name).toBe(label(row, column));
        }
        const on = feature.filter((value) => value > its.level).length;
        expect(on).toBeGreaterThan(0);
        expect(on).toBeLessThan(64 * 64);
        expect(new Set(feature).size).toBe(2);
      });
    }
  });

  test("strips of another size are not taken for these", async () => {
    const [unit] = dissection.layers[1]!.units;
    const options = { extent: [32, 32] as const, labelOf: () => 0 };
    expect(await stripPictures(at("run", "layer6"), unit!, options)).toBeUndefined();
    expect(await pictureExtent(at("run", "layer9"), dissection.layers[1]!.units)).toBeUndefined();
  });
});
