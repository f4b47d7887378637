import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, launch, type Page } from "puppeteer-core";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import { Desk, drawingPlan } from "../../src/report/drawing.ts";
import { HtmlPage } from "../../src/report/html.ts";
import { type Fixture, PROVENANCE } from "./fixture.ts";

export async function pageOf({ dissection, pictures }: Fixture): Promise<string> {
  const page = new HtmlPage(dissection, PROVENANCE);
  const desk = new Desk(drawingPlan(dissection, undefined, page.drawing), nodeEncoder());
  for await (const unit of pictures()) {
    const { level } = dissection.layers.find(({ layer }) => layer === unit.layer)!.units[unit.unit]!;
    await page.add(unit, await desk.draw({ pictures: unit, level, embed: page.claim(unit) }));
  }
  return page.finish();
}

export const texts = (page: Page, selector: string): Promise<string[]> =>
  page.$$eval(selector, (nodes) => nodes.map((node) => node.textContent ?? ""));

/** Pages in a folder, and a browser to look at them. */
export class Pages {
  readonly #folder = mkdtempSync(join(tmpdir(), "ganatomy-html-"));
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async launch(): Promise<Pages> {
    const executablePath = process.env["GANATOMY_CHROME"] ?? "/usr/bin/chromium";
    return new Pages(await launch({ executablePath, args: ["--headless=new", "--no-sandbox"] }));
  }

  write(name: string, html: string): void {
    writeFileSync(join(this.#folder, name), html);
  }

  /** Opens a page and fails on whatever it complains of or asks the network for. */
  async open(name: string, hash = ""): Promise<{ page: Page; complaints: string[] }> {
    const page = await this.#browser.newPage();
    await page.setViewport({ width: 1280, height: 1000 });
    const complaints: string[] = [];
    const url = `${pathToFileURL(join(this.#folder, name)).href}${hash}`;
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("request", (request) => {
      if (!request.url().startsWith("data:") && request.url() !== url) complaints.push(request.url());
    });
    await page.goto(url);
    await page.waitForSelector("body[data-ready]");
    return { page, complaints };
  }

  async dispose(): Promise<void> {
    await this.#browser.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
