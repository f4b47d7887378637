// The authors' own front ends, unmodified, from a clone of CSAILVision/gandissect that the
// environment variable GANDISSECT names. Their edit.html loads libraries from other hosts: they
// come from GANDISSECT_LIBRARIES, a folder in which `npm install bootstrap@4.0.0 jquery@3.3.1
// popper.js@1.12.9 vue@2.5.16 lodash@4.17.10 split.js@1.3.5` was run. Where they are not named that
// is said, and their traffic in test/server is all there is.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { folderFiles } from "../../src/node/folder-files.ts";
import { type Listening, listen } from "../../src/node/http.ts";
import type { Handler } from "../../src/server/handler.ts";
import { dissection, handlerOf, openScenes, type Scenes } from "../server/scenes.ts";
import { type OpenPage, openPage } from "./open.ts";

const { GANDISSECT: CLONE, GANDISSECT_LIBRARIES: LIBRARIES } = process.env;
if (!CLONE) console.log("GANDISSECT names no clone of CSAILVision/gandissect: its pages are not opened.");
else if (!LIBRARIES) console.log("GANDISSECT_LIBRARIES names no folder: edit.html is not opened.");

/** Where edit.html's libraries lie in their packages. */
const FILES: Readonly<Record<string, string>> = {
  "jquery-3.3.1.js": "jquery/dist/jquery.js",
  "bootstrap.min.css": "bootstrap/dist/css/bootstrap.min.css",
  "popper.min.js": "popper.js/dist/umd/popper.min.js",
  "bootstrap.min.js": "bootstrap/dist/js/bootstrap.min.js",
  "vue.js": "vue/dist/vue.js",
  "lodash.js": "lodash/lodash.js",
  "split.js": "split.js/split.js",
};

