import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, encode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import { built } from "../../built.ts";
import { chunk, tiff, withChunks } from "../../node/photo/pictures.ts";
import { run } from "../ganatomy.ts";

let home: string;
beforeAll(async () => {
  await built();
  home = await mkdtemp(join(tmpdir(), "ganatomy-segment-"));
  // Sky over grass, as the embedded scenes have them.
  const [width, height] = [96, 64];
  const data = new Uint8Array(3 * width * height);
  for (let p = 0; p < width * height; p += 1)
    data.set(p < (width * height) / 2 ? [110, 170, 235] : [90, 160, 70], 3 * p);
  for (const name of ["field.png", "meadow.png"]) {
    await writeFile(join(home, name), encode({ width, height, channels: 3, depth: 8, data }));
  }
  await writeFile(join(home, "notes.jpg"), "These are no pixels.");
});
afterAll(() => rm(home, { recursive: true, force: true }));

test("segment writes label maps, a picture and a legend, and keeps those of earlier photos", async () => {
  const scenes = ["--segmenter", "scenes64"];
  const first = await run(["segment", "field.png", ...scenes, "--json"], { cwd: home });
  expect([first.status, first.stderr]).toEqual([0, expect.stringContaining("1 of 1 photos")]);
  const [legend] = JSON.parse(first.stdout);
  expect(legend).toMatchObject({
    photoSize: { width: 96, height: 64 },
    photo: "field.png",
    segmenter: "scenes64",
    width: 128,
    height: 128,
  });
  const labels = decode(await readFile(join(home, "segment/field.labels.png")));
  expect([labels.width, labels.height, labels.channels, labels.depth]).toEqual([128, 128, 1, 8]);
  for (const { label, pixels, area } of legend.labels) {
    expect(pixels).toBe(labels.data.filter((id) => id === label).length);
    expect(area).toBeCloseTo(pixels / 128 ** 2, 4);
  }
  expect(JSON.parse(await readFile(join(home, "segment/field.json"), "utf8"))).toEqual(legend);
  const picture = decode(await readFile(join(home, "segment/field.segmentation.png")));
  expect([picture.width, picture.channels]).toEqual([128, 3]);

  expect((await run(["segment", "meadow.png", ...scenes, "--size", "48x32"], { cwd: home })).status).toBe(0);
  const small = decode(await readFile(join(home, "segment/meadow.labels.png")));
  expect([small.width, small.height]).toEqual([48, 32]);
  expect((await readdir(join(home, "segment"))).filter((name) => name.startsWith("field"))).toHaveLength(3);

  // What is not of ours is never written over, a photo among the outputs least of all.
  await writeFile(join(home, "pond.png"), await readFile(join(home, "field.png")));
  await writeFile(join(home, "segment/pond.json"), "mine");
  const inTheWay = await run(["segment", "pond.png", ...scenes], { cwd: home });
  expect([inTheWay.status, inTheWay.stderr]).toEqual([5, expect.stringContaining("pond.json")]);
  expect(await readFile(join(home, "segment/pond.json"), "utf8")).toBe("mine");
});

test("segment turns a PNG as its EXIF data say", async () => {
  const lying = new Uint8Array(await readFile(join(home, "field.png")));
  await writeFile(join(home, "fallen.png"), withChunks(lying, [chunk("eXIf", tiff(6, false))], "before"));
  const turned = await run(["segment", "fallen.png", "--segmenter", "scenes64", "--json"], { cwd: home });
  expect(JSON.parse(turned.stdout)).toMatchObject([{ photo: "fallen.png", photoSize: { width: 64, height: 96 } }]);
});

test.each<readonly [string, readonly string[], number, RegExp]>([
  ["no photo", ["segment", "notes.jpg"], 4, /"notes.jpg" .*no/s],
  ["a photo that is not there", ["segment", "gone.jpg"], 4, /"gone.jpg" is not there/],
  ["a size that is none", ["segment", "field.png", "--size", "big"], 2, /640x480/],
  ["heads of a network that has none", ["segment", "field.png", "--heads", "object"], 2, /are for unified parsing/],
  [
    "a head that scenes64 lacks",
    ["segment", "field.png", "--segmenter", "scenes64", "--heads", "object,part"],
    2,
    /no part head/,
  ],
  ["info of nothing", ["info", "nothing.pth"], 4, /nothing.pth/],
])("refuses %s", async (_, args, status, message) => {
  const ended = await run([...args, "--outdir", "refused"].slice(0, args[0] === "info" ? args.length : undefined), {
    cwd: home,
  });
  expect([ended.status, ended.stderr]).toEqual([status, expect.stringMatching(message)]);
});

