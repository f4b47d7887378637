import { expect, test } from "vitest";
import { Painting } from "../../src/elements/painting.ts";

const BRUSH = { op: "remove", units: [1], alpha: 1, quantile: 0.99, radius: 0 } as const;
const EXTENTS = { height: 2, width: 3 };
const AT = { y: 0.5, x: 0.5 };
const cells = ({ strokes }: Painting) => strokes.map(({ mask }) => mask?.cells);

test("a stroke acts when it is finished", () => {
  const painting = new Painting();
  painting.start(BRUSH, EXTENTS, AT, false);
  expect(painting.along([{ y: 0.5, x: 1.5 }])).toBeUndefined();
  expect(cells(painting)).toEqual([]);
  expect(painting.finish()?.mask?.cells).toEqual([0, 2]);
  expect(cells(painting)).toEqual([[0, 2]]);
  expect(painting.finish()).toBeUndefined();
});

test("a live stroke acts from the first point on, and is one step", () => {
  const painting = new Painting();
  painting.start(BRUSH, EXTENTS, AT, true);
  expect(cells(painting)).toEqual([[0, 1]]);
  expect(painting.along([{ y: 0.5, x: 1.5 }])?.mask?.cells).toEqual([0, 2]);
  expect(cells(painting)).toEqual([[0, 2]]);
  expect(painting.canUndo).toBe(false); // in the middle of a stroke
  painting.finish();
  painting.undo();
  expect(cells(painting)).toEqual([]);
  painting.redo();
  expect(cells(painting)).toEqual([[0, 2]]);
});

test.each([true, false])("a stroke that is given up leaves nothing (live: %s)", (live) => {
  const painting = new Painting();
  painting.start(BRUSH, EXTENTS, AT, live);
  painting.cancel();
  expect([cells(painting), painting.growing]).toEqual([[], undefined]);
  painting.cancel();
  expect(painting.finish()).toBeUndefined();
});

test("strokes are changed as a step, or as a part of the last one", () => {
  const painting = new Painting();
  const stroke = { id: "a", op: "remove", units: [1], alpha: 1 } as const;
  painting.change([stroke]);
  painting.change([{ ...stroke, alpha: 0.75 }]);
  painting.change([], { ...stroke, alpha: 0.5 });
  expect(painting.strokes).toEqual([{ ...stroke, alpha: 0.5 }]);
  painting.undo();
  expect(painting.strokes).toEqual([stroke]);
  painting.reset([{ ...stroke, id: "b" }]);
  expect([painting.strokes[0]?.id, painting.canUndo, painting.canRedo]).toEqual(["b", false, false]);
});
