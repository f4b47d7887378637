import { expect, test, vi } from "vitest";
import { cellReach, Response } from "../../src/causality/response.ts";
import type { Generator } from "../../src/index.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { useSmallModels } from "../dissect/models.ts";

const [LAYER, IMAGES, CONCEPT] = ["layer3", 3, "tree"];
const models = useSmallModels();

// Of all images the totals, of the first rows the cells; label maps that are not square have as
// many rows and columns of cells.
test.each([
  { extent: [16, 16], cellRows: 2 },
  { extent: [12, 20], cellRows: 2 },
  { extent: [20, 12], cellRows: undefined },
] as const)("has a row for each image and cells for those asked for: %j", async ({ extent, cellRows }) => {
  const { generator, segmenter } = models;
  const rows = 5;
  using features = await generator.compile({ batch: IMAGES, retain: [LAYER], until: LAYER });
  using whole = await generator.compile({ batch: IMAGES });
  using segment = await segmenter.compile(whole.image!, extent);
  const z = generator.sample({ size: IMAGES, seed: 3 });
  features.run(z);
  whole.run(z);
  segment.run();
  const labels = await segment.labels.read();
  const label = segmenter.label(CONCEPT);
  const pixels = extent[0] * extent[1];
  const total = (image: number): number =>
    labels.subarray(image * pixels, (image + 1) * pixels).filter((one) => one === label).length / pixels;
  expect(new Set([0, 1, 2].map(total)).size).toBe(3);

  const response = await Response.create({
    ...{ generator, segmenter, layer: LAYER, concept: CONCEPT, of: "mask", extent, edits: 1, rows },
    inputs: features.behind(LAYER),
    ...(cellRows !== undefined && { cellRows }),
  });
  expect(response.images).toBe(IMAGES);
  const write = vi.spyOn(Tensor.prototype, "write");
  response.run(0);
  response.run(1, 2);
  response.run(3, 2);
  // [row, images] of the totals and of the cells that are kept of them
  const kept = cellRows ?? rows;
  expect(write.mock.calls.map(([values]) => [...values])).toEqual([
    [0, 3],
    [0, Math.min(3, kept)],
    [1, 2],
    [1, kept === 2 ? 1 : 2],
    [3, 2],
    [3, kept === 2 ? 0 : 2],
  ]);
  write.mockRestore();
  const totals = await response.totals.read();
  for (const [row, image] of [0, 0, 1, 0, 1].entries()) expect(totals[row]).toBeCloseTo(total(image), 6);

  const { height, width } = generator.layer(LAYER);
  expect(response.cells.shape).toEqual([kept, height, width]);
  const cells = await response.cells.read();
  /** A cell's share of the pixels that it touches. */
  const share = (image: number, cell: number): number => {
    const touched = (at: number, most: number, edge: number) => [
      Math.floor((at * edge) / most),
      Math.ceil(((at + 1) * edge) / most),
    ];
    const [top = 0, bottom = 0] = touched(Math.floor(cell / width), height, extent[0]);
    const [left = 0, right = 0] = touched(cell % width, width, extent[1]);
    let seen = 0;
    for (let y = top; y < bottom; y += 1) {
      for (let x = left; x < right; x += 1) {
        seen += Number(labels[image * pixels + y * extent[1] + x] === label);
      }
    }
    return seen / ((bottom - top) * (right - left));
  };
  for (const [row, image] of [0, 0, 1, 0, 1].slice(0, kept).entries()) {
    for (let cell = 0; cell < height * width; cell += 1) {
      expect(cells[row * height * width + cell]).toBeCloseTo(share(image, cell), 6);
    }
  }
  response.dispose();
});

test("cells reach over whole pixels, the nearest, and beyond label maps where images are cropped", () => {
  const reach = (uncropped: readonly [number, number]) =>
    cellReach({ height: 10, width: 7, uncropped } as Generator, [4, 6]);
  expect(reach([10, 7])).toEqual([4, 6]);
  expect(reach([14, 8])).toEqual([6, 7]); // 5.6 and 6.9
  expect(reach([16, 9])).toEqual([6, 8]); // 6.4 and 7.7
});
