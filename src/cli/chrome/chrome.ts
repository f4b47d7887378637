// Tests: test/cli/commands/dissect.test.ts
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "puppeteer-core";
import { DeviceLostError, UnsupportedError } from "../../errors.ts";
import { findChrome } from "../../node/chrome.ts";
import { howToAdd, loadOptional } from "../../node/optional.ts";
import { hasGpuNode } from "../../node/vulkan.ts";
import type { Folder } from "../../report/folder.ts";
import type { Source } from "../../weights/source.ts";
import type { Progress } from "../progress.ts";
import type { Job } from "../run.ts";
import type { Summary } from "../summary.ts";
import { chromeServer } from "./server.ts";
import { type NodeCalls, PAGE, type PageJob, type PageOutcome, unpackError } from "./wire.ts";

/**
 * SwiftShader for WebGPU and, with the second line, for canvases too: without it the device dies
 * when a canvas is drawn.
 */
const SOFTWARE = [
  "--use-webgpu-adapter=swiftshader",
  "--enable-unsafe-swiftshader",
  "--use-angle=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--disable-vulkan-surface",
];
const HARDWARE: readonly string[] =
  process.platform === "linux"
    ? ["--ignore-gpu-blocklist", "--use-angle=vulkan", "--enable-features=Vulkan", "--disable-vulkan-surface"]
    : [];

/**
 * Runs a job in headless Chrome instead of in Node; the report comes back through a server on this
 * machine.
 */
export async function runInChrome(
  job: Job<Source>,
  { folder, progress, signal }: { folder: Folder; progress: Progress; signal: AbortSignal },
): Promise<Summary> {
  const server = await chromeServer(pageScript(), folder);
  try {
    const { browser, page } = await openPage(server.url, progress);
    const stop = (): void => void page.evaluate(`${PAGE}.abort()`).catch(() => {});
    try {
      signal.throwIfAborted();
      signal.addEventListener("abort", stop, { once: true });
      const { files, ...segmenter } = job.segmenter;
      const pageJob: PageJob = {
        ...job,
        model: { ...job.model, source: server.offer(job.model.source) },
        segmenter: { ...segmenter, ...(files && { files: server.offerSegmenter(files) }) },
      };
      const outcome: PageOutcome = await Promise.race([run(page, pageJob), death(browser, page)]);
      if ("summary" in outcome) return outcome.summary;
      if ("aborted" in outcome) throw signal.reason ?? new Error("Chrome aborted the work by itself.");
      throw unpackError(outcome.error);
    } finally {
      signal.removeEventListener("abort", stop);
      await browser.close().catch(() => {});
    }
  } finally {
    await server.close();
  }
}

/** A page with an adapter: a GPU's if Chrome has one to offer, else SwiftShader's. */
async function openPage(url: string, progress: Progress): Promise<{ browser: Browser; page: Page }> {
  const attempts = process.platform === "linux" && !hasGpuNode() ? [SOFTWARE] : [HARDWARE, SOFTWARE];
  for (const flags of attempts) {
    const browser = await launch(flags);
    try {
      const page = await browser.newPage();
      page.on("console", (message) => {
        if (message.type() === "error") progress.note(`Chrome: ${message.text()}`);
      });
      const calls: NodeCalls = {
        ganatomyProgress: async (phase, done, total) => progress.report(phase, done, total),
        ganatomyNote: async (text) => progress.note(text),
      };
      for (const [name, call] of Object.entries(calls)) await page.exposeFunction(name, call);
      await page.goto(url);
      if (await page.evaluate(`${PAGE}.hasAdapter()`)) return { browser, page };
    } catch (error) {
      await browser.close().catch(() => {});
      throw error;
    }
    await browser.close();
  }
  throw new UnsupportedError(
    "no-adapter",
    "Chrome offers no WebGPU adapter, not even its software one.",
    "Chrome 113 or newer is needed; look at chrome://gpu, or leave out --chrome.",
  );
}

async function launch(flags: readonly string[]): Promise<Browser> {
  const { default: puppeteer } = await loadOptional("puppeteer-core", () => import("puppeteer-core")).catch((cause) => {
    throw new UnsupportedError(
      "no-webgpu",
      "The package `puppeteer-core`, which drives Chrome, is not installed.",
      `${howToAdd("puppeteer-core")}, or leave out --chrome.`,
      { cause },
    );
  });
  const executablePath = findChrome();
  if (!executablePath) {
    throw new UnsupportedError(
      "no-webgpu",
      "No Chrome, Chromium or Edge was found.",
      "Install one (Debian: `apt-get install chromium`), or name it with the environment variable GANATOMY_CHROME.",
    );
  }
  const args = ["--enable-unsafe-webgpu", "--disable-dev-shm-usage", ...flags];
  // Chrome refuses to start its sandbox as root, which is who one is in a container.
  if (process.getuid?.() === 0) args.push("--no-sandbox");
  try {
    return await puppeteer.launch({
      executablePath,
      args,
      pipe: true,
      timeout: 60_000,
      protocolTimeout: 0, // the job is one call, and it takes as long as it takes
      handleSIGINT: false, // Ctrl-C must leave the page time to finish its report
      handleSIGTERM: false,
    });
  } catch (cause) {
    throw new UnsupportedError(
      "no-webgpu",
      `Chrome (${executablePath}) did not start: ${(cause as Error).message.split("\n")[0]}.`,
      "Start it by hand to see why, or leave out --chrome.",
      { cause },
    );
  }
}

/** Code travels to the page as text; JSON is JavaScript. */
async function run(page: Page, job: PageJob): Promise<PageOutcome> {
  return (await page.evaluate(`${PAGE}.run(${JSON.stringify(job)})`)) as PageOutcome;
}

/** Rejects when the page or the browser ends by itself. */
function death(browser: Browser, page: Page): Promise<never> {
  return new Promise((_, reject) => {
    const die = (why: string): void =>
      reject(
        new DeviceLostError(
          "device-lost",
          `Chrome ${why}.`,
          "It may have run out of memory: try a smaller --batch or fewer layers.",
        ),
      );
    browser.once("disconnected", () => die("ended while it was working"));
    page.once("error", (error) => die(`lost its page (${error.message})`));
  });
}

/** The built page script lies beside the built command line. */
function pageScript(): string {
  return fileURLToPath(new URL("./chrome-page.js", import.meta.url));
}