test("a folder means its pictures, two of one stem and another's are told apart, and what is done is not done again", async () => {
  const scenes = ["--segmenter", "scenes64", "--size", "16x16", "--outdir", "stems", "--json"];
  const inFolder = async (folder: string, name: string, from: string): Promise<string> => {
    await mkdir(join(home, folder), { recursive: true });
    await writeFile(join(home, folder, name), await readFile(join(home, from)));
    return join(folder, name);
  };
  await inFolder("a", "img.png", "field.png");
  await inFolder("a", "img.PNG.png", "field.png");
  const [width, height] = [64, 64];
  await writeFile(
    join(home, "other.png"),
    encode({ width, height, channels: 3, depth: 8, data: new Uint8Array(3 * width * height).fill(90) }),
  );
  await inFolder("a", "img.jpg", "other.png"); // what a file is, its bytes say
  const jsons = async (): Promise<string[]> =>
    (await readdir(join(home, "stems"))).filter((name) => name.endsWith(".json")).sort();
  const first = await run(["segment", "a", ...scenes], { cwd: home });
  expect([first.status, JSON.parse(first.stdout).length]).toEqual([0, 3]);
  expect(await jsons()).toEqual(["img-2.json", "img.PNG.json", "img.json"]);
  const before = await readFile(join(home, "stems/img.json"), "utf8");

  await inFolder("b", "img.jpg", "field.png");
  const second = await run(["segment", "b/img.jpg", ...scenes], { cwd: home });
  expect([second.status, second.stderr]).toEqual([0, expect.stringContaining('"b/img.jpg" is img.jpg.json there.')]);
  expect(await jsons()).toEqual(["img-2.json", "img.PNG.json", "img.jpg.json", "img.json"]);
  expect(await readFile(join(home, "stems/img.json"), "utf8")).toBe(before);

  const again = await run(["segment", "a", ...scenes], { cwd: home });
  expect([again.status, again.stderr]).toEqual([0, expect.stringContaining("3 of them an earlier run had segmented")]);
  expect(again.stdout).toBe(first.stdout);
  await rm(join(home, "stems/img.labels.png"));
  await writeFile(join(home, "stems/img-2.json"), "{}");
  const mended = await run(["segment", "a", ...scenes], { cwd: home });
  expect([mended.status, mended.stdout]).toEqual([0, first.stdout]);
  expect(mended.stderr).toContain("1 of them an earlier run had segmented");
  expect(await readdir(join(home, "stems"))).toContain("img.labels.png");
  const larger = await run(["segment", "a/img.jpg", ...scenes, "--size", "24x24"], { cwd: home });
  expect([larger.status, larger.stderr]).toEqual([0, expect.not.stringContaining("earlier run")]);
  expect(JSON.parse(await readFile(join(home, "stems/img.json"), "utf8")).width).toBe(24);
});

test("of photos that cannot be read the others are segmented, and it exits with 4", async () => {
  const whole = await readFile(new URL("../../golden/pictures/strip-top.jpg", import.meta.url));
  await mkdir(join(home, "sick"));
  await writeFile(join(home, "sick/a.jpg"), whole.subarray(0, whole.length / 2));
  await writeFile(join(home, "sick/b.jpg"), "");
  await writeFile(join(home, "sick/c.png"), await readFile(join(home, "field.png")));
  const options = ["--segmenter", "scenes64", "--size", "16x16", "--outdir", "sound"];
  const { status, stdout, stderr } = await run(["segment", "sick", ...options, "--json", "--quiet"], { cwd: home });
  expect([status, JSON.parse(stdout).map(({ photo }: { photo: string }) => photo)]).toEqual([4, ["c.png"]]);
  expect(stderr).toMatch(/2 of 3 photos cannot be read:\n {2}"sick\/a\.jpg" .+\n {2}"sick\/b\.jpg" is empty\.\n$/);
  expect((await readdir(join(home, "sound"))).filter((name) => !name.startsWith("."))).toHaveLength(3);

  await rm(join(home, "sick/c.png"));
  const none = await run(["segment", "sick", ...options.slice(0, -1), "nothing"], { cwd: home });
  expect([none.status, none.stderr]).toEqual([4, expect.stringContaining("error: 2 of 2 photos cannot be read:")]);
  expect(await readdir(home)).not.toContain("nothing");
});

test("swapped encoder and decoder are named", async () => {
  const folder = join(home, "swapped");
  await mkdir(folder);
  const published = new URL("../../golden/scenes64/segmenter/", import.meta.url);
  const copy = async (from: string, to: string) =>
    writeFile(join(folder, to), await readFile(new URL(from, published)));
  await copy("encoder_epoch_1.pth", "decoder_epoch_1.pth");
  await copy("decoder_epoch_1.pth", "encoder_epoch_1.pth");
  await copy("labels.json", "labels.json");
  const { status, stderr } = await run(["info", "swapped"], { cwd: home });
  expect([status, stderr]).toEqual([4, expect.stringContaining("Encoder and decoder are swapped")]);
});

test("info tells what an image costs", async () => {
  const { status, stdout } = await run(["info", "mosaic-ade20k32", "--json"], { cwd: home });
  expect(status).toBe(0);
  const [told] = JSON.parse(stdout);
  expect(told).toMatchObject({ name: "mosaic-ade20k32", facts: { labels: 31 } });
  // Weights, maps and what one run allocates are what is on the device.
  const { weights, activations, gpuMemory } = told.cost;
  expect(gpuMemory).toBeGreaterThanOrEqual(weights);
  expect(Math.abs(gpuMemory - weights - activations) / gpuMemory).toBeLessThan(0.05);
});
