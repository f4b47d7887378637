import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Page } from "puppeteer-core";
import { serve } from "../../scripts/serve.mjs";
import { type OpenOptions, openPage } from "../browser/open.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Where pictures of the page are left for whoever wants to look: a folder's path. */
const SCREENSHOTS = process.env["GANATOMY_SCREENSHOTS"];

/** Tests destroy a worker's devices, which it does not give away itself: `devices`. */
const REMEMBER_DEVICES = `if (globalThis.GPUAdapter) {
  const request = GPUAdapter.prototype.requestDevice;
  globalThis.devices = [];
  GPUAdapter.prototype.requestDevice = async function (...given) {
    const device = await request.apply(this, given);
    devices.push(device);
    return device;
  };
}`;

export interface StudioPage {
  readonly page: Page;
  readonly url: string;
  /** The folder that is served there. */
  readonly folder: string;
  /** Errors that nobody caught. */
  readonly errors: string[];
  /** Addresses of other hosts that were asked for. */
  readonly elsewhere: string[];
  /** Opens an address, and waits until everything is loaded. */
  open(url?: string, page?: Page): Promise<void>;
  look(name: string): Promise<void>;
  /** Drops files and folders on it, by their paths. */
  drop(...paths: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** The studio in a browser. */
export async function openStudio(options: OpenOptions = {}): Promise<StudioPage> {
  const home = await mkdtemp(join(tmpdir(), "ganatomy-studio-"));
  await build({
    entryPoints: [join(ROOT, "studio/studio.ts")],
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    outdir: home,
    logLevel: "silent",
  });
  await build({
    entryPoints: { "worker.min": join(ROOT, "src/session/worker.ts") },
    bundle: true,
    keepNames: true, // by which errors are known on their way
    banner: { js: REMEMBER_DEVICES },
    target: "es2022",
    outdir: home,
    logLevel: "silent",
  });
  for (const file of ["index.html", "studio.css"]) await cp(join(ROOT, "studio", file), join(home, file));
  await cp(join(ROOT, "weights/scenes64"), join(home, "weights/scenes64"), { recursive: true });
  await cp(join(ROOT, "studio/scenes64"), join(home, "scenes64"), { recursive: true });
  const server = await serve(home);
  const { page, errors, close } = await openPage("about:blank", { width: 1440, height: 900, ...options });
  const elsewhere: string[] = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(server.url) && !/^(blob|data|about):/.test(url)) elsewhere.push(url);
  });
  return {
    ...{ page, errors, elsewhere, url: server.url, folder: home },
    async open(url = server.url, on = page) {
      await on.goto(url);
      // Tests have time limits of their own.
      await on.waitForFunction("document.querySelector('gan-session').session?.loaded?.segmenter", { timeout: 0 });
    },
    async look(name) {
      if (!SCREENSHOTS) return;
      await mkdir(SCREENSHOTS, { recursive: true });
      await page.screenshot({ path: join(SCREENSHOTS, `studio-${name}.png`) });
    },
    async drop(...paths) {
      const browser = await page.createCDPSession();
      const data = { items: [], files: [...paths], dragOperationsMask: 1 };
      for (const type of ["dragEnter", "dragOver", "drop"] as const) {
        await browser.send("Input.dispatchDragEvent", { type, x: 600, y: 400, data });
      }
      await browser.detach();
    },
    async close() {
      await close();
      await server.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
