import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

// Runs: src/kernels/statistics/statistics.ts, src/dissect/exact-sums.ts

it("prints the ratio of exact sums to pairs of floats, once both say the same", async () => {
  const program = fileURLToPath(new URL("../../bench/exact-sums.mjs", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program]);
  expect(stdout).toMatch(
    /^moments, exact sums \/ pairs of floats: × \d+\.\d\d \(\d+\.\d\d to \d+\.\d\d\)\n9 rounds in turns on .+\n$/,
  );
});
