// `node bench/exact-sums.mjs`: what the exact sums of correlations and means cost beside pairs of
// floats, which lose next to nothing but depend on the order. See README.md.
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { generate } from "../scripts/wgsl.mjs";
import { ROOT } from "./hosts/build.mjs";

/** A layer of scenes64 in a batch of 16, and 100 labels of 32 × 32. */
const [BATCH, EDGE, UNITS, LABELS, GRID] = [16, 16, 128, 100, 32];
const [ROUNDS, LEAST_MS] = [9, 150];
const PARTS = `
  export { default as accumulate } from "./src/kernels/generated/accumulate.wgsl.ts";
  export { moments, SUM_WORDS } from "./src/kernels/statistics/statistics.ts";
  export { exactSum } from "./src/dissect/exact-sums.ts";
  export { Device } from "./src/runtime/device.ts";
  export { Graph } from "./src/runtime/graph.ts";
  export { Plan } from "./src/runtime/plan.ts";
  export { findGpu } from "./src/node/gpu.ts";
`;

async function library(folder) {
  await generate(); // the kernels' modules, of which a clone has none
  const outfile = join(folder, "parts.mjs");
  const esm = { bundle: true, platform: "node", format: "esm", target: "es2023", external: ["webgpu"] };
  await build({ stdin: { contents: PARTS, resolveDir: ROOT }, ...esm, logLevel: "error", outfile });
  return import(pathToFileURL(outfile));
}

/** Everything up to the totals, exact or in pairs of floats, on numbers that are not zero. */
async function plan({ Graph, Plan, accumulate, moments, SUM_WORDS }, device, isExact) {
  class Pairs extends Graph {
    step(kernel, bindings, params, grid, more) {
      if (!("total" in bindings)) return super.step(kernel, bindings, params, grid, more);
      return super.step(accumulate, { partial: bindings.partial, total: pairs }, { ...params, zero: 0 }, grid);
    }
  }
  const graph = isExact ? new Graph(device.target) : new Pairs(device.target);
  const x = graph.map("maps", BATCH, EDGE, EDGE, UNITS);
  const slots = graph.value("slots", [BATCH, 1, GRID, GRID], "u32");
  const batch = graph.value("batch", [2], "u32");
  const total = graph.value("total", [2 + LABELS, UNITS, SUM_WORDS], "u32");
  const pairs = isExact ? undefined : graph.value("pairs", [2 + LABELS, UNITS, 2]);
  moments(graph, x, { slots, batch, total });
  const made = await Plan.compile(device, graph, { keep: [x, slots, batch, isExact ? total : pairs] });
  made.tensor(x).write(Float32Array.from({ length: BATCH * EDGE ** 2 * UNITS }, (_, i) => Math.sin(i) * 3));
  made.tensor(slots).write(Uint32Array.from({ length: BATCH * GRID ** 2 }, (_, i) => i % LABELS));
  made.tensor(batch).write(Uint32Array.of(0, BATCH));
  return { run: () => made.run(), total: made.tensor(isExact ? total : pairs) };
}

/** After one run each both have to say the same. */
async function compare(exactSum, exact, pairs) {
  for (const made of [exact, pairs]) made.run();
  const [words, floats] = [await exact.total.read(), await pairs.total.read()];
  for (let place = 0; place < (2 + LABELS) * UNITS; place += 1) {
    const [one, other] = [exactSum(words, place), floats[2 * place] + floats[2 * place + 1]];
    if (!(Math.abs(one - other) <= 1e-9 * (1 + Math.abs(one))))
      throw new Error(`Sum ${place}: ${one}, in pairs ${other}.`);
  }
}

/** Milliseconds of one run: of all cores on a software adapter, on the wall on a GPU. */
async function timed(device, made) {
  const [start, used] = [performance.now(), process.cpuUsage()];
  let runs = 0;
  do {
    for (let i = 0; i < 3; i += 1) made.run();
    await device.idle();
    runs += 3;
  } while (performance.now() - start < LEAST_MS);
  const { user, system } = process.cpuUsage(used);
  return (device.adapter.software ? (user + system) / 1000 : performance.now() - start) / runs;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function main() {
  // Within the repository, where Node finds the package `webgpu`.
  const folder = await mkdtemp(join(ROOT, "node_modules", ".exact-sums-"));
  try {
    const parts = await library(folder);
    const device = await parts.Device.request({ gpu: await parts.findGpu(), tune: false });
    const [exact, pairs] = [await plan(parts, device, true), await plan(parts, device, false)];
    await compare(parts.exactSum, exact, pairs);
    for (const made of [exact, pairs]) await timed(device, made);
    const ratios = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const first = await timed(device, exact);
      ratios.push(first / (await timed(device, pairs)));
    }
    const { description, vendor } = device.adapter;
    const said = ratios.map((ratio) => ratio.toFixed(2)).sort();
    console.log(`moments, exact sums / pairs of floats: × ${median(ratios).toFixed(2)} (${said[0]} to ${said.at(-1)})`);
    console.log(`${ROUNDS} rounds in turns on ${description || vendor}`);
    device.dispose();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
