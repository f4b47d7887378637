import { mkdir } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { violations } from "../browser/axe.ts";
import { BROWSERS, type OpenPage, openPage } from "../browser/open.ts";
import { type PlainHost, plainHost, type StudioFolder, studioFolder } from "./folder.ts";

// Runs: studio/doors.ts, studio/studio.ts

const SCREENSHOTS = process.env["GANATOMY_SCREENSHOTS"];

let folder: StudioFolder;
let host: PlainHost;
beforeAll(async () => {
  folder = await studioFolder();
  host = await plainHost(folder.path, "/gan/studio/");
});
afterAll(async () => {
  await host?.close();
  await folder?.remove();
});

/** What the page says in the studio's place. */
async function door({ page }: OpenPage, name: string): Promise<string> {
  await page.waitForSelector(".door", { timeout: 60_000 });
  await page.waitForFunction('getComputedStyle(document.querySelector(".door")).position === "fixed"');
  if (SCREENSHOTS) {
    await mkdir(SCREENSHOTS, { recursive: true });
    await page.screenshot({ path: `${SCREENSHOTS}/door-${name}.png` });
  }
  return (await page.$eval(".door", ({ textContent }) => textContent)) ?? "";
}

describe.each(BROWSERS)("%s as it comes on Linux", (browser) => {
  test("says how to have WebGPU, and nothing else can be reached", async () => {
    const opened = await openPage(host.url, { browser, webgpu: false, width: 390, height: 800 });
    try {
      const text = await door(opened, `${browser}-without-webgpu`);
      expect(text).toMatch(
        browser === "Firefox"
          ? /no WebGPU.*about:config.*dom\.webgpu\.enabled.*gfx\.webgpu\.ignore-blocklist/
          : /no adapter.*chrome:\/\/flags.*#enable-unsafe-webgpu.*#enable-vulkan/,
      );
      expect(await violations(opened.page)).toEqual([]);
      const seen = `[...document.querySelectorAll("button, input, select, [tabindex]")].filter((each) => each.checkVisibility())`;
      expect(await opened.page.evaluate(`${seen}.length`)).toBe(0);
      const wide = "document.documentElement.scrollWidth > innerWidth";
      expect(await opened.page.evaluate(wide)).toBe(false);
    } finally {
      await opened.close();
    }
  });

  // With WebGPU or without: modules do not load there.
  test("says that a page from the disk needs a server", async () => {
    const opened = await openPage(pathToFileURL(`${folder.path}/index.html`).href, { browser });
    try {
      const text = await door(opened, `${browser}-file`);
      expect(text).toContain("file://");
      expect(text).toContain("npx ganatomy studio");
    } finally {
      await opened.close();
    }
  });
});

test("a page by http from elsewhere is shown the way to this machine's own address", async () => {
  const opened = await openPage("about:blank", { switches: ["--host-resolver-rules=MAP gan.test 127.0.0.1"] });
  try {
    await opened.page.goto(`http://gan.test:${host.port}/gan/studio/`);
    const text = await door(opened, "insecure");
    expect(text).toContain(`this is http://gan.test:${host.port}.`);
    expect(text).toContain(`http://localhost:${host.port}/gan/studio/`);
  } finally {
    await opened.close();
  }
});
