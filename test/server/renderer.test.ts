import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Edit } from "../../src/models/edits.ts";
import { Networks } from "../../src/server/networks.ts";
import { Renderer } from "../../src/server/renderer.ts";
import { openScenes, type Scenes } from "./scenes.ts";

let scenes: Scenes;
let renderer: Renderer;
beforeAll(async () => {
  scenes = await openScenes();
  renderer = new Renderer(new Networks(scenes.generator), 8);
});
afterAll(() => {
  renderer?.dispose();
  scenes?.dispose();
});

const strokes = (count: number): Edit[] =>
  Array.from({ length: count }, (_, unit) => ({ layer: "layer4", units: [unit], value: 3 }));

test("rows are the seed's", () => {
  const { generator } = scenes;
  for (const [ids, seed] of [
    [[5, 0, 5], 1],
    [[90, 3], 1],
    [[3], 7],
  ] as const) {
    const rows = renderer.rowsOf(ids, seed);
    const expected = ids.flatMap((id) => [...generator.sample({ seed, start: id, size: 1 })]);
    expect([...rows]).toEqual(expected);
  }
});

test("a further stroke compiles nothing, and another layer does", async () => {
  const compiled = vi.spyOn(scenes.generator, "compile");
  const rows = renderer.rowsOf([0]);
  for (const count of [1, 2, 9, 3]) await renderer.images(rows, { edits: strokes(count) });
  await renderer.images(rows, { edits: [...strokes(1), { layer: "layer6", units: [0] }] });
  const dense = (layer: string) => ({ layer, dense: true });
  expect(compiled.mock.calls.map(([{ editable }]) => editable)).toEqual([
    [dense("layer4")],
    [dense("layer4"), dense("layer6")],
  ]);
  compiled.mockRestore();
});

test("one batch for 8, 2 and 1 images of 11, and none larger than there are images", async () => {
  const own = new Renderer(new Networks(scenes.generator), 8);
  const compiled = vi.spyOn(scenes.generator, "compile");
  const images = await own.images(own.rowsOf(Array.from({ length: 11 }, (_, i) => i)));
  expect(images).toHaveLength(11);
  expect(compiled.mock.calls.map(([{ batch }]) => batch)).toEqual([8, 2, 1]);
  compiled.mockRestore();
  own.dispose();
});

test("features stop at their layer, and are as many as rows", async () => {
  const own = new Renderer(new Networks(scenes.generator), 8);
  const compiled = vi.spyOn(scenes.generator, "compile");
  const features = await own.features(own.rowsOf([1, 2, 3]), ["layer2", "layer4"]);
  expect([...features].map(([name, { length }]) => [name, length])).toEqual([
    ["layer2", 3 * 4 * 4 * 128],
    ["layer4", 3 * 8 * 8 * 128],
  ]);
  expect(compiled.mock.calls.map(([{ until }]) => until)).toEqual(["layer4", "layer4"]);
  // An edit there or later changes nothing of what lies before it.
  for (const layer of ["layer2", "layer4"]) {
    const later = await own.features(own.rowsOf([1]), ["layer2"], { edits: [{ layer, units: [0], value: 9 }] });
    expect(later.get("layer2")).toEqual(features.get("layer2")!.subarray(0, 4 * 4 * 128));
  }
  compiled.mockRestore();
  own.dispose();
});

test("plans that are not used go", async () => {
  const own = new Renderer(new Networks(scenes.generator), 8);
  const disposed: string[] = [];
  const compile = scenes.generator.compile.bind(scenes.generator);
  const spy = vi.spyOn(scenes.generator, "compile").mockImplementation(async (options) => {
    const plan = await compile(options);
    const dispose = plan.dispose;
    return {
      ...plan,
      dispose() {
        disposed.push(JSON.stringify(options.retain));
        dispose();
      },
    };
  });
  const layers = scenes.generator.hiddenLayers.map(({ name }) => name);
  for (const layer of layers.slice(0, 9)) await own.features(own.rowsOf([0]), [layer]);
  expect(disposed).toEqual([`["${layers[0]}"]`]);
  own.dispose();
  expect(disposed).toHaveLength(9);
  spy.mockRestore();
});
