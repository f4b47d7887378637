import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openArrayList } from "../../src/weights/array-list.ts";
import { memorySource } from "../../src/weights/bytes.ts";
import { openSource } from "../../src/weights/open.ts";
import { openZip } from "../../src/weights/zip.ts";
import { bytes, le } from "./fixtures.ts";

/** A .npy of this type and shape with these bytes. */
const npy = (descr: string, shape: string, ...data: readonly (number | string | Uint8Array)[]) => {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`;
  return memorySource(bytes(0x93, "NUMPY", 1, 0, le(header.length, 2), header, ...data), "list.npy");
};

test("a list of arrays of different lengths, which NumPy 1.24 pickled", async () => {
  const file = await openSource(readFileSync(new URL("../golden/quantiles.npz", import.meta.url)));
  const list = await openArrayList((await openZip(file)).get("data.npy")!);
  const values = await Promise.all(list.map((array) => array.read()));
  // As the sketch of 700 values keeps them: [samples, units] by level.
  expect(list.map(({ shape }) => shape[1])).toEqual(list.map(() => 3));
  expect(values.map(({ length }) => length)).toEqual(list.map(({ shape }) => shape[0]! * 3));
  expect(new Set(list.map(({ shape }) => shape[0])).size).toBeGreaterThan(1);
  expect(values.flatMap((each) => [...each]).every((value) => Math.abs(value) < 8)).toBe(true);
});

test("a list of arrays that are alike is one array", async () => {
  const list = await openArrayList(npy("<f4", "(3, 1, 2)", new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer)));
  expect(list.map(({ shape }) => shape)).toEqual([
    [1, 2],
    [1, 2],
    [1, 2],
  ]);
  expect([...(await list[1]!.read())]).toEqual([3, 4]);
});

test.each([
  ["a list of texts", [0x80, 2, "](U\x01ae."]],
  ["a call of os.system, which is not made", [0x80, 2, "cos\nsystem\nU\x02ls", 0x85, "R."]],
])("%s is refused", async (_, pickle) => {
  await expect(openArrayList(npy("|O", "(1,)", ...pickle))).rejects.toMatchObject({ code: /weights/ });
});
