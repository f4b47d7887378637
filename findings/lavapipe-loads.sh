#!/usr/bin/env bash
# Mesa's lavapipe loads from storage buffers lane by lane in loops, also where all lanes of a workgroup load the same number.
# Seen with webgpu 0.6.2 (Dawn) on Mesa 25.0.7, LLVM 15: 8 lanes; the product that shares by subgroupBroadcast takes less than half the time.
set -eu
driver=$(grep -lE '"api_version": *"1\.[4-9]' /usr/share/vulkan/icd.d/lvp_icd*.json 2>/dev/null | head -n 1)
[ -n "$driver" ] || { echo "Mesa's lavapipe with Vulkan 1.4 is not here (Debian: mesa-vulkan-drivers, 25 or newer)."; exit 2; }
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
const { description, subgroupMinSize: lanes, subgroupMaxSize } = adapter.info;
console.log(`webgpu 0.6.2 on ${description}, subgroups of ${lanes} to ${subgroupMaxSize}`);
if (lanes !== 8 || subgroupMaxSize !== 8 || !adapter.features.has("subgroups")) process.exit(2);
const device = await adapter.requestDevice({ requiredFeatures: ["subgroups"] });

// y = x w: every lane has a row of x; w's addresses do not depend on the lane. Eight lanes, eight vectors of w a step.
const [ROWS, DEPTH, COLUMNS] = [4096, 512, 32];
const columns = [...Array(8).keys()];
const shader = (load) => `enable subgroups;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let row = group.x * 8u + lane;
  ${columns.map((c) => `var a${c} = vec4f();`).join(" ")}
  for (var k = 0u; k < ${DEPTH}u; k++) {
    let v = x[row * ${DEPTH}u + k];
    ${load}
    ${columns.map((c) => `a${c} += w${c} * v;`).join(" ")}
  }
  ${columns.map((c) => `y[row * 8u + ${c}u] = a${c};`).join(" ")}
}`;
const same = columns.map((c) => `let w${c} = w[k * 8u + ${c}u];`).join(" ");
const shared = `let mine = w[k * 8u + lane]; ${columns.map((c) => `let w${c} = subgroupBroadcast(mine, ${c}u);`).join(" ")}`;

const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
const filled = (count) => {
  const buffer = device.createBuffer({ size: 4 * count, usage: STORAGE | COPY_DST });
  device.queue.writeBuffer(buffer, 0, Float32Array.from({ length: count }, (_, i) => Math.sin(i)));
  return buffer;
};
const [x, w] = [filled(ROWS * DEPTH), filled(DEPTH * COLUMNS)];
const prepare = (code) => {
  const y = device.createBuffer({ size: 4 * ROWS * COLUMNS, usage: STORAGE | COPY_SRC });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module: device.createShaderModule({ code }) } });
  const entries = [x, w, y].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const run = async () => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < 4; i += 1) pass.dispatchWorkgroups(ROWS / 8);
    pass.end();
    device.queue.submit([encoder.finish()]);
    const start = performance.now();
    await device.queue.onSubmittedWorkDone();
    return performance.now() - start;
  };
  const read = async () => {
    const staging = device.createBuffer({ size: y.size, usage: COPY_DST | MAP_READ });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(y, 0, staging, 0, y.size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    return Buffer.from(staging.getMappedRange().slice(0));
  };
  return { run, read, best: Infinity };
};
const [plain, sharing] = [prepare(shader(same)), prepare(shader(shared))];
for (let round = 0; round < 6; round += 1) {
  for (const way of [plain, sharing]) {
    const ms = await way.run();
    if (round > 0) way.best = Math.min(way.best, ms);
  }
}
const equal = Buffer.compare(await plain.read(), await sharing.read()) === 0;
const ratio = plain.best / sharing.best;
console.log(`the same address in every lane: ${plain.best.toFixed(1)} ms; loaded once and broadcast: ${sharing.best.toFixed(1)} ms`);
console.log(`sharing is ${ratio.toFixed(2)} times as fast; results are ${equal ? "equal to the bit" : "different"}`);
console.log("Expected: no difference, as the compiler knows that the address is uniform.");
process.exit(equal && ratio > 1.5 ? 0 : 1);
JS
VK_DRIVER_FILES=$driver XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/tmp} node run.mjs
