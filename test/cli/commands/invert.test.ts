import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCheckpoint, writeSafetensors } from "../../../src/index.ts";
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

const FEW = ["--starts", "2", "--steps", "12", "--layer-steps", "8", "--weight-steps", "6"];
/** Of the weights behind layer4. */
const WEIGHTS = ["layer5", "layer6", "layer7", "layer8", "layer9", "layer10", "output_64x64"].map(
  (name) => `weights.${name}.conv.weight`,
);

test("invert writes latent, features, weights, pictures and areas, which generate reads", async () => {
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
  const { psnr, start, areas, weightSteps } = found;
  expect(weightSteps).toBe(6);
  expect(psnr.latents[start]).toBeGreaterThan(psnr.starts[start]);
  expect(psnr.layer).toBeGreaterThan(psnr.latents[start]);
  expect(psnr.weights).toBeGreaterThan(psnr.layer);
  expect(areas.pixels).toBe(64 * 64);
  for (const { pixels } of areas.concepts) expect(pixels).toHaveLength(4);
  const photo = areas.concepts.reduce((sum: number, { pixels }: { pixels: number[] }) => sum + pixels[0]!, 0);
  expect(photo).toBeLessThanOrEqual(64 * 64);
  expect(photo).toBeGreaterThan(32 * 64);

  const { tensors } = await openCheckpoint(
    await readFile(join(folder, "inversion.safetensors")).then((b) => new Blob([b])),
  );
  const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape]));
  expect([...shapes.keys()].sort()).toEqual(["layer4", ...WEIGHTS, "z"].sort());
  expect([shapes.get("layer4"), shapes.get("z")]).toEqual([
    [1, 8, 8, 128],
    [1, 128],
  ]);

  // the last picture of the strip is what generate makes of the file
  const strip = decode(await readFile(join(folder, "steps.png")));
  expect([strip.width, strip.height]).toEqual([4 * 256, 256]);
  const latents = join("invert/scenes64", "inversion.safetensors");
  expect((await run(["generate", "--latents", latents], { cwd: home })).status).toBe(0);
  const made = decode(await readFile(join(home, "generate/scenes64/image_0.png")));
  let most = 0;
  for (let y = 0; y < 64; y += 1) {
    for (let i = 0; i < 3 * 64; i += 1) {
      const shown = strip.data[3 * (4 * y * strip.width + 768 + 4 * Math.floor(i / 3)) + (i % 3)]!;
      most = Math.max(most, Math.abs(shown - made.data[3 * 64 * y + i]!));
    }
  }
  expect(most).toBeLessThanOrEqual(1);
});

test("edits work on what was inverted, from its features on, by its weights", async () => {
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
    expect(before, name).toBe(pixels[3]);
  }
  const pair = decode(await readFile(join(home, "ablate/scenes64/image_0.png")));
  const made = decode(await readFile(join(home, "generate/scenes64/image_0.png")));
  const half = (side: number) =>
    pair.data.filter((_, at) => Math.floor(at / 3) % 130 >= side && Math.floor(at / 3) % 130 < side + 64);
  // Of another plan than generate's, which may round a byte otherwise.
  const apart = (side: number): number =>
    [...half(side)].reduce((most, value, i) => Math.max(most, Math.abs(value - made.data[i]!)), 0);
  expect(apart(0)).toBeLessThanOrEqual(1);
  expect(apart(66)).toBeGreaterThan(1);

  const early = await run(["insert", "--latents", file, "--layer", "layer2", "--units", "3"], { cwd: home });
  expect([early.status, early.stderr]).toEqual([
    2,
    expect.stringMatching(/features of layer4, which no edit of layer2 reaches.*Edit layer4 or a layer behind it/s),
  ]);
  const placed = ["context", "--latents", file, "--concept", "tree", "--units", "3", "--value", "2", "--json"];
  const context = await run(placed, { cwd: home });
  expect([context.status, JSON.parse(context.stdout)]).toMatchObject([0, { size: 1, latents: file }]);
});

test("walk draws its frames by the weights of a stop, and not by those of two", async () => {
  const file = join(home, "invert/scenes64/inversion.safetensors");
  const { status, stderr } = await run(["walk", "1", file, "--frames", "2"], { cwd: home });
  expect([status, stderr]).toEqual([0, expect.stringContaining("5 files in")]);
  const pixels = async (...path: string[]) => [...decode(await readFile(join(home, ...path))).data];
  const apart = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
  // Of other batches than generate's, which may round a byte otherwise.
  const last = await pixels("walk/scenes64/frame_2.png");
  expect(apart(last, await pixels("generate/scenes64/image_0.png"))).toBeLessThanOrEqual(1);

  const { tensors } = await openCheckpoint(new Blob([await readFile(file)]));
  const own = async (key: string, change = 0) => {
    const { shape } = tensors.get(key)!;
    const data = Float32Array.from(await tensors.get(key)!.read(), (value) => value + change);
    return { dtype: "float32" as const, shape, data };
  };
  const key = WEIGHTS.at(-1)!;
  const write = async (name: string, given: Parameters<typeof writeSafetensors>[0]) =>
    writeFile(join(home, name), writeSafetensors(given));
  await write("plain.safetensors", { layer4: await own("layer4") });
  await run(["generate", "--latents", "plain.safetensors", "--outdir", "plain"], { cwd: home });
  expect(apart(last, await pixels("plain/image_0.png"))).toBeGreaterThan(1);

  await write("other.safetensors", { z: await own("z"), layer4: await own("layer4"), [key]: await own(key, 1e-3) });
  const two = ["walk", file, "other.safetensors", "--frames", "1"];
  const refused = await run(two, { cwd: home });
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining("weights of their own")]);
  // In z their features are left aside, and their weights with them.
  expect((await run([...two, "--space", "z"], { cwd: home })).status).toBe(0);

  await write("wrong.safetensors", { layer4: await own("layer4"), "weights.layer99.conv.weight": await own(key) });
  const wrong = await run(["generate", "--latents", "wrong.safetensors"], { cwd: home });
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining('has no tensor "layer99.conv.weight"')]);
});

