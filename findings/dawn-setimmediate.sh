#!/usr/bin/env bash
# Dawn's Node binding polls for finished work through globalThis.setImmediate, which it looks up at every turn.
# Seen with webgpu 0.6.2 on Node 20: tens of thousands of turns a second, and a wrapper put there meanwhile is called.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent webgpu@0.6.2 || exit 2
cat >run.mjs <<'JS'
import { create, globals } from "webgpu";
Object.assign(globalThis, globals);
const gpu = (globalThis.kept = create([]));
const adapter = await gpu.requestAdapter();
if (!adapter) {
  console.log("Dawn finds no adapter here; VK_DRIVER_FILES names a Vulkan driver.");
  process.exit(2);
}
const device = await adapter.requestDevice();
console.log(`webgpu 0.6.2, Node ${process.version}, ${adapter.info.description}`);
const own = globalThis.setImmediate;
let turns = 0;
globalThis.setImmediate = (turn) => {
  turns += 1;
  return own(turn);
};
const buffer = device.createBuffer({ size: 2 ** 26, usage: GPUBufferUsage.COPY_DST });
const encoder = device.createCommandEncoder();
for (let i = 0; i < 60; i += 1) encoder.clearBuffer(buffer);
device.queue.submit([encoder.finish()]);
const start = performance.now();
await device.queue.onSubmittedWorkDone();
const ms = performance.now() - start;
const [waiting, before] = [turns, turns];
await new Promise((resolve) => setTimeout(resolve, 200));
console.log(`${waiting} turns through globalThis.setImmediate in ${ms.toFixed(0)} ms of waiting, ${turns - before} in 200 ms without`);
console.log("Expected: to be called when the work is done, or to be asked for now and then.");
process.exit(waiting > 20 * ms && turns === before ? 0 : 1);
JS
XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/tmp} node run.mjs
