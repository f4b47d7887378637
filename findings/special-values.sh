#!/usr/bin/env bash
# What two software adapters make of special values, though WGSL's text is the same: it leaves NaN, infinities, subnormals and
# what is beyond an array to implementations. Every number comes out of a buffer, so that no compiler knows it beforehand.
# Seen with webgpu 0.6.2 (Dawn), Node 20, on Chromium 156's SwiftShader and on Mesa 25.0.7's lavapipe; Chromium 156
# on SwiftShader, Firefox ESR 153.8 and deno 2.9.6 on both give the same, but for max(1, NaN), which by naga is NaN on SwiftShader.
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
const { architecture = "", description = "" } = adapter?.info ?? {};
const known = ["swiftshader", "llvmpipe"].findIndex((name) => `${architecture} ${description}`.toLowerCase().includes(name));
if (known < 0) {
  console.log("Neither SwiftShader nor lavapipe is here; VK_DRIVER_FILES names a Vulkan driver.");
  process.exit(2);
}
const device = await adapter.requestDevice();
console.log(`webgpu 0.6.2, Node ${process.version}, ${description}`);
const f = Math.fround;
// An expression, a, b; what IEEE 754 or the function's definition has; what SwiftShader has; lavapipe.
const CASES = [
  ["log(a)", 0, 0, -Infinity, f(-88.0296936), -Infinity],
  ["log(a)", -1.5, 0, NaN, f(0.405465095), NaN],
  ["pow(a, b)", -2, 2, 4, 4, NaN],
  ["pow(a, b)", 0, 0, 1, 1, 0],
  ["pow(a, b)", 10, 2, 100, f(99.9999924), f(99.9999924)],
  ["tanh(a)", 1e30, 0, 1, NaN, 1],
  ["tanh(a)", 1e-6, 0, f(1e-6), f(9.83476639e-7), f(1.01327907e-6)],
  ["a - a", Infinity, 0, NaN, NaN, 0],
  ["(a + b) - a", 1e8, 1, 0, 0, 1],
  ["a * 0.0", NaN, 0, NaN, 0, 0],
  ["select(0.0, 1.0, a == a)", NaN, 0, 0, 0, 0],
  ["select(0.0, 1.0, a != a)", NaN, 0, 1, 0, 0],
  ["max(a, b)", NaN, 1, 1, 1, 1],
  ["a * b", f(1e-39), 1, f(1e-39), 0, f(1e-39)],
  ["a", f(1e-39), 0, f(1e-39), f(1e-39), f(1e-39)],
  ["a % b", 1e10, 3, 1, 1, 0],
  ["atan2(a, b)", 0, 0, 0, 0, f(2.35619116)],
  ["unpack2x16float(pack2x16float(vec2f(a, 0.0))).x", 2049, 0, 2048, 2048, 2049],
];
const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
const { length } = CASES;
const x = device.createBuffer({ size: 8 * length, usage: STORAGE | COPY_DST });
device.queue.writeBuffer(x, 0, Float32Array.from(CASES.flatMap(([, a, b]) => [a, b])));
/** What a shader leaves in its `y` of so many numbers. */
async function run(size, body) {
  const code = `@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1) fn main() { ${body} }`;
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module: device.createShaderModule({ code }) } });
  const y = device.createBuffer({ size: 4 * size, usage: STORAGE | COPY_SRC });
  const entries = [x, y].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const staging = device.createBuffer({ size: y.size, usage: COPY_DST | MAP_READ });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(y, 0, staging, 0, y.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  return new Float32Array(staging.getMappedRange().slice(0));
}
let same = true;
const told = (what, expected, seen, was) => {
  same &&= String(seen) === String(was);
  console.log(`${what.padEnd(62)} ${String(expected).padEnd(24)} ${seen}${String(seen) === String(was) ? "" : `: it was ${was}`}`);
};
console.log(`${"".padEnd(62)} ${"by definition".padEnd(24)} here`);
const seen = await run(length, CASES.map(([expression], i) => `{ let a = x[${2 * i}]; let b = x[${2 * i + 1}]; y[${i}] = ${expression}; }`).join("\n"));
CASES.forEach(([expression, a, b, expected, ...was], i) => {
  told(`${expression}${/\ba\b/.test(expression) ? `, a = ${a}` : ""}${/\bb\b/.test(expression) ? `, b = ${b}` : ""}`, expected, seen[i], was[known]);
});
// A place of four bytes each: 2^30 is 2^32 bytes on, which is 0 in 32 bits.
for (const [what, at, ...was] of [
  ["4", "arrayLength(&y)", "0,0,0,7", "0,0,0,0"],
  ["2^30", "arrayLength(&y) << 28u", "0,0,0,7", "7,0,0,0"],
]) {
  told(`y[${what}] = 7.0, of four numbers`, "any of the four, or none", [...(await run(4, `_ = x[0]; y[${at}] = 7.0;`))], was[known]);
}
console.log("Expected: one answer, or a feature or a limit that tells which.");
process.exit(same ? 0 : 1);
JS
XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/tmp} node run.mjs
