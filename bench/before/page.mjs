// What people wait for who open a page of a build: `node page.mjs ROOT CASE IMAGES VISITS
// OUTDIR`. The last line on stdout is JSON: the last visit's numbers.
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";
import jpeg from "jpeg-js";
import puppeteer from "puppeteer-core";
import { library } from "../hosts/build.mjs";

const [root, what, images, visits, outdir] = process.argv.slice(2);

/** What is opened first, the studio or what was there before it: where its picture is. */
const FIRST = [
  { path: "dist/studio/", picture: "#paint" },
  { path: "examples/page/", picture: "#pictures canvas" },
];
/** The library by itself, dissecting what the command line does unless told otherwise. */
const DISSECTING = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module">
  import { init, loadGenerator, loadSegmenter, dissect } from "/dist/index.min.js";
  const device = await init();
  const [weights, labels] = ["segmenter.safetensors", "labels.json"].map((name) => "/weights/scenes64/" + name);
  const generator = await loadGenerator("/weights/scenes64/generator.safetensors", { device });
  const segmenter = await loadSegmenter({ weights, labels }, { device });
  for await (const event of dissect(generator, segmenter, { layers: ["layer4", "layer6"], size: ${images} })) {
    if (event.type === "progress") continue;
    performance.mark("first");
    break;
  }
