import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { decode } from "fast-png";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { serve } from "../../scripts/serve.mjs";
import { built } from "../built.ts";
import { type OpenPage, openPage } from "./open.ts";

// Runs: src/elements/index.ts, src/elements/define.ts, src/session/worker.ts,
// test/browser/elements.js

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Where pictures of pages are left for whoever wants to look: a folder's path. */
const SCREENSHOTS = process.env["GANATOMY_SCREENSHOTS"];

let server: Awaited<ReturnType<typeof serve>>;
let open: OpenPage;
beforeAll(async () => {
  await built();
  server = await serve(ROOT);
  // for its origin
  open = await openPage(`${server.url}package.json`, { width: 1100, height: 900 });
});
afterAll(async () => {
  await open?.close();
  await server?.close();
});

const run = (call: string): Promise<unknown> =>
  open.page.evaluate(`import("/test/browser/elements.js").then((page) => page.${call})`);

/** The standard deviation of what is seen of an element: zero for a blank one. */
async function contrast(id: string): Promise<number> {
  const data = Uint8Array.from(decode(await (await open.page.$(`#${id} >>> canvas`))!.screenshot()).data);
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  return Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length);
}

async function look(name: string): Promise<void> {
  if (!SCREENSHOTS) return;
  await mkdir(SCREENSHOTS, { recursive: true });
  await open.page.screenshot({ path: `${SCREENSHOTS}/elements-${name}.png` });
}

describe.each(["off", "auto"])('elements on scenes64, worker="%s"', (worker) => {
  beforeEach(() => run(`show("${worker}")`));

  test("draw, paint, and say what is there", async () => {
    expect(open.page.workers()).toHaveLength(worker === "auto" ? 1 : 0);
    for (const id of ["paint", "image", "labels"]) expect(await contrast(id)).toBeGreaterThan(20);
    // A page cannot read its own canvas once it was shown, but one that a worker draws on.
    const pixels = worker === "auto" ? { unpainted: 0, changed: true, undone: 0 } : {};
    expect(await run("paintSome()")).toMatchObject({ ...pixels, strokes: [2, 1] });
    const [label, place, layer, ...units] = (await run("inspected()")) as string[];
    expect([label, place, layer]).toEqual(["sky", "row 20, column 30", "layer4, cell 2, 3"]);
    expect(units).toHaveLength(4);
    expect(await run("thumbnails(4)")).toBe(4);
    await look(worker);
  });

  test("leave nothing on the GPU when they go, but what the session has", async () => {
    expect(await run("coming()")).toBeLessThanOrEqual(0);
    if (worker === "off") {
      expect(await run("buffers()")).toBeGreaterThan(20);
      expect(await run("remove()")).toEqual({ buffers: 0, devices: 0 });
    } else {
      await run("remove()");
      await expect.poll(() => open.page.workers().length, { timeout: 20_000 }).toBe(0);
    }
  });
});

test("nobody failed", () => expect(open.errors.filter((error) => !/404/.test(error))).toEqual([]));
