import { describe, expect, test } from "vitest";
import { checkCells, packCells, unpackCells } from "../../src/session/cells.ts";

const grid = (...rows: string[]) => ({
  height: rows.length,
  width: rows[0]!.length,
  data: Uint8Array.from(rows.join(""), (cell) => Number(cell === "#")),
});

describe("cells", () => {
  test.each([
    [grid("....", "...."), []],
    [grid("####", "####"), [0, 8]],
    [grid("..##", "#..."), [2, 3]],
    [grid("#..#", ".#.."), [0, 1, 2, 1, 1, 1]],
    [grid("...#"), [3, 1]],
  ])("of %j are the runs %j, and come back", (mask, runs) => {
    const packed = packCells(mask);
    expect(packed).toEqual({ size: [mask.height, mask.width], cells: runs });
    expect(unpackCells(packed)).toEqual(mask.data);
    expect(checkCells(packed, "a test")).toEqual(packed);
  });

  test("any number that is not 0 is on", () =>
    expect(packCells({ height: 1, width: 4, data: [0, 0.5, -1, 0] }).cells).toEqual([1, 2]));

  test.each([
    { height: 2, width: 2, data: [1] },
    { height: 0, width: 2, data: [] },
    { height: 1, width: 1025, data: new Uint8Array(1025) },
  ])("$height × $width with other numbers is refused", (mask) =>
    expect(() => packCells(mask)).toThrow(/Give one number a cell, and edges from 1 to 1024/),
  );
});
