import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { UsageError } from "../../src/errors.ts";
import type { Edit } from "../../src/models/edits.ts";
import { Generator } from "../../src/models/generator.ts";
import type { GeneratorPlan } from "../../src/models/generator-plan.ts";
import type { Segmenter } from "../../src/models/segmenter.ts";
import { rowToward } from "../../src/models/sphere.ts";
import type { Device } from "../../src/runtime/device.ts";
import { type Scene, Stage } from "../../src/session/stage.ts";
import { requestDevice } from "../gpu.ts";
import { scenes64 } from "./places.ts";

/** What those are told who wait for a stage that ends. */
const ENDED = new UsageError("Something else was loaded.", "Ask again.");

let device: Device;
let generator: Generator;
/** What ran: "whole", or what a plan says of `runChanged`. */
let ran: string[];
let compiled: number;
beforeAll(async () => {
  device = await requestDevice();
  generator = await Generator.load((await scenes64()).generator, { device });
  const compile = generator.compile.bind(generator);
  vi.spyOn(generator, "compile").mockImplementation(async (options) => {
    compiled += 1;
    const plan = await compile(options);
    if (options.until !== undefined) return plan;
    const run: GeneratorPlan["run"] = (data) => {
      ran.push("whole");
      plan.run(data);
    };
    const runChanged: GeneratorPlan["runChanged"] = () => {
      const what = plan.runChanged();
      ran.push(what);
      return what;
    };
    return { ...plan, run, runChanged };
  });
});
beforeEach(() => {
  ran = [];
  compiled = 0;
});
afterAll(() => {
  generator?.dispose();
  device?.dispose();
});

/** A stroke on one cell of layer6, which is 16 × 16. */
const cell = (row: number, column: number, layer = "layer6"): Edit => {
  const { height, width } = generator.layer(layer);
  const data = new Float32Array(height * width).fill(1, row * width + column, row * width + column + 1);
  return { layer, units: [24, 59], value: 3, mask: generator.poolMask(layer, { height, width, data }) };
};
const scene = (edits: readonly Edit[], more: Partial<Scene> = {}): Scene => {
  const layer = edits[0]?.layer;
  return { seed: 1, image: 3, own: undefined, toward: [], layer, edits, ...more };
};
const bits = (stage: Stage, shown: Scene): Promise<Uint32Array> => stage.show(shown, {}, ({ rgba }) => rgba.read());

test("of a picture only what strokes change is run, to the bits of the whole", async () => {
  const [stage, other] = [new Stage(generator, undefined), new Stage(generator, undefined)];
  const edits = [cell(3, 4), cell(3, 5), cell(12, 2)];
  const pictures = [];
  for (let count = 1; count <= edits.length; count += 1) {
    pictures.push(await bits(stage, scene(edits.slice(0, count))));
  }
  pictures.push(await bits(stage, scene(edits)));
  pictures.push(await bits(stage, scene(edits.slice(0, 2))));
  expect(ran).toEqual(["whole", "window", "window", "nothing", "window"]);
  expect(pictures[4]).toEqual(pictures[1]);
  expect(await bits(other, scene(edits))).toEqual(pictures[2]);
  // Another image has other features everywhere, whether they were kept or not.
  const unlike = await bits(stage, scene(edits, { image: 4 }));
  expect(unlike).not.toEqual(pictures[2]);
  expect(await bits(stage, scene(edits))).toEqual(pictures[2]);
  expect(await bits(other, scene(edits, { image: 4 }))).toEqual(unlike);
  // Rows that are given are those of the seed that they were drawn of.
  const rows = generator.sample({ size: 2, seed: 9 });
  const about = { name: "rows", sha256: "0f".repeat(32), size: 2, weights: false };
  for (const image of [0, 1]) {
    const given = await bits(stage, scene(edits, { own: { rows, size: 2, about }, image }));
    expect(given).toEqual(await bits(other, scene(edits, { seed: 9, image })));
  }
  stage.dispose(ENDED);
  other.dispose(ENDED);
});

