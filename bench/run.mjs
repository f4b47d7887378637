// `npm run bench`: our time beside tfjs-webgpu's and onnxruntime-web's, in one page of headless Chrome on one adapter.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import puppeteer from "puppeteer-core";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const HELP = `npm run bench -- [options]

  --case NAME   only cases whose name contains NAME; may be repeated
  --model FILE  a Progressive GAN's checkpoint (default: weights/scenes64/generator.safetensors)
  --mosaic DIR  MOSAIC's segmenter.safetensors (default: weights/mosaic-ade20k32)
  --json        one line of JSON a case
`;

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>bench</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>\n';
const TFJS = 'import "@tensorflow/tfjs-backend-webgpu"; export * from "@tensorflow/tfjs-core";';
const HARDWARE =
  process.platform === "linux"
    ? ["--ignore-gpu-blocklist", "--use-angle=vulkan", "--enable-features=Vulkan", "--disable-vulkan-surface"]
    : [];
const SOFTWARE = ["--use-webgpu-adapter=swiftshader", "--enable-unsafe-swiftshader"];

/** A script's text, with everything it imports. */
async function bundle(options) {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    bundle: true,
    format: "esm",
    target: "es2023",
    minify: true,
    legalComments: "none",
    write: false,
    logLevel: "error",
    ...options,
  });
  return outputFiles[0].text;
}

/** A module of ours, which is TypeScript, for Node. */
async function library(path) {
  const code = await bundle({ entryPoints: [path], platform: "node" });
  return import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
}

/** Serves the page, its scripts, the models and onnxruntime-web's WebAssembly; cross-origin isolated. */
async function serve(model, mosaic) {
  const weights = await readFile(model);
  const browser = { platform: "browser" };
  const [page, tfjs] = await Promise.all([
    bundle({ entryPoints: ["bench/page.ts"], conditions: ["onnxruntime-web-use-extern-wasm"], ...browser }),
    bundle({ stdin: { contents: TFJS, resolveDir: ROOT }, ...browser }),
  ]);
  const rooms = {
    "/": () => ["text/html", PAGE],
    "/page.js": () => ["text/javascript", page],
    "/tfjs.js": () => ["text/javascript", tfjs],
    "/model": () => ["application/octet-stream", weights],
  };
  const folders = { "/ort/": join(ROOT, "node_modules/onnxruntime-web/dist"), "/mosaic/": mosaic };
  const types = { ".wasm": "application/wasm", ".mjs": "text/javascript", ".js": "text/javascript" };
  const file = async (url) => [
    types[extname(url)] ?? "application/octet-stream",
    await readFile(join(folders[url.slice(0, url.lastIndexOf("/") + 1)], basename(url))),
  ];
  const server = createServer(async ({ url }, response) => {
    response.setHeader("cross-origin-opener-policy", "same-origin");
    response.setHeader("cross-origin-embedder-policy", "require-corp");
    try {
      const [type, body] = rooms[url]?.() ?? (await file(url));
      response.writeHead(200, { "content-type": type }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://localhost:${server.address().port}/`, close: () => server.close() };
}

/** The page on a GPU if Chrome offers one, else on SwiftShader. */
async function open(url) {
  const { findChrome } = await library("src/node/chrome.ts");
  const { hasGpuNode } = await library("src/node/vulkan.ts");
  const executablePath = findChrome();
  if (!executablePath) throw new Error("No Chrome was found: install one, or name it with GANATOMY_CHROME.");
  const attempts = process.platform === "linux" && !hasGpuNode() ? [SOFTWARE] : [HARDWARE, SOFTWARE];
  for (const flags of attempts) {
    const root = process.getuid?.() === 0 ? ["--no-sandbox"] : []; // for whom Chrome refuses its sandbox
    const args = ["--enable-unsafe-webgpu", "--disable-dev-shm-usage", ...root, ...flags];
    const browser = await puppeteer.launch({ executablePath, args, pipe: true, protocolTimeout: 0 });
    const page = await browser.newPage();
    page.on("console", (message) => message.type() === "error" && console.error(`page: ${message.text()}`));
    page.on("pageerror", (error) => console.error(`page: ${error.message}`));
    await page.goto(url);
    if (await page.evaluate("bench.hasAdapter()")) return { browser, page };
    await browser.close();
  }
  throw new Error("Chrome offers no WebGPU adapter, not even its software one.");
}

const milliseconds = (ms) => (ms < 10 ? ms.toFixed(2) : ms.toFixed(ms < 100 ? 1 : 0));

const COLUMNS = ["case", "ganatomy", "GFLOP/s", "tfjs", "ort", "vs tfjs", "vs ort", "error tfjs", "error ort", "n"];
const WIDTHS = [12, 10, 8, 10, 10, 8, 8, 11, 11, 4];
const line = (cells) =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(WIDTHS[i]) : cell.padStart(WIDTHS[i]))).join("  ");

/** A case as a row of medians, and under it the shortest times. */
function row({ case: name, ms, gflops, peers, error, timings }) {
  const { tfjs, ort } = peers;
  return [
    line([
      name,
      `${milliseconds(ms)} ms`,
      gflops.toFixed(gflops < 10 ? 2 : 0),
      `${milliseconds(tfjs)} ms`,
      `${milliseconds(ort)} ms`,
      `${(tfjs / ms).toFixed(1)}×`,
      `${(ort / ms).toFixed(1)}×`,
      error.tfjs.toExponential(1),
      error.ort.toExponential(1),
      `${timings.ganatomy.samples}`,
    ]),
    line([
      "  shortest",
      `${milliseconds(timings.ganatomy.min)} ms`,
      "",
      `${milliseconds(timings.tfjs.min)} ms`,
      `${milliseconds(timings.ort.min)} ms`,
    ]),
  ].join("\n");
}

/** The table, which says first where its numbers are from. */
function table() {
  let begun = false;
  return (outcome) => {
    if (!begun) {
      console.log(`adapter: ${outcome.adapter}${outcome.software ? " (software)" : ""}`);
      if (outcome.software) console.log("No headline numbers: a software adapter says nothing about GPUs.");
      console.log(`\n${line(COLUMNS)}`);
      begun = true;
    }
    console.log(row(outcome));
  };
}

async function main({ model, mosaic, json, case: filters }) {
  const server = await serve(model, mosaic);
  let browser;
  try {
    const opened = await open(server.url);
    browser = opened.browser;
    const known = await opened.page.evaluate("bench.cases");
    const wanted = known.filter((name) => filters.length === 0 || filters.some((part) => name.includes(part)));
    if (wanted.length === 0) throw new Error(`No case is called ${filters}; there are ${known.join(", ")}.`);
    const print = json ? ({ timings, ...outcome }) => console.log(JSON.stringify(outcome)) : table();
    for (const name of wanted) print(await opened.page.evaluate(`bench.run(${JSON.stringify(name)})`));
  } finally {
    await browser?.close();
    server.close();
  }
}

const { values: options } = parseArgs({
  options: {
    case: { type: "string", multiple: true, default: [] },
    model: { type: "string", default: join(ROOT, "weights/scenes64/generator.safetensors") },
    mosaic: { type: "string", default: join(ROOT, "weights/mosaic-ade20k32") },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (options.help) process.stdout.write(HELP);
else {
  await main(options).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
