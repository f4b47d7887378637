import { describe, expect, test } from "vitest";
import { area, cover, discAt, GrowingStroke, newId, outline } from "../../src/elements/brush.ts";

const EXTENTS = { height: 4, width: 6 };

/** Cells as text, row by row. */
function rows(cells: Uint8Array): string[] {
  return Array.from({ length: EXTENTS.height }, (_, row) =>
    [...cells.subarray(row * EXTENTS.width, (row + 1) * EXTENTS.width)].map((on) => (on ? "#" : ".")).join(""),
  );
}

describe("a brush", () => {
  test("of no radius covers the cell that it is in", () => {
    expect(rows(discAt(EXTENTS, { y: 1.9, x: 2.1 }, 0))).toEqual(["......", "..#...", "......", "......"]);
  });

  test("covers the cells whose middles lie within its radius", () => {
    expect(rows(discAt(EXTENTS, { y: 1.5, x: 2.5 }, 1))).toEqual(["..#...", ".###..", "..#...", "......"]);
    expect(rows(discAt(EXTENTS, { y: 1, x: 2 }, 0.8))).toEqual([".##...", ".##...", "......", "......"]);
  });

  test("covers the cell at the edge that is nearest to a pointer outside", () => {
    expect(rows(discAt(EXTENTS, { y: -3, x: 9 }, 0))).toEqual([".....#", "......", "......", "......"]);
  });

  test("covers what lies between two points, without holes", () => {
    const cells = new Uint8Array(24);
    cover(cells, EXTENTS, { y: 0.5, x: 0.5 }, { y: 3.5, x: 5.5 }, 0);
    const touched = rows(cells);
    expect(touched[0]).toMatch(/^#/);
    expect(touched[3]).toMatch(/#$/);
    for (const row of touched) expect(row).toMatch(/^\.*#+\.*$/);
    const wide = new Uint8Array(24);
    cover(wide, EXTENTS, { y: 1.5, x: 1.5 }, { y: 1.5, x: 4.5 }, 1);
    expect(rows(wide)).toEqual([".####.", "######", ".####.", "......"]);
  });
});

describe("a stroke that is made", () => {
  const brush = { op: "draw", units: [3], alpha: 0.5, quantile: 0.9, radius: 0 } as const;

  test("has the cells of its way", () => {
    const growing = new GrowingStroke("a", brush, EXTENTS, { y: 0.5, x: 0.5 });
    const ways = [0.5, 2.5, 2.9].map((x) => growing.to({ y: 0.5, x }));
    expect(ways).toEqual([false, true, false]); // whether there are more cells than before
    expect(growing.to({ y: 1.5, x: 2.5 })).toBe(true);
    expect(growing.stroke).toEqual({
      ...{ id: "a", op: "draw", units: [3], alpha: 0.5, value: { quantile: 0.9 } },
      mask: { size: [4, 6], cells: [0, 3, 5, 1] },
    });
  });

  test("that removes has no value", () => {
    expect(new GrowingStroke("a", { ...brush, op: "remove" }, EXTENTS, { y: 0, x: 0 }).stroke).not.toHaveProperty(
      "value",
    );
  });

  test("has an id of its own", () => {
    const named = (...ids: string[]) => ids.map((id) => ({ id, op: "remove" as const, units: [1] }));
    expect([newId([]), newId(named("s1")), newId(named("s2")), newId(named("x", "s3"))]).toEqual([
      "s1",
      "s2",
      "s3",
      "s4",
    ]);
  });
});

test("cells are outlined where what is on meets what is off", () => {
  const cells = Uint8Array.of(1, 1, 0, 0);
  const extents = { height: 2, width: 2 };
  expect(outline(cells, extents)).toBe("M0 0h1M0 1h1M0 0v1M1 0h1M1 1h1M2 0v1");
  expect(area(cells, extents)).toBe("M0 0h1v1h-1zM1 0h1v1h-1z");
});
