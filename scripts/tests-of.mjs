// Where a module's tests are: in the test file of its name (src/dissect/top.ts:
// test/dissect/top.test.ts), or in those that a line of the module names, because a test of a
// larger whole holds it:
//
//   // Tests: test/dissect/golden.test.ts, test/dissect/exact.test.ts
import { existsSync, readFileSync } from "node:fs";

const ROOT = new URL("../", import.meta.url);
/** A list goes on in the next line where a line ends with a comma. */
const LIST = /^\/\/ Tests: ((?:.+,\n\/\/ )*.+)$/m;

/**
 * The test files of `src/PATH`, relative to the repository: those that exist, and those that are
 * named but do not.
 *
 * @param {string} path
 * @param {string} text
 * @returns {{ found: string[], missing: string[] }}
 */
export function testsOf(path, text = readFileSync(new URL(`src/${path}`, ROOT), "utf8")) {
  const named = LIST.exec(text)?.[1]?.split(/,\s+(?:\/\/ )?/) ?? [];
  const own = `test/${path.replace(/\.ts$/, ".test.ts")}`;
  const found = [];
  const missing = [];
  for (const file of named) (existsSync(new URL(file, ROOT)) ? found : missing).push(file);
  if (existsSync(new URL(own, ROOT))) found.unshift(own);
  return { found, missing };
}
