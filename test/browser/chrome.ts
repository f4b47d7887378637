import type { LaunchOptions } from "puppeteer-core";
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

/**
 * How headless Chromium is started, with WebGPU or as it comes. A machine without one fails the
 * test.
 */
export function chromium(webgpu = true): LaunchOptions {
  const executablePath = findChrome();
  if (!executablePath) {
    throw new Error(
      "These tests need Chrome or Chromium: install one, or name it with the environment variable GANATOMY_CHROME.",
    );
  }
  const root = process.getuid?.() === 0; // for whom Chrome refuses to start its sandbox
  return { executablePath, args: [...(webgpu ? FLAGS : []), ...(root ? ["--no-sandbox"] : [])], pipe: true };
}
