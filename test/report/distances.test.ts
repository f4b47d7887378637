import { expect, test } from "vitest";
import { fourDigits, frechetName } from "../../src/report/distances.ts";

test("only Inception's distances are FIDs", () => {
  expect(["Inception-v3", "Inception", "drawn c5", "not Inception"].map((network) => frechetName({ network }))).toEqual(
    ["FID", "FID", "FD", "FD"],
  );
});

test.each([
  [0, "0"],
  [0.00123456, "0.001235"],
  [-0.5, "−0.5"],
  [12.3456, "12.35"],
  [999.94, "999.9"],
  [1000, "1000"],
  [-1000.6, "−1001"],
  [123456.7, "123457"],
  [-123456.7, "−123457"],
])("%d is told as %s", (value, text) => expect(fourDigits(value)).toBe(text));
