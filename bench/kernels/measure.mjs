// A build's kernels, each timed by itself: `node measure.mjs PARTS WEIGHTS`. The last line on
// stdout is JSON.
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [parts, weights] = process.argv.slice(2);
const library = await import(pathToFileURL(parts));
const { Counts, Device, FRACTIONS, Generator, Graph, Moments, Plan, Presence } = library;
const { Quantiles, Samples, Segmenter, Slots, fileSource, findGpu, generated } = library;

/**
 * Images of a batch, edge of their label maps, and the layers that a dissection looks at unless
 * told otherwise.
 */
const BATCH = 16;
const EDGE = 32;
const LAYERS = ["layer4", "layer6"];
/** Milliseconds that a measurement lasts at least: counters of CPU time are coarse. */
const LEAST = 150;

const device = await Device.request({ gpu: await findGpu(), tune: false });
const file = (name) => fileSource(join(weights, name));
const generator = await Generator.load(await file("generator.safetensors"), { device });
const segmenter = await Segmenter.load(
  { weights: await file("segmenter.safetensors"), labels: await file("labels.json") },
  { device },
);

/**
 * Milliseconds of one run: of all cores on a software adapter, on the wall where a GPU does the
 * work.
 */
async function timed(run) {
  for (let i = 0; i < 2; i += 1) run();
  await device.idle();
  const [start, used] = [performance.now(), process.cpuUsage()];
  let runs = 0;
  do {
    for (let i = 0; i < 3; i += 1) run();
    await device.idle();
    runs += 3;
  } while (performance.now() - start < LEAST);
  const { user, system } = process.cpuUsage(used);
  return (device.adapter.software ? (user + system) / 1000 : performance.now() - start) / runs;
}

/** A graph's steps one by one, summed up by kernel. */
async function byKernel(graph) {
  const times = {};
  for (const step of graph.steps) {
    const alone = new Graph(device.target);
    alone.values.push(...graph.values);
    alone.steps.push(step);
    const plan = await Plan.compile(device, alone);
    times[step.kernel.name] = (times[step.kernel.name] ?? 0) + (await timed(() => plan.run())) / BATCH;
    plan.dispose();
  }
  return times;
}

const generating = new Graph(device.target, "f32", device.tuned);
generator.append(generating, BATCH);
const segmenting = new Graph(device.target, "f32", device.tuned);
segmenter.append(segmenting, segmenting.map("image", BATCH, generator.resolution, generator.resolution, 3), [
  EDGE,
  EDGE,
]);

/** What is counted of a batch, on real maps and labels. */
async function statistics() {
  const { labels, categories } = segmenter;
  // Earlier revisions know an edge where later ones know a grid, and generators where later ones
  // know subjects.
  const edges = { segmentationSize: EDGE, grid: [EDGE, EDGE] };
  const whose = { generator, subject: generated?.(generator), segmenter, set: "test" };
  const common = { ...whose, layers: LAYERS, size: BATCH, seed: 2, batch: BATCH, ...edges };
  const samples = await Samples.create({ ...common, pictures: false, keepLabels: true, memory: 2 ** 29 });
  const { labelMaps, batch } = samples;
  const everywhere = categories.length === 1;
  const presence = await Presence.create(device, { maps: labelMaps, batch, labels, categories, everywhere });
  const slots = await Slots.create(device, { labelMaps, labels: labels.length });
  const all = labels.map((_, label) => label).slice(1);
  slots.assign(all);
  for await (const _ of samples.each({ labels: true })) {
    presence.add();
    slots.update();
  }
  const times = {};
  const add = async (name, run) => {
    times[name] = (times[name] ?? 0) + (await timed(run)) / BATCH;
  };
  for (const layer of LAYERS) {
    const { channels } = generator.layer(layer);
    const maps = { maps: samples.maps.get(layer), channels, batch };
    const onLabels = { ...maps, slotMaps: slots.maps, labels: all };
    const quantiles = FRACTIONS.map((fraction) => 1 - fraction);
    const selecting = { ...maps, size: EDGE, grid: [EDGE, EDGE], samples: BATCH * EDGE ** 2, quantiles };
    // Each pass on a selection that the passes before have made, which counting it again and again
    // does not spoil.
    for (const pass of [0, 1, 2]) {
      const selection = await Quantiles.create(device, selecting);
      for (let before = 0; before < pass; before += 1) {
        selection.add();
        selection.endPass();
      }
      await add(`radix, pass ${pass}`, () => selection.add());
      selection.dispose();
    }
    const selection = await Quantiles.create(device, selecting);
    for (let pass = 0; pass < 3; pass += 1) {
      selection.add();
      selection.endPass();
    }
    const descending = await selection.read();
    selection.dispose();
    const rows = FRACTIONS.map((_, row) => descending.subarray(row * channels, (row + 1) * channels)).reverse();
    const ascending = Float32Array.from(rows.flatMap((row) => [...row]));
    const counting = { ...onLabels, present: presence.present };
    const many = await Counts.create(device, { ...counting, levels: ascending });
    await add(`count, ${FRACTIONS.length} levels`, () => many.add());
    const one = await Counts.create(device, { ...counting, levels: rows.at(-20) });
    await add("count, 1 level", () => one.add());
    const moments = await Moments.create(device, onLabels);
    await add("moments", () => moments.add());
  }
  return times;
}

const { vendor, architecture, description } = device.adapter;
const result = {
  adapter: description || `${vendor} ${architecture}`,
  unit: device.adapter.software ? "CPU" : "wall",
  parts: {
    generator: await byKernel(generating),
    segmenter: await byKernel(segmenting),
    statistics: await statistics(),
  },
};
process.stdout.write(`\n${JSON.stringify(result)}\n`, () => process.exit());
