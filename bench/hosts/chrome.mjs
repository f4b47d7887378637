// The page in headless Chrome: on a GPU if Chrome offers one, else on SwiftShader.
import puppeteer from "puppeteer-core";
import { library } from "./build.mjs";

// The exact clock and the driver's name, which Chrome keeps from pages.
const ALWAYS = ["--enable-unsafe-webgpu", "--enable-webgpu-developer-features", "--disable-dev-shm-usage"];
const HARDWARE =
  process.platform === "linux"
    ? ["--ignore-gpu-blocklist", "--use-angle=vulkan", "--enable-features=Vulkan", "--disable-vulkan-surface"]
    : [];
// With `--use-webgpu-adapter=swiftshader` alone Chromium 156 loses the device whenever a canvas is
// drawn on.
const SOFTWARE = [
  ...["--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--use-vulkan=swiftshader", "--enable-gpu"],
  ...["--enable-features=Vulkan", "--ignore-gpu-blocklist"],
];

/**
 * CPU milliseconds so far of all of Chrome's processes: what a page computes is spread over
 * several.
 */
async function cpuOf(system) {
  const { processInfo } = await system.send("SystemInfo.getProcessInfo");
  return 1000 * processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/** Opens the page that `url` serves: what runs there, and how to call its `bench`. */
export async function openChrome({ url, scripts, folder }) {
  const { findChrome } = await library("src/node/chrome.ts", folder);
  const { hasGpuNode } = await library("src/node/vulkan.ts", folder);
  const executablePath = findChrome();
  if (!executablePath) throw new Error("No Chrome was found: install one, or name it with GANATOMY_CHROME.");
  const attempts = process.platform === "linux" && !hasGpuNode() ? [SOFTWARE] : [HARDWARE, SOFTWARE];
  for (const flags of attempts) {
    // for whom Chrome refuses its sandbox
    const root = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    const args = [...ALWAYS, ...root, ...flags];
    const browser = await puppeteer.launch({ executablePath, args, pipe: true, protocolTimeout: 0 });
    const page = await browser.newPage();
    // Nothing limits how long a case takes, and a call into a page that is gone would be waited for
    // for ever.
    const gone = new Promise((_, reject) => {
      page.on("error", (error) => reject(new Error(`The page crashed: ${error.message}`)));
      browser.on("disconnected", () => reject(new Error("Chrome ended.")));
    });
    gone.catch(() => {}); // also where nobody is calling
    const evaluate = (script) => Promise.race([page.evaluate(script), gone]);
    page.on("console", (message) => message.type() === "error" && console.error(`page: ${message.text()}`));
    page.on("pageerror", (error) => console.error(`page: ${error.message}`));
    const system = await browser.target().createCDPSession();
    await page.exposeFunction("cpuMilliseconds", () => cpuOf(system));
    await page.goto(url);
    if (await evaluate("bench.hasAdapter()")) {
      return {
        runtime: `${await browser.version()}`,
        places: {
          server: url,
          tfjs: `${url}scripts/${scripts.tfjs}`,
          jax: `${url}scripts/${scripts.jax}`,
          ort: `${url}ort/`,
          ortThreads: `${url}ort/ort.wasm.min.mjs`,
        },
        call: (method, ...args) => evaluate(`bench.${method}(...${JSON.stringify(args)})`),
        close: () => browser.close(),
      };
    }
    await browser.close();
  }
  throw new Error("Chrome offers no WebGPU adapter, not even its software one.");
}