</script>`;

/** What a browser does for itself when it was started takes about as long. */
const SETTLE_MS = 3000;
/** Of the window in CSS pixels, and how many times larger it is than what is looked at. */
const VIEWPORT = { width: 1440, height: 900 };
const SMALLER = 2;
/** A picture's numbers, of 256, are this far from their mean; those of an empty place are not. */
const COLOURFUL = 20;
/** Numbers of two frames that show the same differ by less on average: JPEG, a pointer's mark. */
const ALIKE = 8;

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json" };

/** Files as hosts serve them: text compressed, ranges, to be kept for ten minutes. */
async function serve() {
  const files = new Map([["/", { type: TYPES[".html"], body: Buffer.from(DISSECTING) }]]);
  const load = async (pathname) => {
    const path = join(root, normalize(pathname.endsWith("/") ? `${pathname}index.html` : pathname));
    const [type, body] = [TYPES[extname(path)], await readFile(path)];
    return type ? { type, body, zipped: gzipSync(body) } : { type: "application/octet-stream", body };
  };
  const sent = [];
  const server = createServer(async ({ url, headers }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    try {
      if (!files.has(pathname)) files.set(pathname, await load(pathname));
      const { type, body, zipped } = files.get(pathname);
      const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? [];
      const part = first && body.subarray(Number(first), last ? Number(last) + 1 : undefined);
      const bytes = part ?? zipped ?? body;
      sent.push({ at: Date.now(), bytes: bytes.length });
      response
        .writeHead(part ? 206 : 200, {
          "content-type": type,
          "content-length": bytes.length,
          "cache-control": "max-age=600",
          ...(part && { "content-range": `bytes ${first}-${Number(first) + part.length - 1}/${body.length}` }),
          ...(!part && zipped && { "content-encoding": "gzip" }),
        })
        .end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    sentUntil: (time) => sent.filter(({ at }) => at <= time).reduce((sum, { bytes }) => sum + bytes, 0),
    forget: () => sent.splice(0),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** CPU seconds of all of Chrome's processes so far. */
async function cpuOf(system) {
  const { processInfo } = await system.send("SystemInfo.getProcessInfo");
  return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/** Everything that comes onto the page's screen, with when it came and what it had cost by then. */
async function film(page, system) {
  const camera = await page.createCDPSession();
  const frames = [];
  camera.on("Page.screencastFrame", ({ data, metadata, sessionId }) => {
    const frame = { data, at: 1000 * metadata.timestamp, cpu: cpuOf(system) };
    frame.cpu.catch(() => {});
    frames.push(frame);
    camera.send("Page.screencastFrameAck", { sessionId }).catch(() => {});
  });
  const [maxWidth, maxHeight] = [VIEWPORT.width / SMALLER, VIEWPORT.height / SMALLER];
  await camera.send("Page.startScreencast", { format: "jpeg", quality: 60, maxWidth, maxHeight });
  return frames;
}

/** The numbers of a frame in the middle of a rectangle of the page. */
function inside({ data }, { x, y, width, height }) {
  const shot = jpeg.decode(Buffer.from(data, "base64"), { useTArray: true });
  const middle = (from, extent) => [0.2, 0.8].map((share) => Math.round((from + share * extent) / SMALLER));
  const [[left, right], [top, bottom]] = [middle(x, width), middle(y, height)];
  const rows = Array.from({ length: bottom - top }, (_, i) => 4 * shot.width * (top + i));
  return rows.flatMap((row) => [...shot.data.subarray(row + 4 * left, row + 4 * right)].filter((_, at) => at % 4 < 3));
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
function deviation(values) {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}
const apart = (a, b) => mean(a.map((value, at) => Math.abs(value - b[at])));
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The frame that first showed the picture. */
async function firstPicture(page, frames, picture) {
  await page.waitForSelector(picture, { timeout: 0 });
  for (;;) {
    await wait(500);
    const box = await page.$eval(picture, (element) => element.getBoundingClientRect().toJSON());
    const last = frames.length > 0 ? inside(frames.at(-1), box) : [];
    if (last.length === 0 || deviation(last) < COLOURFUL) continue;
    return frames.find((frame) => apart(inside(frame, box), last) < ALIKE);
  }
}

/** Seconds until a visitor has what is waited for, CPU seconds and kilobytes. */
async function visit(browser, system, server) {
  const page = await browser.newPage();
  const frames = await film(page, system);
  server.forget();
  const used = await cpuOf(system);
  const { path, picture } = FIRST.find(({ path }) => existsSync(join(root, path, "index.html")));
  await page.goto(server.url + (what === "picture" ? path : ""));
  const start = await page.evaluate("performance.timeOrigin");
  let [at, cpu] = [0, 0];
  if (what === "picture") {
    const frame = await firstPicture(page, frames, picture);
    [at, cpu] = [frame.at, await frame.cpu];
    // What comes after the picture, a service worker among it, is there for the next visit.
    await page.waitForNetworkIdle({ idleTime: 3000, timeout: 0 });
  } else {
    const marked = "performance.getEntriesByName('first')[0]?.startTime";
    const mark = await page.waitForFunction(marked, { timeout: 0, polling: 100 });
    [at, cpu] = [start + (await mark.jsonValue()), await cpuOf(system)];
  }
  await page.close();
  return { first: (at - start) / 1000, firstCpu: cpu - used, kilobytes: server.sentUntil(at) / 1000 };
}

/** Chrome, on a GPU if there is one; in either case with canvases that reach the screen. */
async function launch() {
  await mkdir(outdir, { recursive: true });
  const { findChrome } = await library("src/node/chrome.ts", outdir);
  const { hasGpuNode } = await library("src/node/vulkan.ts", outdir);
  const software = process.platform === "linux" && !hasGpuNode();
  const adapter = software
    ? ["--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--use-vulkan=swiftshader"]
    : process.platform === "linux"
      ? ["--use-angle=vulkan"]
      : [];
  const linux = ["--enable-features=Vulkan", "--ignore-gpu-blocklist", "--enable-gpu", "--disable-dev-shm-usage"];
  const root = process.getuid?.() === 0 ? ["--no-sandbox"] : []; // for whom Chrome refuses its own
  const args = ["--enable-unsafe-webgpu", ...adapter, ...(process.platform === "linux" ? linux : []), ...root];
  const executablePath = findChrome();
  if (!executablePath) throw new Error("No Chrome was found: install one, or name it with GANATOMY_CHROME.");
  return puppeteer.launch({ executablePath, args, pipe: true, protocolTimeout: 0, defaultViewport: VIEWPORT });
}

const server = await serve();
const browser = await launch();
try {
  const system = await browser.target().createCDPSession();
  await wait(SETTLE_MS);
  let numbers;
  for (let i = 0; i < Number(visits); i += 1) numbers = await visit(browser, system, server);
  process.stdout.write(`${JSON.stringify(numbers)}\n`);
} finally {
  await browser.close();
  server.close();
}
