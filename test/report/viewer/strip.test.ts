import { afterEach, expect, test, vi } from "vitest";
import type { PageData, State } from "../../../src/report/viewer/data.ts";
import { strip } from "../../../src/report/viewer/strip.ts";

afterEach(() => vi.unstubAllGlobals());

const data = {
  report: { layers: [{}, { units: [{}, { level: 0.25 }, { level: null }] }] },
  layers: [{}, { features: [null, { images: [9, 8, 7, 6, 5, 4, 3] }, { images: [2, 1] }] }],
} as unknown as PageData;

/** Paints a card so wide, of pictures of this shape. */
async function painted(
  index: number,
  width: number,
  ratio: number | undefined,
  { shape = [64, 64], ...more }: { readonly shape?: readonly [number, number]; readonly [other: string]: unknown } = {},
) {
  vi.stubGlobal("window", { devicePixelRatio: ratio });
  const painter = { load: vi.fn(async (image: number) => `picture ${image}`), paint: vi.fn() };
  const canvas = { dataset: { index: String(index) } as Record<string, string>, isConnected: true, clientWidth: width };
  Object.assign(canvas, { getContext: () => "context", ...more });
  let asked = 0;
  const current = () => ({ state: { view: "mask" } as State, layerIndex: asked++ === 0 || !("gone" in more) ? 1 : 0 });
  await strip({ ...data, pictures: { shape } } as unknown as PageData, painter as never)(
    canvas as unknown as HTMLCanvasElement,
    current,
  );
  return { canvas: canvas as unknown as HTMLCanvasElement, ...painter };
}

type Size = readonly [height: number, width: number];
test.each<[width: number, ratio: number | undefined, shape: Size, drawn: Size, whole: number, places: number[]]>([
  // Five squares with 4 pixels between them: a card of 116 has squares of 20.
  [116, undefined, [64, 64], [20, 20], 116, [0, 24, 48, 72, 96]],
  [116, 2, [64, 64], [40, 40], 232, [0, 48, 96, 144, 192]],
  [116, 3, [64, 64], [40, 40], 232, [0, 48, 96, 144, 192]],
  [116, 1.25, [64, 64], [25, 25], 145, [0, 30, 60, 90, 120]],
  [116, 1.1, [64, 64], [22, 22], 128, [0, 26, 53, 79, 106]],
  [118, 1, [64, 64], [20, 20], 116, [0, 24, 48, 72, 96]],
  [119, 1, [64, 64], [21, 21], 121, [0, 25, 50, 75, 100]],
  // Others than squares are as wide.
  [116, 1, [64, 32], [40, 20], 116, [0, 24, 48, 72, 96]],
  [116, 1, [54, 96], [11, 20], 116, [0, 24, 48, 72, 96]],
  [116, 1, [1, 99], [1, 20], 116, [0, 24, 48, 72, 96]],
])(
  "on a card %i wide at %s device pixels to one, pictures %j as %j",
  async (width, ratio, shape, drawn, whole, places) => {
    const [high, wide] = drawn;
    const { canvas, load, paint } = await painted(1, width, ratio, { shape });
    expect([canvas.width, canvas.height]).toEqual([whole, high]);
    expect(load.mock.calls.map(([image]) => image)).toEqual([9, 8, 7, 6, 5]);
    expect(paint.mock.calls).toEqual(
      places.map((x, example) => [
        "context",
        { x, y: 0, width: wide, height: high },
        `picture ${9 - example}`,
        { layer: 1, unit: 1, example, view: "mask", level: 0.25 },
      ]),
    );
    expect(canvas.dataset["painted"]).toBe("mask");
  },
);

test("of fewer pictures has fewer squares, of a unit without a level at 0", async () => {
  const { paint } = await painted(2, 116, 1);
  expect(paint.mock.calls.map(([, { x }, , { level, unit }]) => [x, level, unit])).toEqual([
    [0, 0, 2],
    [24, 0, 2],
  ]);
});

test.each([
  ["the page is at another layer", 116, { gone: true }],
  ["the card is gone", 116, { isConnected: false }],
  ["there is no room", 18, {}],
])("is not painted where %s", async (_, width, more) => {
  const { canvas, paint } = await painted(1, width, 1, more);
  expect([paint.mock.calls, canvas.dataset["painted"]]).toEqual([[], undefined]);
});

test("is painted where there is just room", async () => {
  expect((await painted(1, 19, 1)).canvas.height).toBe(1);
});
