import { setTimeout } from "node:timers/promises";
import puppeteer, { type Page } from "puppeteer-core";
import { chromium } from "./chrome.ts";
import { firefox } from "./firefox.ts";

/** How each browser is started that tests run in. */
const LAUNCH = { Chromium: chromium, Firefox: firefox };

export type BrowserName = keyof typeof LAUNCH;
export const BROWSERS = Object.keys(LAUNCH) as readonly BrowserName[];

export interface OpenPage {
  readonly page: Page;
  /** Errors the page did not catch, and what it wrote with console.error. */
  readonly errors: string[];
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Chromium unless given. */
  readonly browser?: BrowserName;
  /** False for a browser in which nobody switched WebGPU on, as it comes on Linux. */
  readonly webgpu?: boolean;
  /** More switches of the browser's command line. */
  readonly switches?: readonly string[];
  /** Of the page in CSS pixels; 1000 × 800 unless given. */
  readonly width?: number;
  readonly height?: number;
}

/**
 * A headless browser on a software adapter with this address open. A machine without that browser
 * fails the test.
 */
export async function openPage(url: string, options: OpenOptions = {}): Promise<OpenPage> {
  const { browser: name = "Chromium", webgpu = true, switches = [], width = 1000, height = 800 } = options;
  const launch = LAUNCH[name](webgpu);
  const browser = await puppeteer.launch({
    ...launch,
    args: [...(launch.args ?? []), ...switches],
    defaultViewport: { width, height },
    timeout: 120_000, // Firefox makes a profile first
    protocolTimeout: 0, // tests have time limits of their own
  });
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    await page.goto(url);
    return { page, errors, close: () => browser.close() };
  } catch (error) {
    await browser.close();
    throw error;
  }
}

/**
 * Opens a page, has it used, and closes it. Firefox ESR 153 on software adapters now and then ends,
 * or loses its tab, by itself, sometimes twice in a row: where it went away while it was used it is
 * started again, up to two times, which is said. What a test finds wrong is not tried again.
 */
export async function inPage<T>(url: string, options: OpenOptions, use: (open: OpenPage) => Promise<T>): Promise<T> {
  for (let more = options.browser === "Firefox" ? 2 : 0; ; more -= 1) {
    const open = await openPage(url, options);
    let gone = false;
    const goes = (): void => {
      gone = true;
    };
    open.page.browser().once("disconnected", goes);
    open.page.once("close", goes);
    try {
      return await use(open);
    } catch (error) {
      if (more > 0) await setTimeout(1000); // calls fail before the news of why comes
      if (more === 0 || !gone) throw error;
      console.warn(`Firefox went away by itself and is started again: ${(error as Error).message}`);
    } finally {
      await open.close().catch(() => {}); // it is gone
    }
  }
}
