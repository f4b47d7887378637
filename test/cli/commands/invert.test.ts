import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCheckpoint } from "../../../src/index.ts";
import { encodePng } from "../../../src/node/photo/encode-png.ts";
import { built } from "../../built.ts";
import { GOLDEN, run, start } from "../ganatomy.ts";

// Runs: src/cli/main.ts

let home: string;
beforeAll(async () => {
  await built();
  home = await mkdtemp(join(tmpdir(), "ganatomy-invert-"));
  // sky above, grass below, of another size and proportions than the generator's 64×64
  const data = Uint8Array.from({ length: 3 * 120 * 96 }, (_, i) =>
    Math.floor(i / 3 / 120) < 48 ? [120, 180, 240][i % 3]! : [110, 170, 60][i % 3]!,
  );
  await writeFile(join(home, "meadow.png"), encodePng({ width: 120, height: 96, channels: 3, data }));
  await writeFile(join(home, "words.png"), "no picture");
});
afterAll(() => rm(home, { recursive: true, force: true }));

const FEW = ["--starts", "2", "--steps", "12", "--layer-steps", "8"];

test("invert writes latent, features, pictures and areas, which generate reads", async () => {
  const { status, stdout, stderr } = await run(["invert", "meadow.png", ...FEW, "--json"], { cwd: home });
  expect([status, stderr]).toEqual([
    0,
    expect.stringMatching(/generate --latents \S*invert\/scenes64\/inversion\.safetensors/),
  ]);
  const folder = join(home, "invert/scenes64");
  expect((await readdir(folder)).sort()).toEqual([
    ".ganatomy",
    "inversion.json",
    "inversion.safetensors",
    "segmentation.png",
    "steps.png",
  ]);
  const found = JSON.parse(stdout);
  expect(JSON.parse(await readFile(join(folder, "inversion.json"), "utf8"))).toEqual(found);
  expect(found).toMatchObject({ photo: "meadow.png", model: "scenes64", space: "z", layer: "layer4", starts: 2 });
  const { psnr, start, areas } = found;
  expect(psnr.latents[start]).toBeGreaterThan(psnr.starts[start]);
  expect(psnr.layer).toBeGreaterThan(psnr.latents[start]);
  expect(areas.pixels).toBe(64 * 64);
  for (const { pixels } of areas.concepts) expect(pixels).toHaveLength(3);
  const photo = areas.concepts.reduce((sum: number, { pixels }: { pixels: number[] }) => sum + pixels[0]!, 0);
  expect(photo).toBeLessThanOrEqual(64 * 64);
  expect(photo).toBeGreaterThan(32 * 64);

  const { tensors } = await openCheckpoint(
    await readFile(join(folder, "inversion.safetensors")).then((b) => new Blob([b])),
  );
  expect([...tensors].map(([name, { shape }]) => [name, shape]).sort()).toEqual([
    ["layer4", [1, 8, 8, 128]],
    ["z", [1, 128]],
  ]);

  // the third picture of the strip is what generate makes of the file
  const strip = decode(await readFile(join(folder, "steps.png")));
  expect([strip.width, strip.height]).toEqual([3 * 256, 256]);
  const latents = join("invert/scenes64", "inversion.safetensors");
  expect((await run(["generate", "--latents", latents], { cwd: home })).status).toBe(0);
  const made = decode(await readFile(join(home, "generate/scenes64/image_0.png")));
  let most = 0;
  for (let y = 0; y < 64; y += 1) {
    for (let i = 0; i < 3 * 64; i += 1) {
      const shown = strip.data[3 * (4 * y * strip.width + 512 + 4 * Math.floor(i / 3)) + (i % 3)]!;
      most = Math.max(most, Math.abs(shown - made.data[3 * 64 * y + i]!));
    }
  }
  expect(most).toBeLessThanOrEqual(1);
});

