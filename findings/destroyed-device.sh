#!/usr/bin/env bash
# What becomes of what a WebGPU device was doing when it is destroyed, in Dawn (Node) and in Deno. The specification unmaps its
# buffers: a map that is pending is rejected with an AbortError, and ranges are detached. In Deno both stay as they were; and it
# gives a second device of an adapter that the specification calls consumed.
# Seen with webgpu 0.6.2 on Node 20 and deno 2.9.6, on Mesa's lavapipe and on SwiftShader. Chromium 156 does as Dawn does; Firefox
# ESR 153.8 too, but for the second device, which it gives.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent webgpu@0.6.2 deno@2.9.6 || exit 2
cat >seen.mjs <<'JS'
const [MAP_READ, COPY_DST, READ] = [1, 8, 1];
/** What happens, as lines. */
export async function seen(gpu) {
  const adapter = await gpu.requestAdapter();
  if (!adapter) return undefined;
  const device = await adapter.requestDevice();
  const second = await adapter.requestDevice().then(() => "is given", ({ name }) => `is refused: ${name}`);
  const buffer = () => device.createBuffer({ size: 2 ** 20, usage: MAP_READ | COPY_DST });
  const [mapped, asked] = [buffer(), buffer()];
  await mapped.mapAsync(READ);
  const range = mapped.getMappedRange();
  const encoder = device.createCommandEncoder();
  encoder.clearBuffer(asked);
  device.queue.submit([encoder.finish()]);
  const pending = asked.mapAsync(READ).then(() => "resolves", ({ name }) => `is rejected: ${name}`);
  device.destroy();
  const module = device.createShaderModule({ code: "this is no shader" });
  const pipeline = device
    .createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } })
    .then(() => "resolves", ({ name }) => `is rejected: ${name}`);
  return [
    `a map that was pending ${await pending}`,
    `a range that was mapped has ${range.byteLength} bytes`,
    `device.lost says "${(await device.lost).reason}"`,
    `a pipeline of nonsense, asked for afterwards, ${await pipeline}`,
    `a second device of the same adapter ${second}`,
  ];
}
JS
cat >dawn.mjs <<'JS'
import { create } from "webgpu";
import { seen } from "./seen.mjs";
globalThis.kept = create([]);
console.log(JSON.stringify((await seen(globalThis.kept)) ?? null));
process.exit(0);
JS
cat >deno.mjs <<'JS'
import { seen } from "./seen.mjs";
console.log(JSON.stringify((await seen(navigator.gpu)) ?? null));
Deno.exit(0);
JS
export XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/tmp} DENO_NO_UPDATE_CHECK=1
node dawn.mjs 2>/dev/null | tail -n 1 >dawn.json
node_modules/.bin/deno run --unstable-webgpu deno.mjs 2>/dev/null | tail -n 1 >deno.json
cat >told.mjs <<'JS'
import { readFileSync } from "node:fs";
const [dawn, deno] = ["dawn.json", "deno.json"].map((name) => JSON.parse(readFileSync(name, "utf8") || "null"));
if (!dawn || !deno) {
  console.log("There is no adapter here; VK_DRIVER_FILES names a Vulkan driver.");
  process.exit(2);
}
dawn.forEach((line, i) => {
  console.log(`webgpu 0.6.2: ${line}\n  deno 2.9.6: ${deno[i]}`);
});
console.log("Expected: a rejected map, a range of 0 bytes, and no second device.");
const was = [
  ["is rejected: AbortError", "resolves"],
  ["has 0 bytes", "has 1048576 bytes"],
  ['"destroyed"', '"destroyed"'],
  ["resolves", "is rejected: GPUPipelineError"],
  ["is refused: OperationError", "is given"],
];
process.exit(was.every(([a, b], i) => dawn[i].endsWith(a) && deno[i].endsWith(b)) ? 0 : 1);
JS
node told.mjs
