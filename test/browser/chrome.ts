import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { findChrome } from "../../src/node/chrome.ts";

/**
 * SwiftShader, the same adapter everywhere. With these flags WebGPU canvases reach the screen too;
 * with the often quoted `--disable-vulkan-surface` they stay blank (Chromium 156, headless).
 */
const FLAGS = [
  "--enable-unsafe-webgpu",
  "--enable-unsafe-swiftshader",
  "--use-angle=swiftshader",
  "--use-vulkan=swiftshader",
  "--enable-features=Vulkan",
  "--ignore-gpu-blocklist",
  "--enable-gpu",
  "--disable-dev-shm-usage",
  "--force-color-profile=srgb",
  "--hide-scrollbars",
];

export interface OpenPage {
  readonly page: Page;
  /** Errors the page did not catch, and what it wrote with console.error. */
  readonly errors: string[];
  close(): Promise<void>;
}

/**
 * Headless Chromium on SwiftShader with this address open. A machine without a browser fails the
 * test.
 */
export async function openPage(url: string, viewport = { width: 1000, height: 800 }): Promise<OpenPage> {
  const executablePath = findChrome();
  if (!executablePath) {
    throw new Error(
      "These tests need Chrome or Chromium: install one, or name it with the environment variable GANATOMY_CHROME.",
    );
  }
  const root = process.getuid?.() === 0; // for whom Chrome refuses to start its sandbox
  const browser: Browser = await puppeteer.launch({
    executablePath,
    args: [...FLAGS, ...(root ? ["--no-sandbox"] : [])],
    defaultViewport: viewport,
    pipe: true,
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
