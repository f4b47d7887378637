#!/usr/bin/env bash
# Firefox tells a page (or a worker) that a buffer is mapped, or that the queue is done, when its process for the GPU looks, which
# it does every 100 ms and whenever something is submitted: https://bugzilla.mozilla.org/show_bug.cgi?id=1870699
#
# Maps 20 buffers, one after the other, and waits 20 times for an empty queue; then the same while nothing is submitted every 4 ms;
# then while other things are done as often, which do not help. Firefox (GANATOMY_FIREFOX, or firefox-esr or firefox of the path)
# and Node 20+ must be there; without a GPU Mesa's lavapipe will do: VK_DRIVER_FILES=…/lvp_icd.json.
#
# Seen in Firefox ESR 153.8.0 on Mesa's lavapipe, Linux: about 2,000 ms each, 40 to 150 ms with submits, 2,000 ms with the others.
# Status 0: still so. 1: no longer so. 2: could not be run.
set -euo pipefail
firefox=${GANATOMY_FIREFOX:-$(command -v firefox-esr || command -v firefox || true)}
if [ -z "$firefox" ]; then
  echo "No Firefox was found: name it with GANATOMY_FIREFOX." >&2
  exit 2
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts puppeteer-core@24.43.1 >&2 || exit 2

cat >page.mjs <<'JS'
import { createServer } from "node:http";
import puppeteer from "puppeteer-core";

process.on("uncaughtException", (error) => {
  console.error(error);
  process.exit(2);
});

/** In the page and in the worker: milliseconds that 20 waits take, by what is awaited and what else is done meanwhile. */
async function measure() {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error("Firefox offers no WebGPU adapter.");
  const device = await adapter.requestDevice();
  const [MAP_READ, COPY_DST] = [1, 8];
  const spare = device.createBuffer({ size: 4, usage: COPY_DST });
  const waits = {
    mapAsync: async () => {
      const buffer = device.createBuffer({ size: 16, usage: MAP_READ | COPY_DST });
      const encoder = device.createCommandEncoder();
      encoder.clearBuffer(buffer);
      device.queue.submit([encoder.finish()]);
      await buffer.mapAsync(MAP_READ);
      buffer.destroy();
    },
    onSubmittedWorkDone: () => device.queue.onSubmittedWorkDone(),
  };
  const meanwhile = {
    "nothing": undefined,
    "submit([])": () => device.queue.submit([]),
    "a timer that does nothing": () => {},
    "writeBuffer": () => device.queue.writeBuffer(spare, 0, new Uint32Array(1)),
    "an error scope": () => {
      device.pushErrorScope("validation");
      void device.popErrorScope();
    },
  };
  const result = [];
  for (const [wait, run] of Object.entries(waits)) {
    for (const [what, doing] of Object.entries(meanwhile)) {
      const timer = doing && setInterval(doing, 4);
      const start = performance.now();
      for (let i = 0; i < 20; i += 1) await run();
      const ms = Math.round(performance.now() - start);
      clearInterval(timer);
      result.push({ wait, what, ms });
    }
  }
  return result;
}

const inWorker = (source) =>
  new Promise((resolve, reject) => {
    const code = `(${source})().then(postMessage, (error) => setTimeout(() => { throw error; }));`;
    const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });

// WebGPU needs a secure context, which 127.0.0.1 is.
const server = createServer((_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>"));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath: process.argv[2],
  headless: true,
  extraPrefsFirefox: { "dom.webgpu.enabled": true, "dom.webgpu.workers.enabled": true, "gfx.webgpu.ignore-blocklist": true },
});
let slow = true; // without help, and with what is no help
let helped = true;
try {
  console.log(`${await browser.version()} by WebDriver BiDi, ${process.platform}`);
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  for (const [place, rows] of [
    ["page", await page.evaluate(measure)],
    ["worker", await page.evaluate(inWorker, measure.toString())],
  ]) {
    for (const { wait, what, ms } of rows) {
      console.log(`${place.padEnd(7)} 20 × ${wait.padEnd(20)} meanwhile ${what.padEnd(26)} ${String(ms).padStart(6)} ms`);
      // Of the 100 ms the first wait sees some part; half of all of them is far from what either makes.
      if (what === "submit([])") helped &&= ms < 1000;
      else slow &&= ms > 1000;
    }
  }
} finally {
  await browser.close();
  server.close();
}
if (slow && helped) console.log("Still so: every wait takes up to 100 ms unless something is submitted.");
else console.log(slow ? "CHANGED: submitting nothing no longer helps." : "CHANGED: what was slow is not, or not always.");
process.exitCode = slow && helped ? 0 : 1;
JS
status=0
node page.mjs "$firefox" || status=$?
exit "$status"
