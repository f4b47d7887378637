import { expect, test } from "vitest";
import { BLOCKS, blocksFor } from "../../src/dissect/blocks.ts";

test("tables are in twenty blocks, unless a layer's or all of them are too large for that", () => {
  const layer = [8, 16, 16, 512];
  expect(BLOCKS).toBe(20);
  // 512 units and 337 rows take 13.2 MiB in blocks
  expect(blocksFor([layer], 337)).toBe(20);
  expect(blocksFor(Array(19).fill(layer), 337)).toBe(20);
  expect(blocksFor(Array(20).fill(layer), 337)).toBe(1);
  // a layer of 128 MiB, and one row more
  expect(blocksFor([[1, 1, 1, 512]], 3276)).toBe(20);
  expect(blocksFor([[1, 1, 1, 512]], 3277)).toBe(1);
});
