// What Firefox's 100 ms cost and what src/runtime/beat.ts makes of them, in one page and in one
// worker. See README.md.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import puppeteer from "puppeteer-core";
import { serve } from "../scripts/serve.mjs";

const HELP = `node bench/firefox.mjs [options]     after node scripts/build.mjs --quick; Firefox ESR or 141+

  --firefox PATH  the browser; firefox-esr or firefox of the path, or GANATOMY_FIREFOX, unless given
  --rounds N      runs of every case, with and without the beat in turns; 5 unless given
  --case NAME     only cases whose name contains NAME
  --json          one line of JSON
`;
const OPTIONS = {
  firefox: { type: "string", default: process.env.GANATOMY_FIREFOX ?? "" },
  rounds: { type: "string", default: "5" },
  case: { type: "string", default: "" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
};
// Debian's Firefox has WebGPU behind these; elsewhere they are on.
const PREFERENCES = {
  "dom.webgpu.enabled": true,
  "dom.webgpu.workers.enabled": true,
  "gfx.webgpu.ignore-blocklist": true,
};

/**
 * Runs in the page and in the worker, which know nothing of this module: every case in turns on a
 * device that beats and on one that does not, because it was made while the browser said that it is
 * another one.
 */
async function measure({ root, rounds, filter }) {
  const { init, loadGenerator, loadSegmenter, dissect, Tensor } = await import(`${root}dist/index.min.js`);
  const { userAgent } = navigator;
  const open = async (beats) => {
    Object.defineProperty(navigator, "userAgent", { value: beats ? userAgent : "not it", configurable: true });
    return init({ tune: false });
  };
  const weights = `${root}weights/scenes64`;
  const generatorOn = (device) => loadGenerator(`${weights}/generator.safetensors`, { device });
  const files = { weights: `${weights}/segmenter.safetensors`, labels: `${weights}/labels.json` };

  async function ready(beats) {
    const device = await open(beats);
    const generator = await generatorOn(device);
    const plan = await generator.compile({ batch: 1, editable: ["layer4"] });
    plan.run(generator.sample({ size: 1, seed: 1 }));
    await device.idle();
    const tensor = Tensor.create(device, "read", [1024], "f32");
    return { device, generator, plan, tensor, segmenter: await loadSegmenter(files, { device }) };
  }
  const cases = {
    "20 reads of 4 KiB, one after the other": async ({ tensor }) => {
      for (let i = 0; i < 20; i += 1) await tensor.read();
    },
    "10 edits, from the edit to its pixels": async ({ plan }) => {
      for (let unit = 0; unit < 10; unit += 1) {
        plan.setEdit({ layer: "layer4", units: [unit] });
        plan.run();
        await plan.image.read();
      }
    },
    "first picture: device, weights, pipelines, pixels": async (_, beats) => {
      const device = await open(beats);
      const generator = await generatorOn(device);
      const plan = await generator.compile({ batch: 1 });
      plan.run(generator.sample({ size: 1, seed: 1 }));
      await plan.image.read();
      device.dispose();
    },
    "dissection of 16 + 16 images, four at a time": async ({ generator, segmenter }) => {
      for await (const _ of dissect(generator, segmenter, { layers: ["layer4"], size: 16, batch: 4 }));
    },
  };
  const [plain, beating] = [await ready(false), await ready(true)];
  const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];
  const rows = [];
  for (const [name, run] of Object.entries(cases).filter(([name]) => name.includes(filter))) {
    const times = { without: [], with: [] };
    for (let round = 0; round < rounds; round += 1) {
      for (const [how, host] of [
        ["without", plain],
        ["with", beating],
      ]) {
        const start = performance.now();
        await run(host, how === "with");
        times[how].push(performance.now() - start);
      }
    }
    rows.push({ case: name, without: median(times.without), with: median(times.with) });
  }
  return { adapter: beating.device.adapter, target: beating.device.target, rows };
}

/** The same in a worker of the page. */
async function measureInWorker(source, options) {
  const code = `(${source})(${JSON.stringify(options)}).then(postMessage, (error) => { throw error; });`;
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    setTimeout(reject, 300_000, new Error("The worker said nothing for five minutes."));
  });
}

async function launch(path) {
  const failures = [];
  for (const executablePath of path ? [path] : ["/usr/bin/firefox-esr", "/usr/bin/firefox"]) {
    try {
      return await puppeteer.launch({
        browser: "firefox",
        executablePath,
        headless: true,
        extraPrefsFirefox: PREFERENCES,
        protocolTimeout: 0,
      });
    } catch (error) {
      failures.push(error.message.split("\n")[0]);
    }
  }
  throw new Error(`No Firefox could be started: ${failures.join("; ")}`);
}

async function main() {
  const { firefox, rounds, case: filter, json, help } = parseArgs({ options: OPTIONS }).values;
  if (help) return console.log(HELP);
  const server = await serve(fileURLToPath(new URL("../", import.meta.url)));
  const browser = await launch(firefox).catch((error) => {
    server.close();
    throw error;
  });
  try {
    const page = await browser.newPage();
    page.on("pageerror", (error) => console.error(`page: ${error.message}`));
    // any page of this origin: modules are imported from it
    await page.goto(`${server.url}nothing`);
    const options = { root: server.url, rounds: Number(rounds), filter };
    const inPage = await page.evaluate(measure, options);
    const inWorker = await page.evaluate(measureInWorker, measure.toString(), options);
    const browserVersion = await browser.version();
    if (json) return console.log(JSON.stringify({ browser: browserVersion, page: inPage, worker: inWorker }));
    const { description, vendor, software } = inPage.adapter;
    console.log(
      `${browserVersion}, ${description || vendor || "an adapter without a name"}${software ? " (software)" : ""}, kernels for "${inPage.target}"`,
    );
    for (const [place, { rows }] of [
      ["page", inPage],
      ["worker", inWorker],
    ]) {
      for (const row of rows) {
        const ratio = row.without / row.with;
        console.log(
          `${place.padEnd(7)}${row.case.padEnd(52)}${row.without.toFixed(0).padStart(7)} ms without${row.with.toFixed(0).padStart(7)} ms with the beat${ratio.toFixed(1).padStart(7)}×`,
        );
      }
    }
  } finally {
    await browser.close();
    await server.close();
  }
}

await main();
