import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

interface Locked {
  readonly integrity?: string;
  readonly resolved?: string;
}

test("what is installed is what was locked, from whichever registry", async () => {
  const { packages } = JSON.parse(await readFile(new URL("../package-lock.json", import.meta.url), "utf8"));
  const { "": _, ...locked } = packages as Record<string, Locked>;
  const names = Object.keys(locked);
  expect(names.length).toBeGreaterThan(100);
  // npm writes none for another platform's packages where it never saw them.
  expect(names.filter((name) => !locked[name]!.integrity?.startsWith("sha512-"))).toEqual([]);
  expect(names.filter((name) => locked[name]!.resolved !== undefined)).toEqual([]);
});
