import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Diagnosis } from "../../../src/cli/commands/doctor.ts";
import { openCheckpoint, writeSafetensors } from "../../../src/index.ts";
import { fileSource } from "../../../src/node/files.ts";
import type { Recipe } from "../../../src/session/recipe.ts";
import { built } from "../../built.ts";
import { golden } from "../../networks/generators/goldens.ts";
import { inProcess, scenes64 } from "../../session/places.ts";
import { run, start } from "../ganatomy.ts";

let home: string;
beforeAll(async () => {
  await built();
  home = await mkdtemp(join(tmpdir(), "ganatomy-generate-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

test("generate writes pictures that follow the seed, whatever their number and the batch", async () => {
  const { status, stdout, stderr } = await run(["generate", "--size", "5", "--json"], { cwd: home });
  expect([status, stderr]).toEqual([0, expect.stringContaining("5 pictures in generate/scenes64")]);
  const outdir = join(home, "generate/scenes64");
  const names = [0, 1, 2, 3, 4].map((i) => `image_${i}.png`);
  expect(JSON.parse(stdout)).toMatchObject({ complete: true, size: 5, seed: 1, outdir, files: names });
  expect((await readdir(outdir)).sort()).toEqual([".ganatomy", ...names]);
  const pictures = await Promise.all(names.map(async (name) => decode(await readFile(join(outdir, name)))));
  for (const { width, height, channels, data } of pictures) {
    expect([width, height, channels]).toEqual([64, 64, 3]);
    expect(new Set(data).size).toBeGreaterThan(50); // a picture, not a plain colour
  }

  expect((await run(["generate", "--size", "3", "--batch", "2", "--outdir", "three"], { cwd: home })).status).toBe(0);
  const again = await readFile(join(home, "three/image_2.png"));
  expect(again.equals(await readFile(join(outdir, "image_2.png")))).toBe(true);

  expect((await run(["generate", "--size", "1", "--seed", "2", "--outdir", "other"], { cwd: home })).status).toBe(0);
  expect((await readFile(join(home, "other/image_0.png"))).equals(await readFile(join(outdir, "image_0.png")))).toBe(
    false,
  );
});

test("generate draws given latents of any family, raw too, of chosen classes", async () => {
  const fixtures = fileURLToPath(new URL("../../golden/generators/", import.meta.url));
  const expected = await golden("pgan-labels");
  const z = expected.get("z")!;
  await writeFile(
    join(home, "z.safetensors"),
    writeSafetensors({ z: { dtype: "float32", shape: z.shape, data: Float32Array.from(z.data) } }),
  );
  const one = Array.from({ length: 2 }, (_, i) => [...expected.get("c")!.data.subarray(3 * i, 3 * i + 3)].indexOf(1));
  const args = ["--latents", "z.safetensors", "--raw", "--classes", one.join(), "--outdir", "latents", "--json"];
  const model = ["--model", join(fixtures, "pgan-labels-tf.pkl")];
  const { status, stdout } = await run(["generate", ...model, ...args], { cwd: home });
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    complete: true,
    size: 2,
    files: ["image_0.png", "image_1.png", "images.safetensors"],
  });
  const images = (await openCheckpoint(await readFile(join(home, "latents/images.safetensors")))).tensors.get(
    "images",
  )!;
  expect(images.shape).toEqual([2, 32, 32, 3]);
  const [values, { data }] = [await images.read(), expected.get("lod0.image.f64")!];
  for (let at = 0; at < values.length; at += 1) {
    const [n, pixel, c] = [Math.floor(at / 3072), Math.floor(at / 3) % 1024, at % 3];
    expect(Math.abs(values[at]! - data[n * 3072 + c * 1024 + pixel]!)).toBeLessThan(5e-5);
  }

  const few = ["--latents", "z.safetensors", "--size", "1", "--classes", `${one[0]}`, "--outdir", "first"];
  expect((await run(["generate", ...model, ...few], { cwd: home })).status).toBe(0);
  expect((await readdir(join(home, "first"))).filter((name) => name.endsWith(".png"))).toEqual(["image_0.png"]);
  expect(await readFile(join(home, "first/image_0.png"))).toEqual(await readFile(join(home, "latents/image_0.png")));

  const wrong = await run(["generate", ...model, "--classes", "3"], { cwd: home });
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringMatching(/no class 3.*classes are 0, 1, 2/s)]);
  const other = await run(["generate", ...model, "--truncation", "0.5"], { cwd: home });
  expect([other.status, other.stderr]).toEqual([2, expect.stringMatching(/Progressive GAN .* has no --truncation/)]);
});

test.skipIf(process.platform === "win32")("an interrupted generate keeps the pictures it has", async () => {
  const work = start(["generate", "--size", "100000", "--batch", "1", "--outdir", "long"], { cwd: home });
  await work.said(/generate: /);
  work.interrupt();
  const { status, stderr } = await work.ended;
  expect([status, stderr]).toEqual([130, expect.stringMatching(/Interrupted\. \d+ pictures/)]);
  const files = (await readdir(join(home, "long"))).filter((name) => name !== ".ganatomy");
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) expect(decode(await readFile(join(home, "long", file))).width).toBe(64);
});

