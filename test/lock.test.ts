import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

interface Locked {
  readonly integrity?: string;
  readonly resolved?: string;
}

test.each([
  ["the repository", "../package-lock.json", 100],
  ["bench", "../bench/package-lock.json", 20],
])("what %s installs is what was locked, from whichever registry", async (_whose, path, least) => {
  const { packages } = JSON.parse(await readFile(new URL(path, import.meta.url), "utf8"));
  const { "": _, ...locked } = packages as Record<string, Locked>;
  const names = Object.keys(locked);
  expect(names.length).toBeGreaterThan(least);
  // npm writes none for another platform's packages where it never saw them.
  expect(names.filter((name) => !locked[name]!.integrity?.startsWith("sha512-"))).toEqual([]);
  expect(names.filter((name) => locked[name]!.resolved !== undefined)).toEqual([]);
});
