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
