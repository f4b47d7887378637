#!/usr/bin/env bash
# Deno's WebGPU (wgpu) fills adapter.info.subgroupMinSize and subgroupMaxSize on adapters that do not have the feature
# "subgroups", and its shader compiler does not know `enable subgroups`. Seen with deno 2.9.6 on Mesa's lavapipe and on SwiftShader.
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
const { subgroupMinSize, subgroupMaxSize, description } = adapter.info;
console.log(`deno ${Deno.version.deno}, ${description}: subgroups of ${subgroupMinSize} to ${subgroupMaxSize}`);
console.log(`features have "subgroups": ${adapter.features.has("subgroups")}`);
const device = await adapter.requestDevice();
device.pushErrorScope("validation");
device.createShaderModule({ code: "enable subgroups;\n@compute @workgroup_size(1) fn main() {}" });
const error = await device.popErrorScope();
console.log(`enable subgroups: ${error?.message.trim().split("\n")[0] ?? "accepted"}`);
console.log("Expected: sizes only with the feature, or the feature with the sizes.");
Deno.exit(subgroupMinSize >= 4 && !adapter.features.has("subgroups") && error ? 0 : 1);
JS
DENO_NO_UPDATE_CHECK=1 XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/tmp} node_modules/.bin/deno run --unstable-webgpu run.mjs
