import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serve } from "../../scripts/serve.mjs";
import { built } from "../built.ts";
import { inPage, type OpenPage, openPage } from "./open.ts";

// Runs: src/session/index.ts, src/session/worker.ts, src/index.ts, test/browser/session.js

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
let server: Awaited<ReturnType<typeof serve>>;
let open: OpenPage;
beforeAll(async () => {
  await built();
  server = await serve(ROOT);
  open = await openPage(`${server.url}package.json`); // for its origin
});
afterAll(async () => {
  await open?.close();
  await server?.close();
});

const run = (call: string, { page } = open): Promise<unknown> =>
  page.evaluate(`import("/test/browser/session.js").then((page) => page.${call})`);

const PAINTED = {
  ms: expect.any(Number),
  name: "scenes64",
  hasAdapter: true,
  phases: ["generator"],
  size: [64, 64],
  canvasDiffers: 0,
  pictureDiffers: 0,
  pngDiffers: 0,
  strokesShow: true,
  error: expect.stringMatching(/^UsageError: y is 99/),
};

test("a worker paints on the page's canvas what the library draws", async () => {
  expect(await run("paint()")).toEqual(PAINTED);
  expect(open.page.workers()).toHaveLength(0);
  // (Chromium asks for a favicon.)
  expect(open.errors.filter((error) => !/404/.test(error))).toEqual([]);
});

test("so it does in Firefox", async () => {
  const painted = inPage(`${server.url}package.json`, { browser: "Firefox" }, (firefox) => run("paint()", firefox));
  expect(await painted).toEqual(PAINTED);
});

test.each(["shared", "service"])("a %s worker runs the same file, for all who connect", async (kind) => {
  expect(await run(`elsewhere("${kind}")`)).toEqual({ differs: 0, label: "sky" });
});

test("a worker whose script is not there is said", async () => {
  expect(await run("missing()")).toMatch(/^network: The worker ended: .*Check the address of ganatomy\/worker/);
});
