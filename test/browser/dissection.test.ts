import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serve } from "../../scripts/serve.mjs";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { type BrowserName, inPage } from "./open.ts";

// Runs: test/browser/dissection-worker.js, src/index.ts, src/report/index.ts

const JOB = { layer: "layer4", size: 8 };
/** Each browser dissects in some ten seconds, on two cores that do nothing else. */
const SLOW = 600_000;

let server: { readonly url: string; close(): Promise<void> };
beforeAll(async () => {
  server = await serve(fileURLToPath(new URL("../../", import.meta.url)));
});
afterAll(() => server.close());

interface Tables {
  /** Every unit's label and whether it is interpretable. */
  readonly units: readonly string[];
  readonly tensors: ReadonlyMap<string, ArrayLike<number>>;
}

/** What a worker of a page counts in this browser. */
async function dissectIn(browser: BrowserName): Promise<Tables> {
  // for its origin
  return inPage(`${server.url}package.json`, { browser }, async ({ page }) => {
    const outcome = (await page.evaluate(`new Promise((resolve, reject) => {
      const worker = new Worker("/test/browser/dissection-worker.js", { type: "module" });
      worker.onerror = ({ message }) => reject(new Error("the worker did not start: " + message));
      worker.onmessage = ({ data: { tensors, ...rest } }) =>
        resolve({ ...rest, base64: tensors && btoa(Array.from(tensors, (byte) => String.fromCharCode(byte)).join("")) });
      worker.postMessage(${JSON.stringify(JOB)});
    })`)) as { units: string[]; base64: string; error?: string };
    expect(outcome.error).toBe(undefined);
    const { tensors } = await openCheckpoint(Buffer.from(outcome.base64, "base64"));
    const read = [...tensors].map(async ([name, tensor]) => [name, await tensor.read()] as const);
    return { units: outcome.units, tensors: new Map(await Promise.all(read)) };
  });
}

/** How far two tables are apart where they are furthest. */
const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a, (value, index) => Math.abs(value - b[index]!)).reduce((most, value) => Math.max(most, value), 0);

test("workers of both browsers find the same tables", { timeout: 2 * SLOW }, async () => {
  const [chromium, firefox] = [await dissectIn("Chromium"), await dissectIn("Firefox")];
  expect(new Set(chromium.units).size).toBeGreaterThan(5);
  expect(firefox.units).toEqual(chromium.units);
  expect([...firefox.tensors.keys()]).toEqual([...chromium.tensors.keys()]);
  for (const [name, expected] of chromium.tensors) {
    const actual = firefox.tensors.get(name)!;
    expect(actual.length, name).toBe(expected.length);
    expect(apart(actual, expected), name).toBeLessThanOrEqual(boundOf(name));
  }
});

/**
 * Two adapters and two compilers: what they compute differs in its last bits, and so do levels; a
 * pixel that is so close to a level may be counted by one of them, and moves fractions by as much
 * as in the comparison with the exact computation (test/dissect/golden.ts).
 */
function boundOf(name: string): number {
  if (/^label_pixels$|\.top_image$/.test(name)) return 0;
  if (/\.activation$|\.intersection$/.test(name)) return 2;
  return /\.level$|\.top_activation$/.test(name) ? 1e-5 : 2e-3;
}
