import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serve } from "../../scripts/serve.mjs";
import { built } from "../built.ts";
import { BROWSERS, inPage } from "./open.ts";

// Runs: src/elements/define.ts, src/server/index.ts, src/session/index.ts, src/report/index.ts,
// src/index.ts, test/browser/routed.js, test/browser/routed-worker.js,
// test/browser/routing-worker.js

let server: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  await built();
  server = await serve(fileURLToPath(new URL("../../", import.meta.url)));
});
afterAll(() => server?.close());

test.each(BROWSERS)(
  "%s: a service worker answers /api by the page's worker, and sessions and elements show it",
  async (browser) => {
    // not there: an empty page of that origin
    const answered = inPage(`${server.url}test/browser/`, { browser }, ({ page }) =>
      page.evaluate(`import("/test/browser/routed.js").then((page) => page.ask())`),
    );
    expect(await answered).toEqual({
      projects: ["scenes"],
      picture: [256, 256],
      model: "scenes64",
      differs: 0,
      colors: true,
      error: "UsageError usage",
    });
  },
  300_000,
);
