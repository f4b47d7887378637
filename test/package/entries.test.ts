import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { ALONE, gzipped, loadedWith } from "../../scripts/build.mjs";
import { serve } from "../../scripts/serve.mjs";
import { openPage } from "../browser/open.ts";
import { built } from "../built.ts";

// Runs: src/index.ts, src/causality/index.ts, src/networks/index.ts, src/runtime/index.ts,
// src/node/index.ts, src/report/index.ts, test/package/mix.js

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Not for pages. */
const NODE = ["node/index"];

interface Mixed {
  readonly instances: readonly boolean[];
  readonly slope: readonly number[];
  readonly grows: boolean;
  readonly strangers: readonly string[];
}

/** What `exports` names, as paths below dist/ without endings. */
let entries: string[];
beforeAll(async () => {
  await built();
  const { exports } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const scripts = Object.values<{ default?: string }>(exports).map((entry) => entry.default ?? "");
  entries = scripts.flatMap((script) => /^\.\/dist\/(.+)(?<!\.min)\.js$/.exec(script)?.[1] ?? []);
});

describe("one set of classes", () => {
  test("every entry has a minified twin, and neither kind has code that the other has not", async () => {
    expect(entries).toEqual(expect.arrayContaining(["index", "causality/index", "node/index"]));
    for (const entry of entries) {
      expect(existsSync(join(ROOT, `dist/${entry}.min.js`)), entry).toBe(true);
      const only = [...(await loadedWith(`dist/${entry}.js`))].filter((path) => !path.endsWith(".min.js"));
      expect(only, entry).toEqual([`dist/${entry}.js`]);
      expect(await gzipped(only), entry).toBeLessThan(100);
    }
  });

  test("a page that imports all entries of both kinds has everything once, and may mix them", async () => {
    const server = await serve(ROOT);
    const { page, close } = await openPage(`${server.url}package.json`); // for its origin
    try {
      const names = JSON.stringify(entries.filter((entry) => !NODE.includes(entry)));
      const { copies, mixed } = (await page.evaluate(
        `import("/test/package/mix.js").then(({ mix }) => mix(${names}))`,
      )) as { copies: readonly string[]; mixed: readonly Mixed[] };
      expect(copies).toEqual([]);
      const whole = { instances: [true, true], slope: [1, 1, 1, 1], grows: true, strangers: [] };
      expect(mixed).toEqual([whole, whole]);
    } finally {
      await close();
      await server.close();
    }
  });

  test("Node's entry throws the errors of the core, by either name", async () => {
    const load = async (path: string) => import(/* @vite-ignore */ join(ROOT, "dist", path));
    const { GanatomyError } = await load("index.min.js");
    for (const ending of [".js", ".min.js"]) {
      const { fileSource } = await load(`node/index${ending}`);
      await expect(fileSource(join(ROOT, "nowhere.pth"))).rejects.toBeInstanceOf(GanatomyError);
    }
  });
});

test.each(Object.keys(ALONE))("%s needs no other script, not even on demand", async (name) => {
  expect([...(await loadedWith(`dist/${name}`))]).toEqual([`dist/${name}`]);
  expect(await readFile(join(ROOT, "dist", name), "utf8")).not.toMatch(/\bimport\(/);
});

test("the page of --chrome shares the command line's chunks, and needs nothing of Node's", async () => {
  const loaded = await loadedWith("dist/chrome-page.js");
  expect(loaded.size).toBeGreaterThan(5);
  const onDemand = [];
  for (const path of loaded) {
    const text = await readFile(join(ROOT, path), "utf8");
    expect(text, path).not.toMatch(/\bfrom *"node:|\bimport *"node:/);
    for (const [, name] of text.matchAll(/\bimport\("\.\/([\w-]+\.js)"\)/g)) onDemand.push(`dist/${name}`);
  }
  expect(onDemand.length).toBeGreaterThan(0);
  for (const path of onDemand) {
    for (const name of await loadedWith(path))
      expect(await readFile(join(ROOT, name), "utf8"), name).not.toMatch(/\bfrom *"node:/);
  }
});

test("an error that nobody catches shows names and one line of code, not a minified file", async () => {
  const program = `import { openCheckpoint } from "./dist/index.js"; await openCheckpoint(new ArrayBuffer(8));`;
  const failed = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: ROOT,
  }).catch((error) => error);
  expect(failed.stderr).toMatch(/^WeightsError: /m);
  expect(failed.stderr).toMatch(/^ +at noCheckpoint \(/m);
  expect(failed.stderr.length).toBeLessThan(2500);
});