test("measurements by other weights are not taken for one's own", async () => {
  const file = join(home, "invert/scenes64/inversion.safetensors");
  const { tensors } = await openCheckpoint(new Blob([await readFile(file)]));
  const own = async (key: string, change = 0) => {
    const data = Float32Array.from(await tensors.get(key)!.read());
    data[0]! += change;
    return { dtype: "float32" as const, shape: tensors.get(key)!.shape, data };
  };
  const [key] = WEIGHTS as [string];
  // So little that no label changes.
  const write = async (name: string, change: number) => {
    const file = writeSafetensors({ layer4: await own("layer4"), [key]: await own(key, change) });
    await writeFile(join(home, name), file);
  };
  await write("one.safetensors", 0);
  await write("another.safetensors", 1e-6);
  const edit = ["--units", "0-3", "--layer", "layer6", "--outdir", "measured", "--pictures", "0"];
  const found = async (latents: string): Promise<number> => {
    const { stderr } = await run(["ablate", "--latents", latents, ...edit], { cwd: home });
    return Number(/(\d+) measurements of an earlier run/.exec(stderr)?.[1] ?? 0);
  };
  expect(await found("one.safetensors")).toBe(0);
  const once = await found("one.safetensors");
  expect(once).toBeGreaterThan(0);
  expect(await found("another.safetensors")).toBe(once);
  expect(await found("one.safetensors")).toBe(2 * once);
});

test.skipIf(process.platform === "win32")(
  "Ctrl-C keeps the features that were found, where weights are to come",
  async () => {
    const steps = ["--starts", "1", "--steps", "1", "--layer-steps", "1", "--weight-steps", "100000"];
    const work = start(["invert", "meadow.png", ...steps, "--outdir", "halfway"], { cwd: home });
    await work.said(/weights: /);
    work.interrupt();
    expect((await work.ended).status).toBe(130);
    const { tensors } = await openCheckpoint(new Blob([await readFile(join(home, "halfway/inversion.safetensors"))]));
    expect([...tensors.keys()].sort()).toEqual(["layer4", "z"]);
  },
);

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
  expect((await readdir(join(home, "stopped"))).sort()).toEqual([
    ".ganatomy",
    "inversion.safetensors",
    "inversion.state",
  ]);
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

test("weights that have no gradient stay as they are, and are refused where they are asked for", async () => {
  const model = join(GOLDEN, "onnx/dcgan-17.onnx");
  const layer = ["--layer", "/net/net.2/LeakyRelu_output_0", "--starts", "1", "--steps", "1", "--layer-steps", "1"];
  const args = ["invert", "meadow.png", "--model", model, ...layer, "--outdir", "transposed", "--json"];
  const said = /cannot be fitted: There is no gradient by the weights of .*"transposed convolution"/;
  const { status, stdout, stderr } = await run(args, { cwd: home });
  expect([status, stderr]).toEqual([0, expect.stringMatching(said)]);
  expect(JSON.parse(stdout).psnr).not.toHaveProperty("weights");
  const asked = await run([...args, "--weight-steps", "2"], { cwd: home });
  expect([asked.status, asked.stderr]).toEqual([2, expect.stringMatching(said)]);
});

test.each([
  ["what is no photo", ["invert", "words.png"], /words\.png/],
  ["no file", ["invert", "nothing.png"], /"nothing\.png" is not there/],
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

test("stopped, it goes on behind the stages that were finished, to the same files", async () => {
  const args = (outdir: string) => ["invert", "meadow.png", ...FEW, "--layer-steps", "30", "--outdir", outdir];
  expect((await run(args("whole"), { cwd: home })).status).toBe(0);
  const stopped = start(args("halves"), { cwd: home });
  await stopped.said(/layer4: /);
  stopped.interrupt();
  const { status, stderr } = await stopped.ended;
  expect([status, stderr]).toEqual([130, expect.stringContaining("the same command goes on from there")]);
  expect(await readdir(join(home, "halves"))).toContain("inversion.state");
  const last = await run(args("halves"), { cwd: home });
  expect([last.status, last.stderr]).toEqual([0, expect.stringMatching(/Going on from the (latent|layer4)/)]);
  expect(last.stderr).not.toMatch(/^latent: /m);
  expect((await readdir(join(home, "halves"))).sort()).toEqual((await readdir(join(home, "whole"))).sort());
  for (const file of ["inversion.safetensors", "inversion.json", "steps.png"]) {
    const [ours, theirs] = await Promise.all(["halves", "whole"].map((folder) => readFile(join(home, folder, file))));
    expect([file, ours!.equals(theirs!)]).toEqual([file, true]);
  }
  // Another photograph's stages are none of this one's.
  await writeFile(join(home, "halves/inversion.state"), await readFile(join(home, "halves/inversion.safetensors")));
  const anew = await run([...args("halves"), "--seed", "2"], { cwd: home });
  expect([anew.status, anew.stderr]).toEqual([0, expect.not.stringContaining("Going on")]);
});
