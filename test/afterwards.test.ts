import { expect, test, vi } from "vitest";
import { restore } from "./afterwards.ts";

test("what was put in the place of globals is gone", () => {
  const [now, timer, home] = [performance.now, setTimeout, process.env["HOME"]];
  const folder = process.cwd();
  vi.spyOn(performance, "now").mockReturnValue(3);
  vi.stubGlobal("document", {});
  vi.stubEnv("HOME", "/nowhere");
  vi.useFakeTimers();
  process.chdir("/");
  restore();
  expect([performance.now, setTimeout, process.env["HOME"]]).toEqual([now, timer, home]);
  expect(process.cwd()).toBe(folder);
  expect("document" in globalThis).toBe(false);
});