describe.runIf(CLONE)("the published pages", () => {
  let scenes: Scenes;
  let handler: Handler;
  let server: Listening;
  const asked: { readonly path: string; readonly status: number }[] = [];
  beforeAll(async () => {
    scenes = await openScenes();
    const pages = folderFiles(join(CLONE!, "netdissect"));
    const json = new TextEncoder().encode(JSON.stringify({ ...dissection, default_ranking: "unit" }));
    const files = {
      read: async (path: string) =>
        path === "dissect.json" ? json : path === "edit.html" ? pages.read(path) : undefined,
    };
    const client = folderFiles(join(CLONE!, "client_dist"));
    handler = handlerOf(scenes.generator, { project: { files }, client });
    server = await listen(async (request) => {
      const response = await handler(request);
      asked.push({ path: new URL(request.url).pathname, status: response.status });
      return response;
    });
  });
  afterAll(async () => {
    await server?.close();
    handler?.dispose();
    scenes?.dispose();
  });

  /** A page of the server; nothing of another host is loaded but those libraries. */
  async function open(path: string): Promise<OpenPage> {
    const opened = await openPage("about:blank", { width: 1440, height: 900 });
    const { page } = opened;
    await page.setRequestInterception(true);
    page.on("request", (request) => {
      const url = new URL(request.url());
      const file = FILES[url.pathname.split("/").at(-1)!];
      if (url.protocol === "data:" || url.origin === new URL(server.url).origin) return void request.continue();
      if (!LIBRARIES || file === undefined) return void request.abort();
      const body = readFileSync(join(LIBRARIES, "node_modules", file));
      const contentType = file.endsWith(".css") ? "text/css" : "text/javascript";
      return void request.respond({ body, contentType, headers: { "access-control-allow-origin": "*" } });
    });
    await page.goto(server.url + path);
    return opened;
  }

  /** What the server answered at /api since then, but for what was in order. */
  const failures = () => asked.filter(({ path, status }) => path.startsWith("/api") && status >= 400);
  /** What a page's first canvas shows, added up. */
  const sumOf = (page: Page, selector: string) =>
    page.$eval(selector, (node) => {
      const canvas = node as HTMLCanvasElement;
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      return data.reduce((sum, value, i) => (i % 4 === 3 ? sum : sum + value), 0);
    });

  test("GANPaint paints", async () => {
    const { page, close } = await open("client/ganpaint.html?expert=1&project=scenes&layer=layer4&ids=..1,2,3");
    try {
      await page.waitForFunction("document.querySelectorAll('.image_list img').length === 3");
      await page.waitForSelector("#shortcuts .short button");
      const brushes = await page.$$eval("#shortcuts .short button", (all) => all.map(({ textContent }) => textContent));
      expect(brushes).toEqual(["tree-iou", "unit"]);
      const canvas = "#painting canvas";
      const { x, y } = (await (await page.$(canvas))!.boundingBox())!;
      const drag = async (from: number, to: number) => {
        await page.mouse.move(x + from, y + from);
        await page.mouse.down();
        for (let step = 1; step <= 8; step += 1) await page.mouse.move(x + from + ((to - from) * step) / 8, y + from);
        const before = await sumOf(page, canvas);
        const painted = page.waitForResponse((response) => response.url().endsWith("/api/generate"));
        await page.mouse.up();
        const { interventions, res } = await painted.then(async (response) => ({
          ...JSON.parse(response.request().postData()!),
          res: (await response.json()).res,
        }));
        await page.waitForFunction(
          (selector, sum) => {
            const shown = document.querySelector<HTMLCanvasElement>(selector)!;
            const { data } = shown.getContext("2d")!.getImageData(0, 0, shown.width, shown.height);
            return data.reduce((all, value, i) => (i % 4 === 3 ? all : all + value), 0) !== sum;
          },
          {},
          canvas,
          before,
        );
        return { interventions, res };
      };
      const first = await drag(60, 140);
      expect(first.interventions).toHaveLength(1);
      expect(first.interventions[0].ablations).toHaveLength(15);
      expect(first.res[0].d).toMatch(/^data:image\/jpeg;base64,/);
      expect((await drag(150, 90)).interventions).toHaveLength(2);
      expect(failures()).toEqual([]);
    } finally {
      await close();
    }
  });

  test("ganclient shows images and what is left of them", async () => {
    const { page, close } = await open("client/index.html");
    try {
      await page.waitForFunction("document.querySelectorAll('.unitImg').length === 128");
      await (await page.$("#image_select"))!.click({ clickCount: 3 });
      await page.keyboard.type("3,4");
      await page.keyboard.press("Enter");
      // The ablated column, which the published server leaves as it is.
      const ablated = await page.waitForResponse(
        async (response) => response.url().endsWith("/api/generate") && (await response.text()).includes("base64"),
      );
      expect((await ablated.json()).res).toHaveLength(2);
      const shown = { path: "/data/scenes/cache/img/id/3.jpg", status: 200 };
      await expect.poll(() => asked, { timeout: 10_000 }).toContainEqual(shown);
      expect(failures()).toEqual([]);
    } finally {
      await close();
    }
  });

  test.runIf(LIBRARIES)("edit.html copies what is at a pixel", async () => {
    const { page, close } = await open("data/scenes/edit.html");
    try {
      await page.waitForFunction("document.querySelectorAll('img[data-side=left]').length === 10");
      await page.waitForFunction("document.querySelector('img[data-side=left]').naturalWidth === 256");
      const click = async (selector: string, share: number) => {
        const box = (await (await page.$(selector))!.boundingBox())!;
        await page.mouse.click(box.x + box.width * share, box.y + box.height * share);
      };
      const queried = page.waitForResponse((response) => response.url().endsWith("/api/features"));
      await click("img[data-side=left]", 0.4);
      expect((await (await queried).json()).res.layer4.mean_quantile).toHaveLength(128);
      await page.waitForFunction("document.querySelector('#query-radio').checked");
      await page.evaluate("document.querySelector('#selmode-insertion-radio').click()");
      for (const unit of (await page.$$(".unit")).slice(0, 3)) await unit.click();
      const edited = page.waitForResponse(
        async (response) =>
          response.url().endsWith("/api/generate") && (response.request().postData() ?? "").includes("bitbounds"),
      );
      await click("img[data-side=right]", 0.5);
      expect((await (await edited).json()).res[0].d).toMatch(/^data:image\/jpeg/);
      await page.waitForFunction("document.querySelector('img[data-side=right]').src.startsWith('data:image')");
      expect(failures()).toEqual([]);
    } finally {
      await close();
    }
  });
});
