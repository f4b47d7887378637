import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { VERSION } from "../src/version.ts";

test("the version is the package's", async () => {
  const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  expect(VERSION).toBe(version);
});