test("doctor finds an adapter that computes", async () => {
  const { status, stdout } = await run(["doctor"]);
  expect([status, stdout]).toEqual([0, expect.stringMatching(/adapter .*compute check +right.*All is well/s)]);
  const diagnosis: Diagnosis = JSON.parse((await run(["doctor", "--json"])).stdout);
  expect(diagnosis).toMatchObject({ ok: true, versions: { node: process.versions.node, webgpu: expect.any(String) } });
  expect(diagnosis.limits["maxBufferSize"]).toBeGreaterThanOrEqual(2 ** 28);
  expect(diagnosis.features).toContain("core-features-and-limits");
});

test.runIf(process.platform === "linux")("doctor says what is wrong where there is none", async () => {
  const { status, stdout } = await run(["doctor", "--json"], { env: { VK_DRIVER_FILES: join(home, "none.json") } });
  expect(status).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, adapter: null, advice: [expect.stringMatching(/Unset it/)] });
});

test("generate --recipe draws what the studio shows, all strokes on each other", async () => {
  const recipe: Recipe = {
    ...{ version: 1, model: { name: "scenes64" }, seed: 1, image: 3, layer: "layer4" },
    strokes: [
      { id: "1", op: "draw", units: { concept: "tree", top: 10 }, mask: { size: [8, 8], cells: [33, 6] } },
      { id: "2", op: "remove", units: { concept: "sky", top: 4 }, alpha: 0.5 },
      { id: "3", op: "draw", units: [7, 9], hidden: true },
    ],
  };
  const save = async (name: string, given: unknown): Promise<void> =>
    writeFile(join(home, name), JSON.stringify(given));
  await save("edited.json", recipe);
  const { status, stdout, stderr } = await run(["generate", "--recipe", "edited.json", "--outdir", "r", "--json"], {
    cwd: home,
  });
  expect([status, stderr]).toEqual([0, expect.stringContaining("1 picture in r")]);
  expect(JSON.parse(stdout)).toMatchObject({ recipe: "edited.json", size: 1, files: ["image_0.png"] });
  const drawn = decode(await readFile(join(home, "r/image_0.png")));

  // As the studio loads it.
  const studio = new URL("../../../studio/scenes64/", import.meta.url);
  const read = async (name: string): Promise<object> => JSON.parse(await readFile(new URL(name, studio), "utf8"));
  const { session, close } = inProcess();
  const { generator, name } = await scenes64();
  await session.load({ generator, name, report: await read("report.json") });
  await session.load({ report: await read("dissect.json") });
  await session.load({
    quantiles: { layer4: await fileSource(fileURLToPath(new URL("layer4/quantiles.npz", studio))) },
  });
  const shown = await session.picture({ image: 3, layer: "layer4", strokes: recipe.strokes });
  expect([drawn.width, drawn.height, drawn.channels]).toEqual([64, 64, 4]);
  expect([...drawn.data]).toEqual([...shown.data]);
  expect(shown.data).not.toEqual((await session.picture({ image: 3 })).data);

  // One of one's own, whose file it does not hold.
  const z = new Float32Array(128).fill(0.5);
  const file = writeSafetensors({ z: { dtype: "float32", shape: [1, 128], data: z } }, { model: "scenes64" });
  await writeFile(join(home, "mine.safetensors"), file);
  const { latents } = await session.load({ latents: await fileSource(join(home, "mine.safetensors")) });
  const own = { ...recipe, image: 0, latents: { name: "mine.safetensors", sha256: latents![0]!.sha256 } };
  await save("own.json", own);
  const alone = await run(["generate", "--recipe", "own.json", "--outdir", "own"], { cwd: home });
  expect([alone.status, alone.stderr]).toEqual([2, expect.stringContaining("--latents mine.safetensors")]);
  const ways = ["--recipe", "own.json", "--latents", "mine.safetensors", "--outdir", "own"];
  expect(await run(["generate", ...ways], { cwd: home })).toMatchObject({ status: 0 });
  const its = await session.picture({ latents: latents![0], layer: "layer4", strokes: recipe.strokes });
  expect([...decode(await readFile(join(home, "own/image_0.png"))).data]).toEqual([...its.data]);
  await close();

  await save("church.json", { ...recipe, model: { name: "church" } });
  for (const [args, said] of [
    [["--recipe", "church.json"], /recipe is of church, and the generator here is scenes64/],
    [["--recipe", "none.json"], /"none.json" is not there/],
    [["--recipe", "edited.json", "--latents", "mine.safetensors"], /is of image 3 of seed 1.*Leave --latents out/s],
    [["--report", "own"], /--report is for the concepts of a recipe/],
    [["--recipe", "edited.json", "--seed", "3"], /cannot be used with option/],
  ] as const) {
    const refused = await run(["generate", ...args, "--outdir", "no"], { cwd: home });
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toMatch(said);
  }
  const none = await run(["generate", "--recipe", "mine.safetensors", "--outdir", "no"], { cwd: home });
  expect([none.status, none.stderr]).toEqual([4, expect.stringContaining('In "mine.safetensors": This is no recipe')]);
});