test("images on their way toward others are those of rows on that way", async () => {
  const [stage, other] = [new Stage(generator, undefined), new Stage(generator, undefined)];
  const edits = [cell(3, 4)];
  const toward = (share: number) => bits(stage, scene(edits, { toward: [{ seed: 2, image: 4, share }] }));
  const start = await bits(stage, scene(edits));
  const [half, whole] = [await toward(0.5), await toward(1)];
  expect(await toward(0)).toEqual(start);
  expect(half).not.toEqual(start);
  expect(whole).not.toEqual(half);
  const [from, to] = [
    generator.sample({ size: 1, seed: 1, start: 3 }),
    generator.sample({ size: 1, seed: 2, start: 4 }),
  ];
  const about = { name: "rows", sha256: "0f".repeat(32), size: 1, weights: false };
  for (const [share, picture] of [
    [0.5, half],
    [1, whole],
  ] as const) {
    const rows = rowToward(from, [to], [share], generator.zSize);
    const given = scene(edits, { own: { rows, size: 1, about: { ...about, sha256: `${share}` } }, image: 0 });
    expect(await bits(other, given)).toEqual(picture);
  }
  stage.dispose(ENDED);
  other.dispose(ENDED);
});

test("the 500th stroke is as much work for the GPU as the second", async () => {
  const stage = new Stage(generator, undefined);
  const submitted = vi.spyOn(device.gpu.queue, "submit");
  const edits: Edit[] = [];
  const work: number[] = [];
  const live: number[] = [];
  for (let count = 0; count < 500; count += 1) {
    edits.push(cell(count % 16, (3 * count) % 16));
    submitted.mockClear();
    await stage.show(scene(edits), {}, () => {});
    work.push(submitted.mock.calls.length);
    live.push(device.live.buffers);
    if (count % 50 === 49) await device.idle();
  }
  // And sometimes a checkpoint.
  expect(Math.max(...work.slice(2))).toBeLessThanOrEqual(work[1]! + 2);
  // Checkpoints are of a bounded number of bytes.
  expect(live.at(-1)! - live[1]!).toBeLessThan(64);
  submitted.mockRestore();
  stage.dispose(ENDED);
});

test("two layers that are painted on in turn compile nothing anew, and a third is in place of one", async () => {
  const stage = new Stage(generator, undefined);
  const [a, b, c] = [[cell(3, 4)], [cell(2, 2, "layer4")], [cell(1, 1, "layer5")]];
  const first = await bits(stage, scene(a));
  await bits(stage, scene(b));
  expect(compiled).toBe(4);
  expect(await bits(stage, scene(a))).toEqual(first);
  await bits(stage, scene(b));
  expect(compiled).toBe(4);
  await bits(stage, scene(c));
  await bits(stage, scene(b));
  expect(compiled).toBe(6);
  expect(await bits(stage, scene(a))).toEqual(first);
  expect(compiled).toBe(8);
  const compilations = vi.mocked(generator.compile).mock.calls.slice(-8);
  expect(compilations.map(([{ batch }]) => batch)).toEqual(Array(8).fill(1));
  stage.dispose(ENDED);
  // Weights stay.
  const live = device.live.buffers;
  const other = new Stage(generator, undefined);
  for (const edits of [a, b, c, a]) await bits(other, scene(edits));
  other.dispose(ENDED);
  expect(device.live.buffers).toBe(live);
});

test("one that is disposed of while it compiles leaves nothing, and says so", async () => {
  const live = device.live.buffers;
  const stage = new Stage(generator, undefined);
  const shown = stage.show(scene([cell(3, 4)]), {}, () => {});
  stage.dispose(ENDED);
  await expect(shown).rejects.toThrow(/Something else was loaded/);
  expect(device.live.buffers).toBe(live);
});

test("labels that could not be had are tried again, and are those that are wanted", async () => {
  const labels = {};
  const run = vi.fn();
  const compile = vi
    .fn()
    .mockRejectedValueOnce(new Error("no memory"))
    .mockResolvedValue({ run, labels, dispose: () => {} });
  const stage = new Stage(generator, { reads: "image", compile } as unknown as Segmenter);
  const shown = () => stage.show(scene([]), { labels: true }, (frame) => frame.labels);
  await stage.show(scene([]), {}, () => {});
  expect(compile).not.toHaveBeenCalled();
  await expect(shown()).rejects.toThrow("no memory");
  expect(await shown()).toBe(labels);
  expect(await shown()).toBe(labels);
  expect(compile).toHaveBeenCalledTimes(2);
  expect(run).toHaveBeenCalledTimes(2);
  // Nobody who does not want them waits for them.
  expect(await stage.show(scene([]), {}, (frame) => frame.labels)).toBeUndefined();
  expect(run).toHaveBeenCalledTimes(2);
  stage.dispose(ENDED);
});
