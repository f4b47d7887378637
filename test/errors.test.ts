import { describe, expect, test } from "vitest";
import {
  DeviceLostError,
  GanatomyError,
  KernelError,
  LabelsError,
  OutputError,
  PhotoError,
  ShapeError,
  UnsupportedError,
  UsageError,
  WeightsError,
} from "../src/errors.ts";

const OF_MANY_CODES = { GanatomyError, UnsupportedError, DeviceLostError, WeightsError };
const OF_ONE_CODE = [
  ["ShapeError", "shape", ShapeError],
  ["LabelsError", "labels", LabelsError],
  ["UsageError", "usage", UsageError],
  ["PhotoError", "photo", PhotoError],
  ["OutputError", "output", OutputError],
] as const;

describe("an error", () => {
  const cause = new Error("below");

  test.each(Object.entries(OF_MANY_CODES))(
    "%s has a code, a cause, and a fix that its message ends in",
    (name, Class) => {
      const error = new Class("limit", "Too much.", "Take less.", { cause });
      expect(error).toBeInstanceOf(GanatomyError);
      expect({ ...error, message: error.message, cause: error.cause }).toEqual({
        ...{ name, code: "limit", fix: "Take less.", message: "Too much. Take less.", cause },
      });
    },
  );

  test.each(OF_ONE_CODE)("%s has the code %s", (name, code, Class) => {
    const error = new Class("Wrong.", "Do it right.", { cause });
    expect(error).toBeInstanceOf(GanatomyError);
    expect({ ...error, message: error.message, cause: error.cause }).toEqual({
      ...{ name, code, fix: "Do it right.", message: "Wrong. Do it right.", cause },
    });
  });

  test("of a kernel is to be reported, unless its fix is known", () => {
    expect(new KernelError("It is wrong.")).toMatchObject({
      ...{ name: "KernelError", code: "kernel", fix: "This is a fault of ganatomy, please report it." },
    });
    expect(new KernelError("It is wrong.", "Mend it.", { cause })).toMatchObject({
      ...{ code: "kernel", message: "It is wrong. Mend it.", cause },
    });
  });

  test("without a fix ends where its message does", () => {
    expect(new GanatomyError("usage", "Wrong.", "").message).toBe("Wrong.");
  });
});

test("an error is short, whatever is in its message and its fix", () => {
  const long = "layer".repeat(1e5);
  for (const [message, fix] of [
    [long, "Do it right."],
    ["Wrong.", long],
    [long, long],
  ] as const) {
    const error = new GanatomyError("usage", message, fix);
    expect(error.message.length).toBeLessThanOrEqual(1000);
    expect(error.message.endsWith(error.fix)).toBe(true);
    expect(`${message} ${fix}`.startsWith(error.message.slice(0, 5))).toBe(true);
  }
  expect(new GanatomyError("usage", "a".repeat(400), "b".repeat(600)).message).toMatch(/^a{398}… b{600}$/);
  expect(new GanatomyError("usage", "a".repeat(399), "b".repeat(600)).message).toBe(
    `${"a".repeat(399)} ${"b".repeat(600)}`,
  );
});
