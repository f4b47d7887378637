import { afterEach, expect, test, vi } from "vitest";
import type { PageData, View } from "../../../src/report/viewer/data.ts";
import { tiles } from "../../../src/report/viewer/tiles.ts";
import { type Made, stage, textOf } from "./stage.ts";

afterEach(() => vi.unstubAllGlobals());

const data = {
  report: {
    layers: [
      { units: [] },
      { units: [{ top: [{ activation: 1.237 }, { activation: null }] }, { top: [] }, { top: [{ activation: 4 }] }] },
    ],
  },
  layers: [{}, { features: [{ images: [30, 7, 5] }, null, { images: [9] }] }],
} as unknown as PageData;

function shown(width = 50, shape: readonly [number, number] = [64, 64]) {
  const { dom, byId } = stage();
  const loading: (() => void)[] = [];
  const painter = {
    load: vi.fn((image: number) => new Promise((resolve) => loading.push(() => resolve(`picture ${image}`)))),
    paint: vi.fn(),
  };
  const labels = { point: vi.fn(), invite: vi.fn() };
  const { fill, paint, images } = tiles(
    { ...data, pictures: { shape } } as unknown as PageData,
    dom,
    painter as never,
    labels as never,
  );
  const canvases = () => byId("tiles").children.map((figure) => (figure as Made).children[0] as Made);
  const begin = (view: View, level: number) => {
    for (const canvas of canvases()) {
      canvas["clientWidth"] = width;
      canvas["getContext"] = () => canvas;
    }
    return paint(() => ({ view, level }));
  };
  const loaded = () => {
    for (const finish of loading.splice(0)) finish();
  };
  return { fill, images, begin, loaded, painter, labels, canvases, host: byId("tiles") };
}

test("are a unit's pictures with their numbers and how active it is on them", () => {
  const { fill, images, labels, canvases, host } = shown();
  fill(1, 0);
  expect(host.children.map((figure) => ((figure as Made).children[1] as Made).children.map(textOf))).toEqual([
    ["#30", "1.24"],
    ["#7", ""],
    ["#5", ""],
  ]);
  expect(canvases().map(({ properties }) => properties["aria-label"])).toEqual(["Image 30", "Image 7", "Image 5"]);
  expect(images()).toEqual([30, 7, 5]);
  expect(labels.invite.mock.calls).toEqual([[3]]);
  // the pointer on one of them asks for its labels, beside them for none
  const [, second] = canvases();
  for (const how of ["onpointermove", "onpointerdown"]) (second![how] as (event: unknown) => void)(how);
  expect(labels.point.mock.calls).toEqual([
    ["onpointermove", second, 7],
    ["onpointerdown", second, 7],
  ]);
  (second!["onpointerleave"] as () => void)();
  expect(labels.invite.mock.calls).toEqual([[3], [3]]);
});

test("say where there are none", () => {
  const { fill, images, labels, host } = shown();
  fill(1, 1);
  expect(host.children.map(textOf)).toEqual(["No pictures of this unit are in this page."]);
  expect([images(), labels.invite.mock.calls]).toEqual([[], [[0]]]);
});

test.each([
  [undefined, 50, [64, 64], [50, 50]],
  [1.5, 50, [64, 64], [75, 75]],
  [1.25, 50, [64, 64], [63, 63]],
  [3, 50, [64, 64], [100, 100]],
  [1, 0, [64, 64], [1, 1]],
  [1, 50, [64, 32], [100, 50]],
  [1, 50, [54, 96], [28, 50]],
  [1, 50, [1, 999], [1, 50]],
] as const)("at %s device pixels to one, %i wide, pictures %j are painted as %j", async (ratio, width, shape, size) => {
  vi.stubGlobal("window", { devicePixelRatio: ratio });
  const { fill, begin, loaded, painter, canvases, host } = shown(width, shape);
  fill(1, 0);
  const painted = begin("mask", 0.5);
  loaded();
  await painted;
  expect(canvases().map((canvas) => [canvas["height"], canvas["width"]])).toEqual(Array(3).fill(size));
  expect(painter.paint.mock.calls).toEqual(
    [30, 7, 5].map((image, example) => [
      canvases()[example],
      { x: 0, y: 0, width: size[1], height: size[0] },
      `picture ${image}`,
      { layer: 1, unit: 0, example, view: "mask", level: 0.5 },
    ]),
  );
  expect(host["dataset"]).toEqual({ painted: "1/0 mask" });
});

test("are not painted once another unit is shown", async () => {
  vi.stubGlobal("window", { devicePixelRatio: 1 });
  const { fill, begin, loaded, painter } = shown();
  fill(1, 0);
  const painted = begin("mask", 0.5);
  fill(1, 2);
  loaded();
  await painted;
  expect(painter.paint).not.toHaveBeenCalled();
});
