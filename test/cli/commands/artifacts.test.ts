import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import { goldenScenes } from "../../compare/golden.ts";
import { EMBEDDED, run, start } from "../ganatomy.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-artifacts-"));
  // Scenes of the golden files, among what folders of photographs have besides.
  const rgb = await goldenScenes();
  for (const [folder, count] of [["scenes", 24] as const, ["few", 3] as const]) {
    await mkdir(join(home, folder));
    for (let i = 0; i < count; i += 1) {
      const data = rgb.subarray(12_288 * i, 12_288 * (i + 1));
      const png = encode({ width: 64, height: 64, channels: 3, depth: 8, data });
      await writeFile(join(home, `${folder}/scene_${String(i).padStart(2, "0")}.png`), png);
    }
  }
  await writeFile(join(home, "scenes/notes.txt"), "Made by a program.");
  await writeFile(join(home, "scenes/broken.png"), "These are no pixels.");
});
afterAll(() => rm(home, { recursive: true, force: true }));

const SMALL = ["--layer", "layer9", "--features", "scenes64:c2", "--size", "10", "--top", "4", "--rank-size", "4"];
const ARGS = ["artifacts", "--real", "scenes", ...SMALL, "--ablate", "2", "--draws", "5"];
const FOLDER = "artifacts/scenes64/layer9";

test("it is stopped, goes on, says what it found, and ablate reads its marks", async () => {
  const stopped = start(ARGS, { cwd: home });
  await stopped.said(/ablations: 0 %/);
  stopped.interrupt();
  const ended = await stopped.ended;
  expect([ended.status, ended.stderr]).toEqual([130, expect.stringContaining("goes on from there")]);
  const { status, stdout, stderr } = await run([...ARGS, "--json"], { cwd: home });
  expect([status, stderr]).toEqual([0, expect.stringMatching(/[1-9]\d* measurements of an earlier run are in/)]);
  expect(stderr).toContain("10 images of scenes64, seed 1 were measured before");
  expect(stderr).toContain("notes.txt");
  const found = JSON.parse(stdout);
  expect(found).toMatchObject({
    model: "scenes64",
    layer: "layer9",
    features: { network: "scenes64", tensor: "c2", d: 64 },
    segmenter: "scenes64",
    ...{ size: 10, seed: 1, top: 4, rankSize: 4 },
    real: { name: "scenes", ranking: 10, judging: 10, skipped: [{ file: "broken.png" }] },
    judged: { images: 10, seed: 2, rankings: [{ name: "score" }, { name: "ablation" }] },
  });
  expect(found.notes[0]).toMatch(/10 images for vectors of 64 numbers/);
  const [score, ablation] = found.judged.rankings;
  const first = (of: (unit: { score: number; change: number }) => number) =>
    [...found.units]
      .sort((a, b) => of(a) - of(b))
      .slice(0, 2)
      .map(({ unit }) => unit);
  expect(found.units).toHaveLength(32);
  expect(score.units).toEqual(first((unit) => -unit.score));
  expect(ablation.units).toEqual(first(({ change }) => change));
  expect(found.judged.random).toHaveLength(5);
  for (const ablated of [...score.alone, ablation]) {
    expect(ablated).toMatchObject({
      p: expect.any(Number),
      fd: expect.any(Number),
      pixels: { sky: expect.any(Number) },
    });
  }
  expect(found.verdict[0]).toMatch(found.better ? /^By / : /^No ranking did better than chance/);

  const files = await readdir(join(home, FOLDER));
  expect(files).toEqual(expect.arrayContaining(["ablation.marks.json", "artifacts.csv", "score.marks.json"]));
  const { provenance, ...kept } = JSON.parse(await readFile(join(home, FOLDER, "artifacts.json"), "utf8"));
  expect(kept).toEqual(found);
  expect(provenance.command).toContain("artifacts --real scenes");
  const page = await readFile(join(home, FOLDER, "artifacts.html"), "utf8");
  expect(page.match(/class="unit"/g)).toHaveLength(32);

  const marks = `@${FOLDER}/score.marks.json`;
  const ablate = await run(["ablate", "--units", marks, "--size", "2", "--pictures", "0", "--json"], { cwd: home });
  expect([ablate.status, JSON.parse(ablate.stdout)]).toMatchObject([0, { layer: "layer9", units: score.units }]);
});

test.each<readonly [string, readonly string[], number, RegExp]>([
  ["too few real images", ["--real", "few", ...SMALL], 4, /There are 3 photographs in "few"/],
  ["more units than there are", ["--real", "scenes", ...SMALL, "--ablate", "33"], 2, /layer9 has 32 units/],
  [
    "more images of a unit than there are",
    ["--real", "scenes", ...SMALL, "--top", "11"],
    2,
    /The first 11 of 10 images/,
  ],
  ["no real images", ["--real", join(EMBEDDED, "generator.safetensors")], 4, /safetensors" holds no real images/],
  ["real images that are not there", ["--real", "scenes64"], 4, /"scenes64" is not there/],
  ["another ranking", ["--real", "few", "--rank", "iou"], 2, /ranked by score, ablation/],
  ["a layer that is none", ["--real", "scenes", "--layer", "layer99"], 2, /layer99/],
])("%s: refused", async (_, args, status, message) => {
  const ended = await run(["artifacts", ...args, "--outdir", "refused"], { cwd: home });
  expect([ended.status, ended.stderr]).toEqual([status, expect.stringMatching(message)]);
});