test("edits work on what was inverted, from its features on", async () => {
  const file = join(home, "invert/scenes64/inversion.safetensors");
  const edit = ["--latents", file, "--layer", "layer6", "--units", "0-60"];
  const { status, stdout, stderr } = await run(["ablate", ...edit, "--json"], { cwd: home });
  expect([status, stderr]).toEqual([0, expect.stringContaining("in ablate/scenes64")]);
  const said = JSON.parse(stdout);
  expect(said).toMatchObject({ size: 1, latents: file, layer: "layer6" });
  expect(said).not.toHaveProperty("seed");
  // before the edit it is the photo's last picture, whose areas invert counted
  const { areas } = JSON.parse(await readFile(join(home, "invert/scenes64/inversion.json"), "utf8"));
  for (const { name, pixels } of areas.concepts) {
    const { before } = said.concepts.find(({ concept }: { concept: string }) => concept === name);
    expect(before, name).toBe(pixels[2]);
  }
  const pair = decode(await readFile(join(home, "ablate/scenes64/image_0.png")));
  const made = decode(await readFile(join(home, "generate/scenes64/image_0.png")));
  const half = (side: number) =>
    pair.data.filter((_, at) => Math.floor(at / 3) % 130 >= side && Math.floor(at / 3) % 130 < side + 64);
  expect(half(0)).toEqual(made.data);
  expect(half(66)).not.toEqual(made.data);

  const early = await run(["insert", "--latents", file, "--layer", "layer2", "--units", "3"], { cwd: home });
  expect([early.status, early.stderr]).toEqual([
    2,
    expect.stringMatching(/features of layer4, which no edit of layer2 reaches.*Edit layer4 or a layer behind it/s),
  ]);
  const placed = ["context", "--latents", file, "--concept", "tree", "--units", "3", "--value", "2", "--json"];
  const context = await run(placed, { cwd: home });
  expect([context.status, JSON.parse(context.stdout)]).toMatchObject([0, { size: 1, latents: file }]);
});

test.skipIf(process.platform === "win32")("Ctrl-C keeps the latent that was found", async () => {
  const steps = ["--starts", "1", "--steps", "1", "--layer-steps", "100000", "--outdir", "stopped"];
  const work = start(["invert", "meadow.png", ...steps], { cwd: home });
  await work.said(/layer4: /);
  work.interrupt();
  const { status, stderr } = await work.ended;
  expect([status, stderr]).toEqual([
    130,
    expect.stringMatching(/Interrupted\. What was found until then is kept.*generate --latents/),
  ]);
  expect((await readdir(join(home, "stopped"))).sort()).toEqual([".ganatomy", "inversion.safetensors"]);
  const bytes = await readFile(join(home, "stopped/inversion.safetensors"));
  const { tensors, metadata } = await openCheckpoint(new Blob([bytes]));
  expect([[...tensors.keys()], metadata]).toEqual([["z"], { model: "scenes64" }]);
});

test("the class of an image of classes is in the file", async () => {
  const model = join(GOLDEN, "generators/pgan-labels-tf.pkl");
  const args = ["--starts", "3", "--steps", "2", "--layer", "none", "--batch", "2", "--outdir", "classes", "--json"];
  const { status, stdout } = await run(["invert", "meadow.png", "--model", model, ...args], { cwd: home });
  expect(status).toBe(0);
  const { start } = JSON.parse(stdout);
  const bytes = await readFile(join(home, "classes/inversion.safetensors"));
  const label = (await openCheckpoint(new Blob([bytes]))).tensors.get("label")!;
  expect([...(await label.read())].indexOf(1)).toBe(start % 3); // as start i is of class i
  expect([...(await label.read())].filter((value) => value !== 0)).toEqual([1]);
});

test.each([
  ["what is no photo", ["invert", "words.png"], /words\.png/],
  ["no file", ["invert", "nothing.png"], /"nothing\.png" does not exist/],
  ["a space that there is not", ["invert", "meadow.png", "--space", "w", ...FEW], /has no "w"\.\s+fix: It has z/],
  ["a layer that there is not", ["invert", "meadow.png", "--layer", "layer40", ...FEW], /no layer "layer40"/],
  ["a segmenter that there is not, before any step", ["invert", "meadow.png", "--segmenter", "none40"], /none40/],
  [
    "seeds beside latents",
    ["generate", "--latents", "z.npy", "--seed", "2"],
    /'--latents <file>' cannot be used with option '--seed <n>'/,
  ],
])("refuses %s", async (_, args, message) => {
  const { status, stderr } = await run(args, { cwd: home });
  expect(status).toBeGreaterThan(0);
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain("    at ");
});
