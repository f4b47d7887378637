import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serve } from "../../scripts/serve.mjs";
import { type OpenPage, openPage } from "../browser/open.ts";
import { built } from "../built.ts";

// Runs: src/index.ts, src/elements/define.ts, src/session/worker.ts

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** webpack is among what bench/package.json names: `npm ci` of the repository leaves it out. */
const require = createRequire(join(ROOT, "bench/package.json"));

/** README's snippet for pages, on the model that comes along. */
async function snippet(): Promise<string> {
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  const code = /```js\n([\s\S]+?)```/.exec(readme)![1]!;
  expect(code).toContain('"church.pth"');
  return code.replace("church.pth", "generator.safetensors");
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>webpack</title><link rel="icon" href="data:,"><body>
<gan-session generator="generator.safetensors"><gan-image layer="layer4"></gan-image></gan-session>
<script type="module" src="main.js"></script></body>`;

let home: string;
let server: Awaited<ReturnType<typeof serve>> | undefined;
let open: OpenPage | undefined;

beforeAll(async () => {
  await built({ whole: true });
  home = await mkdtemp(join(tmpdir(), "ganatomy-webpack-"));
  await mkdir(join(home, "node_modules"));
  await symlink(ROOT, join(home, "node_modules/ganatomy"));
  await writeFile(join(home, "package.json"), '{ "type": "module" }');
  await writeFile(
    join(home, "main.js"),
    `import "ganatomy/elements/define";\n${await snippet()}globalThis.shown = true;`,
  );
  const { webpack } = require("webpack");
  const said = await new Promise<{ errors: unknown[]; warnings: unknown[] }>((resolve, reject) => {
    const options = {
      // the worker is one file, larger than the hints want
      ...{ mode: "production", context: home, entry: "./main.js", devtool: false, performance: { hints: false } },
      output: { path: join(home, "dist"), filename: "main.js", module: true },
      experiments: { outputModule: true },
    };
    webpack(options, (error: Error | null, stats: { toJson(): { errors: unknown[]; warnings: unknown[] } }) =>
      error ? reject(error) : resolve(stats.toJson()),
    );
  });
  expect(said.errors).toEqual([]);
  expect(said.warnings).toEqual([]);
  await writeFile(join(home, "dist/index.html"), PAGE);
  await cp(join(ROOT, "weights/scenes64/generator.safetensors"), join(home, "dist/generator.safetensors"));
  server = await serve(join(home, "dist"));
  open = await openPage("about:blank");
});
afterAll(async () => {
  await open?.close();
  await server?.close();
  await rm(home, { recursive: true, force: true });
});

test("a production build draws README's picture, and an element's with the worker that is beside it", async () => {
  const { page, errors } = open!;
  await page.goto(server!.url);
  await page.waitForFunction("globalThis.shown", { timeout: 120_000 });
  await page.waitForFunction("document.querySelector('gan-session').session?.loaded?.model", { timeout: 120_000 });
  const contrast = async (selector: string): Promise<number> => {
    const data = Uint8Array.from(decode(await (await page.$(selector))!.screenshot()).data);
    const mean = data.reduce((a, b) => a + b, 0) / data.length;
    return Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length);
  };
  for (const canvas of ["body > canvas", "gan-image >>> canvas"]) {
    await expect.poll(() => contrast(canvas), { timeout: 60_000 }).toBeGreaterThan(20);
  }
  const asked = await page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)");
  const scripts = (await readdir(join(home, "dist"))).filter((name) => name.endsWith(".js"));
  const loaded = scripts.filter((name) => (asked as string[]).includes(`${server!.url}${name}`));
  // what is loaded on demand is in files of its own: some are, and those for other models are not
  expect(loaded.length).toBeGreaterThan(3);
  expect(loaded.length).toBeLessThan(scripts.length - 3);
  expect(page.workers().map((worker) => worker.url().slice(server!.url.length))).toEqual([
    expect.toSatisfy((name) => scripts.includes(name)),
  ]);
  expect(errors).toEqual([]);
});
