import { decode } from "fast-png";
import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { violations } from "../../browser/axe.ts";
import { fixture } from "../fixture.ts";
import { Pages, pageOf } from "../pages.ts";

let pages: Pages;
beforeAll(async () => {
  pages = await Pages.launch();
  pages.write("report.html", await pageOf(fixture()));
});
afterAll(() => pages?.dispose());

async function open(scheme: "light" | "dark", hash?: string): Promise<Page> {
  const { page } = await pages.open("report.html", hash);
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: scheme },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  return page;
}

/** The relative luminance of a pixel (WCAG 2.2). */
function luminance(rgb: readonly number[]): number {
  const [r, g, b] = rgb.map((byte) => {
    const value = byte / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

describe.each(["light", "dark"] as const)("the %s page", (scheme) => {
  test("has no violation that axe-core knows, over all units and of one", async () => {
    const page = await open(scheme);
    expect(await violations(page)).toEqual([]);
    await page.close();
    const unit = await open(scheme, "#layer4/unit/0");
    await unit.waitForSelector("dialog[open]");
    expect(await violations(unit)).toEqual([]);
    await unit.close();
  });

  test("has bars that stand out from what is behind them, 3 : 1 at least", async () => {
    const page = await open(scheme);
    const box = (await (await page.$(".bar .column"))!.boundingBox())!;
    // The middle of a bar, and the gap between it and the next.
    const { data, channels, width } = decode(
      await page.screenshot({ clip: { x: box.x, y: box.y + box.height / 2, width: box.width + 8, height: 1 } }),
    );
    const at = (x: number) => luminance([...data.slice(x * channels, x * channels + 3)]);
    const [one, other] = [at(Math.round(box.width / 2)), at(width - 4)].sort((a, b) => b - a);
    expect((one! + 0.05) / (other! + 0.05)).toBeGreaterThanOrEqual(3);
    await page.close();
  });
});
