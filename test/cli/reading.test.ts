import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { built } from "../built.ts";
import { run } from "./ganatomy.ts";

// Runs: src/cli/main.ts

let home: string;
let file: string;
beforeAll(async () => {
  await built();
  home = await mkdtemp(join(tmpdir(), "ganatomy-reading-"));
  file = join(home, "long.pkl");
  // Nones that are thrown away, for six hundred pieces
  await writeFile(file, Buffer.concat([Buffer.from([0x80, 2]), Buffer.alloc(40e6, "N0"), Buffer.from("N.")]));
});
afterAll(() => rm(home, { recursive: true, force: true }));

test.each([
  ["SIGTERM", "info"],
  ["SIGINT", "info"],
  ["SIGTERM", "convert"],
] as const)("%s ends `%s` while it reads a file", async (signal, command) => {
  const { status, stdout, stderr } = await run(
    command === "info" ? ["info", file] : ["convert", file, "--outdir", join(home, "converted")],
    {
      before: new URL("signal-at-read.mjs", import.meta.url).href,
      env: { GANATOMY_READ: file, GANATOMY_INTERRUPT_BY: signal },
    },
  );
  expect(status, stderr).toBe(130);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/Stopping\./);
  expect(stderr).not.toMatch(/no tensors/);
  const pieces = Number(/pieces read: (\d+)/.exec(stderr)?.[1]);
  expect(pieces).toBeGreaterThanOrEqual(10);
  expect(pieces).toBeLessThan(100);
});
