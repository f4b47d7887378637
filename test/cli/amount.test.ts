import { expect, test } from "vitest";
import { amount, counted, mebibytes } from "../../src/cli/amount.ts";

test.each([
  [0, "0 FLOP"],
  [7, "7 FLOP"],
  [999, "999 FLOP"],
  [1000, "1 kFLOP"],
  [1234, "1.23 kFLOP"],
  [9_994, "9.99 kFLOP"],
  [10_500, "10.5 kFLOP"],
  [12_345, "12.3 kFLOP"],
  [99_949, "99.9 kFLOP"],
  [99_950, "100 kFLOP"],
  [99_960, "100 kFLOP"],
  [999_499, "999 kFLOP"],
  [999_600, "1.00 MFLOP"],
  [41_200_000, "41.2 MFLOP"],
  [3.5e9, "3.50 GFLOP"],
  [2.25e12, "2.25 TFLOP"],
  [4e18, "4000 PFLOP"],
])("%d is %s", (value, text) => expect(amount(value, "FLOP")).toBe(text));

test.each([
  [0, "0"],
  [1, "0.0"],
  [2 ** 18, "0.3"],
  [3.2 * 2 ** 20, "3.2"],
  [9.96 * 2 ** 20, "10"],
  [329.4 * 2 ** 20, "329"],
])("%d bytes are %s MiB", (bytes, text) => expect(mebibytes(bytes)).toBe(text));

test("one is singular", () => {
  expect([0, 1, 2].map((count) => counted(count, "file"))).toEqual(["0 files", "1 file", "2 files"]);
});
