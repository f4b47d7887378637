import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, decodeApng } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeSafetensors } from "../../../src/index.ts";
import { built } from "../../built.ts";
import { GOLDEN, run, start } from "../ganatomy.ts";

// Runs: src/cli/main.ts

let home: string;
beforeAll(async () => {
  await built();
  home = await mkdtemp(join(tmpdir(), "ganatomy-walk-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const pixels = async (...path: string[]) => [...decode(await readFile(join(home, ...path))).data];
/** The largest difference of two pictures: of other batches, which may round a byte otherwise. */
const apart = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
const contents = async (folder: string): Promise<Map<string, string>> => {
  const names = (await readdir(join(home, folder))).filter((name) => name !== ".ganatomy").sort();
  const read = async (name: string) => [name, (await readFile(join(home, folder, name))).toString("base64")] as const;
  return new Map(await Promise.all(names.map(read)));
};

test("walk comes by its seeds and back, frame by frame and animated, and goes on where it was", async () => {
  const args = ["walk", "1", "2", "--frames", "4", "--fps", "12", "--loop"];
  const { status, stdout, stderr } = await run([...args, "--json"], { cwd: home });
  expect([status, stderr]).toEqual([0, expect.stringContaining("10 files in")]);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ complete: true, model: "scenes64", space: "z", frames: 4, fps: 12, loop: true },
    stops: [{ seed: 1 }, { seed: 2 }],
  });
  for (const [seed, frame] of [
    ["1", "frame_0.png"],
    ["2", "frame_4.png"],
  ] as const) {
    await run(["generate", "--seed", seed, "--size", "1", "--outdir", seed], { cwd: home });
    expect(apart(await pixels("walk/scenes64", frame), await pixels(seed, "image_0.png"))).toBeLessThanOrEqual(1);
  }
  const first = await contents("walk/scenes64");
  const { frames, numberOfPlays } = decodeApng(await readFile(join(home, "walk/scenes64/walk.png")));
  expect([numberOfPlays, frames.length]).toEqual([0, 8]);
  for (const [f, { data, delayNumber, delayDenominator }] of frames.entries()) {
    expect([...data]).toEqual(await pixels("walk/scenes64", `frame_${f}.png`));
    expect([delayNumber, delayDenominator]).toEqual([1, 12]);
  }
  // out and back by the same circle
  expect(apart(await pixels("walk/scenes64/frame_3.png"), await pixels("walk/scenes64/frame_5.png"))).toBeLessThan(3);

  // one frame is missing, one is damaged: both are drawn again, to the same bits
  await rm(join(home, "walk/scenes64/frame_2.png"));
  await writeFile(join(home, "walk/scenes64/frame_6.png"), "no picture");
  const again = await run(args, { cwd: home });
  expect(again.stderr).toMatch(/6 frames of an earlier run/);
  expect(await contents("walk/scenes64")).toEqual(first);

  // of another walk none is taken, and none stays
  const other = await run(["walk", "1", "2", "--frames", "2"], { cwd: home });
  expect([other.status, other.stderr]).toEqual([0, expect.not.stringContaining("earlier run")]);
  const names = [...(await contents("walk/scenes64")).keys()];
  expect(names).toEqual(["frame_0.png", "frame_1.png", "frame_2.png", "walk.json", "walk.png"]);
});

test("walk leads what is earlier on to the last space that a stop has, or to an earlier one", async () => {
  const float32 = (shape: readonly number[], at: number) => ({
    dtype: "float32" as const,
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(at + i)),
  });
  // as invert writes them: of what is not its z's features, so that one can tell them apart
  const file = writeSafetensors({ z: float32([1, 128], 0), layer4: float32([1, 8, 8, 128], 1) });
  await writeFile(join(home, "own.safetensors"), file);
  await writeFile(join(home, "z.safetensors"), writeSafetensors({ z: float32([1, 128], 0) }));
  for (const [name, options] of [
    ["own", []],
    ["z", ["--space", "z"]],
  ] as const) {
    const args = ["walk", "3", "own.safetensors", "--frames", "2", ...options, "--outdir", `by-${name}`, "--json"];
    const { status, stdout } = await run(args, { cwd: home });
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { space: name === "z" ? "z" : "layer4" }]);
    await run(["generate", "--latents", `${name}.safetensors`, "--outdir", name], { cwd: home });
    expect(apart(await pixels(`by-${name}/frame_2.png`), await pixels(name, "image_0.png"))).toBeLessThanOrEqual(1);
  }

  const model = ["--model", join(GOLDEN, "generators/stylegan2-orig.safetensors")];
  await writeFile(join(home, "w.safetensors"), writeSafetensors({ w: float32([1, 16], 0) }));
  const style = await run(["walk", "1", "w.safetensors", ...model, "--frames", "1", "--json"], { cwd: home });
  expect([style.status, JSON.parse(style.stdout || "{}")], style.stderr).toMatchObject([0, { space: "w" }]);
  const back = await run(["walk", "1", "w.safetensors", ...model, "--space", "z"], { cwd: home });
  expect([back.status, back.stderr]).toEqual([2, expect.stringMatching(/is in w, from which no way leads back to z/)]);
  const alone = await run(["walk", "1"], { cwd: home });
  expect([alone.status, alone.stderr]).toEqual([2, expect.stringMatching(/two stops at least/)]);
});

test.skipIf(process.platform === "win32")("an interrupted walk goes on from the frames that it has", async () => {
  const args = ["walk", "1", "2", "--frames", "5000", "--batch", "1", "--outdir", "long"];
  const work = start(args, { cwd: home });
  await work.said(/frames: /);
  work.interrupt();
  const { status, stderr } = await work.ended;
  expect([status, stderr]).toEqual([130, expect.stringMatching(/Interrupted\. .*same command goes on from there/s)]);
  const before = (await readdir(join(home, "long"))).filter((name) => name.startsWith("frame_"));
  expect(before.length).toBeGreaterThan(0);
  const more = start(args, { cwd: home });
  await more.said(/frames: /);
  more.interrupt();
  await more.ended;
  expect(await readdir(join(home, "long"))).toEqual(expect.arrayContaining(before));
});

test("a walk that was killed goes on with its own frames, not with those of one before it", async () => {
  const walk = (seed: string, outdir: string) =>
    run(["walk", "1", seed, "--frames", "2", "--outdir", outdir], { cwd: home });
  const frame = (outdir: string) => readFile(join(home, outdir, "frame_1.png"));
  for (const [seed, outdir] of [["2", "killed"] as const, ["3", "whole"] as const]) await walk(seed, outdir);
  expect((await frame("killed")).equals(await frame("whole"))).toBe(false);
  // What is there when the second walk has drawn its first frame, which is the first one's too.
  const said = JSON.parse(await readFile(join(home, "whole", "walk.json"), "utf8"));
  expect(said.drawn).toBe(3);
  await writeFile(join(home, "killed", "walk.json"), JSON.stringify({ ...said, drawn: 1 }));
  expect((await walk("3", "killed")).status).toBe(0);
  expect((await frame("killed")).equals(await frame("whole"))).toBe(true);
});
