import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { LaunchOptions } from "puppeteer-core";
import { findSwiftShader } from "../../src/node/vulkan.ts";

/** Debian's Firefox has WebGPU behind these; elsewhere they are on. */
const PREFERENCES = {
  "dom.webgpu.enabled": true,
  "dom.webgpu.workers.enabled": true,
  "gfx.webgpu.ignore-blocklist": true,
};

/** `GANATOMY_FIREFOX`, or Debian's ESR, or another of the path. Undefined when there is none. */
export function findFirefox(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = (env["PATH"] ?? "").split(delimiter);
  const installed = ["firefox-esr", "firefox"].flatMap((name) => folders.map((folder) => join(folder, name)));
  return (env["GANATOMY_FIREFOX"] ? [env["GANATOMY_FIREFOX"]] : installed).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * How headless Firefox is started, by WebDriver BiDi, with WebGPU or as it comes: on the Vulkan
 * driver that the environment names, as Node's tests are, else on Chromium's SwiftShader. A machine
 * without one fails the test.
 */
export function firefox(webgpu = true): LaunchOptions {
  const executablePath = findFirefox();
  if (!executablePath) {
    throw new Error(
      "These tests need Firefox: install one (Debian: `apt-get install firefox-esr`), or name it " +
        "with the environment variable GANATOMY_FIREFOX.",
    );
  }
  const driver = process.env["VK_DRIVER_FILES"] ?? findSwiftShader();
  return {
    browser: "firefox",
    executablePath,
    ...(webgpu && { extraPrefsFirefox: PREFERENCES }),
    env: { ...process.env, ...(driver && { VK_DRIVER_FILES: driver }) },
  };
}
