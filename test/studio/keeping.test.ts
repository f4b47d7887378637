import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serve } from "../../scripts/serve.mjs";
import { openPage } from "../browser/open.ts";

// Runs: studio/keeping.ts

let home: string;
let server: Awaited<ReturnType<typeof serve>>;
let opened: Awaited<ReturnType<typeof openPage>>;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-keeping-"));
  await build({
    entryPoints: [fileURLToPath(new URL("../../studio/keeping.ts", import.meta.url))],
    bundle: true,
    format: "iife",
    globalName: "keeping",
    outdir: home,
    logLevel: "silent",
  });
  await writeFile(
    join(home, "index.html"),
    "<!doctype html><link rel=icon href=data:,><script src=keeping.js></script>",
  );
  server = await serve(home);
  opened = await openPage(server.url);
}, 120_000);
afterAll(async () => {
  expect(opened?.errors).toEqual([]);
  await opened?.close();
  await server?.close();
  await rm(home, { recursive: true, force: true });
});

const run = <T>(code: string): Promise<T> => opened.page.evaluate(`(async () => {${code}})()`) as Promise<T>;

test("what is kept is there again, the last sixteen files of a generator, until it is forgotten", async () => {
  const kept = await run<readonly (readonly string[])[]>(`
    const names = async () => (await keeping.keptLatents("church")).map(({ name }) => name);
    for (let at = 0; at < 18; at += 1) {
      await keeping.keepLatents("church", "hash" + at, new File(["x"], "file" + at));
      await new Promise((resolve) => setTimeout(resolve, 2)); // the oldest are told by the clock
    }
    await keeping.keepLatents("kitchen", "hash", new File(["x"], "other"));
    const before = await names();
    await keeping.forgetLatents("church", "hash17");
    return [before, await names()];
  `);
  const names = Array.from({ length: 16 }, (_, at) => `file${at + 2}`);
  expect(kept).toEqual([names, names.slice(0, -1)]);
});

test("a recipe is its generator's last; what is none is not shown", async () => {
  const recipe = { version: 1, model: { name: "church" }, seed: 1, image: 3, layer: "layer4", strokes: [] };
  const [known, none] = await run<readonly unknown[]>(`
    await keeping.keep(${JSON.stringify({ ...recipe, image: 2 })});
    await keeping.keep(${JSON.stringify(recipe)});
    await keeping.keep({ model: { name: "odd" } });
    return [await keeping.kept("church"), (await keeping.kept("odd")) ?? null];
  `);
  expect(known).toMatchObject(recipe);
  expect(none).toBeNull();
});

test("no connection stays open, of which a newer studio would have to wait for the end", async () => {
  const open = await run<readonly boolean[]>(`
    const databases = [];
    const open = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function (...given) {
      const request = open.apply(this, given);
      request.addEventListener("success", () => databases.push(request.result));
      return request;
    };
    await keeping.keep({ model: { name: "odd" } });
    await keeping.kept("odd");
    await keeping.keepLatents("church", "hash", new File(["x"], "file"));
    await keeping.keptLatents("church");
    await keeping.forgetLatents("church", "hash");
    await keeping.keep({ model: { name: "odd" }, odd: () => {} }); // which cannot be kept
    IDBFactory.prototype.open = open;
    return databases.map((database) => {
      try {
        database.transaction("recipes");
        return true;
      } catch {
        return false; // it is closed
      }
    });
  `);
  expect(open).toEqual(new Array(6).fill(false));
});

test("a newer studio's change of the database waits for nothing", async () => {
  const told = await run<readonly string[]>(`
    const told = [];
    const keeps = keeping.keepLatents("church", "hash", new File(["x"], "file"));
    const newer = indexedDB.open("ganatomy-studio", 3);
    await new Promise((resolve, reject) => {
      for (const kind of ["blocked", "upgradeneeded"]) newer.addEventListener(kind, () => told.push(kind));
      newer.onsuccess = resolve;
      newer.onerror = () => reject(newer.error);
    });
    newer.result.close();
    await keeps;
    return told;
  `);
  expect(told).toEqual(["upgradeneeded"]);
});
