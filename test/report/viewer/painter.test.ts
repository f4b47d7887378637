import { afterEach, expect, test, vi } from "vitest";
import type { PageData } from "../../../src/report/viewer/data.ts";
import { painter } from "../../../src/report/viewer/painter.ts";

afterEach(() => vi.unstubAllGlobals());

test.each([
  [undefined, "data:image/jpeg;base64,second", true],
  [true, "data:image/png;base64,second", false],
] as const)("pictures (of tiles: %s) are %s, smoothed: %s", async (tiles, address, smoothed) => {
  vi.stubGlobal("document", { createElement: () => ({}) });
  vi.stubGlobal(
    "Image",
    class {
      src = "";
      decode = async (): Promise<void> => {};
    },
  );
  const pictures = { place: { 7: 1 }, files: ["first", "second"], ...(tiles && { tiles }) };
  const { load, paint } = painter({ pictures } as unknown as PageData, vi.fn());
  const image = await load(7);
  expect(image.src).toBe(address);
  const context = { drawImage: vi.fn(), imageSmoothingEnabled: undefined };
  const frame = { x: 1, y: 2, width: 30, height: 40 };
  const shown = { layer: 0, unit: 0, example: 0, view: "original", level: 0 } as const;
  paint(context as unknown as CanvasRenderingContext2D, frame, image, shown);
  expect(context.imageSmoothingEnabled).toBe(smoothed);
  expect(context.drawImage.mock.calls).toEqual([[image, 1, 2, 30, 40]]);
});
