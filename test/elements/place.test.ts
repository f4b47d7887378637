import { expect, test } from "vitest";
import { placeOf, within } from "../../src/elements/place.ts";

const element = { getBoundingClientRect: () => ({ left: 10, top: 20, width: 200, height: 100 }) } as Element;
const at = (clientX: number, clientY: number) =>
  placeOf({ clientX, clientY } as MouseEvent, element, { height: 50, width: 64 });

test("a pointer is at a pixel, or at the nearest one", () => {
  expect(at(10, 20)).toEqual({ y: 0, x: 0 });
  expect(at(110, 70)).toEqual({ y: 25, x: 32 });
  expect(at(209.9, 119.9)).toEqual({ y: 49, x: 63 });
  expect(at(500, 0)).toEqual({ y: 0, x: 63 });
});

test("rows stay within their number", () => expect([-1, 0, 2, 3].map((row) => within(row, 3))).toEqual([0, 0, 2, 2]));
