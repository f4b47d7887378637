#!/usr/bin/env bash
# Firefox takes a canvas of the format rgba8unorm, which every browser must (https://www.w3.org/TR/webgpu/#supported-context-formats),
# and goes down with all its windows when it is drawn on, where canvases reach the screen by a copy (no dma-buf: headless, lavapipe).
#
# Clears a canvas twenty times, in the format that Firefox prefers, and in rgba8unorm; in a page and in a worker. Firefox
# (GANATOMY_FIREFOX, or firefox-esr or firefox of the path) and Node 20+ must be there; without a GPU Mesa's lavapipe will do:
# VK_DRIVER_FILES=…/lvp_icd.json.
#
# Seen in Firefox ESR 153.8.0 on Mesa's lavapipe 25.0.7, Linux, headless: bgra8unorm is drawn, with rgba8unorm the browser is gone.
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

/** In the page and in the worker: clears a canvas twenty times. */
async function clear(canvas, format) {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error("Firefox offers no WebGPU adapter.");
  const device = await adapter.requestDevice();
  const context = canvas.getContext("webgpu");
  context.configure({ device, format, alphaMode: "opaque" });
  for (let frame = 0; frame < 20; frame += 1) {
    const encoder = device.createCommandEncoder();
    const view = context.getCurrentTexture().createView();
    const color = { view, loadOp: "clear", storeOp: "store", clearValue: [1, frame / 20, 0, 1] };
    encoder.beginRenderPass({ colorAttachments: [color] }).end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return "drawn";
}

const WORKER = `${clear}
onmessage = ({ data }) => clear(data.canvas, data.format).then(postMessage, (error) => postMessage(String(error)));`;
const PAGE = `<!doctype html><canvas width="64" height="64"></canvas><script>${clear}
const start = (where, format) => {
  const canvas = document.querySelector("canvas");
  if (where === "page") return clear(canvas, format);
  const offscreen = canvas.transferControlToOffscreen();
  const worker = new Worker("worker.js");
  worker.postMessage({ canvas: offscreen, format }, [offscreen]);
  return new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data); });
};</script>`;
const server = createServer(({ url }, response) => {
  const script = url === "/worker.js";
  response.writeHead(200, { "content-type": script ? "text/javascript" : "text/html" }).end(script ? WORKER : PAGE);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

async function tried(where, format) {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: process.argv[2],
    extraPrefsFirefox: {
      "dom.webgpu.enabled": true,
      "dom.webgpu.workers.enabled": true,
      "gfx.webgpu.ignore-blocklist": true,
    },
  });
  const version = await browser.version();
  const gone = new Promise((resolve) => browser.once("disconnected", () => resolve("the browser is gone")));
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const drawn = page.evaluate(`start("${where}", "${format}")`).catch(() => gone);
  const outcome = await Promise.race([gone, drawn]);
  console.log(`${version}, ${where}, ${format}: ${outcome}`);
  if (outcome.startsWith("Error")) process.exit(2);
  await browser.close().catch(() => {});
  return outcome;
}

const outcomes = [];
for (const where of ["page", "worker"]) {
  outcomes.push((await tried(where, "bgra8unorm")) === "drawn", (await tried(where, "rgba8unorm")) !== "drawn");
}
server.close();
console.log("Expected: both formats are drawn.");
process.exit(outcomes.every(Boolean) ? 0 : 1);
JS
node page.mjs "$firefox"
