#!/usr/bin/env bash
# Deno tells that a buffer is mapped, or that the queue is done, no sooner than 10 ms after it was asked, however short the
# work: what is awaited one after the other takes 10 ms each, what is awaited together takes them once.
# Seen with deno 2.9.6 on Mesa's lavapipe and on SwiftShader; Dawn (webgpu 0.6.2) needs less than 1 ms on both.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent deno@2.9.6 || exit 2
cat >run.mjs <<'JS'
const adapter = await navigator.gpu?.requestAdapter();
if (!adapter) {
  console.log("deno finds no adapter here; VK_DRIVER_FILES names a Vulkan driver.");
  Deno.exit(2);
}
const device = await adapter.requestDevice();
console.log(`deno ${Deno.version.deno}, ${adapter.info.description}`);
const { MAP_READ, COPY_DST } = GPUBufferUsage;
const buffers = Array.from({ length: 40 }, () => device.createBuffer({ size: 16, usage: MAP_READ | COPY_DST }));
const map = async (buffer) => {
  const encoder = device.createCommandEncoder();
  encoder.clearBuffer(buffer);
  device.queue.submit([encoder.finish()]);
  await buffer.mapAsync(GPUMapMode.READ);
  buffer.unmap();
};
const timed = async (run) => {
  const start = performance.now();
  await run();
  return performance.now() - start;
};
const least = async (run) => {
  let ms = Infinity;
  for (let i = 0; i < 40; i += 1) ms = Math.min(ms, await timed(run));
  return ms;
};
await map(buffers[0]);
const one = await least(() => map(buffers[0]));
const done = await least(() => device.queue.onSubmittedWorkDone());
const all = await least(() => Promise.all(buffers.map(map)));
console.log(`least of 40 tries: mapAsync ${one.toFixed(1)} ms, onSubmittedWorkDone of nothing ${done.toFixed(1)} ms`);
console.log(`40 buffers of 16 bytes at once: ${all.toFixed(1)} ms`);
console.log("Expected: to be told when it is done.");
Deno.exit(one >= 10 && done >= 10 && all < 5 * one ? 0 : 1);
JS
DENO_NO_UPDATE_CHECK=1 XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/tmp} node_modules/.bin/deno run --unstable-webgpu run.mjs
