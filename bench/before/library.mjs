// What is measured by the library where the command line has no such thing:
// `node library.mjs DIST CASE OUTDIR`, DIST being a build's folder. The last line on stdout is
// JSON: the case's own numbers.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [dist, what, images, outdir] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(dist, path)));
const { init, loadGenerator, loadSegmenter, dissect, writeSafetensors } = await load("index.js");
const { fileSource, findGpu } = await load("node/index.js");
const { toCsv, toTensors } = await load("report/index.js");

/** What the command line dissects unless told otherwise. */
const LAYERS = ["layer4", "layer6"];
const size = Number(images);
/**
 * Images at a time, and milliseconds to repeat for: a batch lasts far less, and counters of CPU
 * time are coarse.
 */
const BATCH = 8;
const BUDGET = 3000;

const imported = { ms: performance.now(), cpu: process.cpuUsage() };
const cpuSince = (since) => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};
const device = await init({ gpu: await findGpu() });
const file = (name) => fileSource(join(dist, "../weights/scenes64", name));
const generator = await loadGenerator(await file("generator.safetensors"), { device });
const segmenter = await loadSegmenter(
  { weights: await file("segmenter.safetensors"), labels: await file("labels.json") },
  { device },
);
await mkdir(outdir, { recursive: true });

async function dissected(stopAtPartial) {
  for await (const event of dissect(generator, segmenter, { layers: LAYERS, size })) {
    if (event.type === "progress" || (event.type === "partial" && !stopAtPartial)) continue;
    const first = performance.timeOrigin + performance.now();
    await writeFile(join(outdir, "units.csv"), toCsv(event.dissection));
    await writeFile(join(outdir, "tensors.safetensors"), toTensors(event.dissection));
    return first;
  }
  throw new Error("The dissection ended without a result.");
}

/** CPU and wall milliseconds an image. */
async function each(run) {
  for (let i = 0; i < 3; i += 1) run();
  await device.idle();
  const [start, used] = [performance.now(), process.cpuUsage()];
  let runs = 0;
  for (; runs < 3 || performance.now() - start < BUDGET; runs += 1) {
    run();
    await device.idle();
  }
  return { cpu: (1000 * cpuSince(used)) / (BATCH * runs), ms: (performance.now() - start) / (BATCH * runs) };
}

async function forward() {
  const plan = await generator.compile({ batch: BATCH });
  const z = generator.sample({ size: BATCH, seed: 1 });
  const generated = await each(() => plan.run(z));
  const segmented = await segmenter.compile(plan.image, generator.resolution);
  const labelled = await each(() => segmented.run());
  const [image, labels] = [await plan.image.read(), await segmented.labels.read()];
  const tensors = {
    image: { dtype: "float32", shape: [image.length], data: image },
    labels: { dtype: "uint32", shape: [labels.length], data: labels },
  };
  await writeFile(join(outdir, "forward.safetensors"), writeSafetensors(tensors));
  return {
    generatorCpu: generated.cpu,
    generatorMs: generated.ms,
    segmenterCpu: labelled.cpu,
    segmenterMs: labelled.ms,
  };
}

let numbers;
if (what === "forward") numbers = await forward();
else {
  const first = await dissected(what === "first-partial");
  const work = (performance.now() - imported.ms) / 1000;
  numbers = what === "first-partial" ? { first } : { work, workCpu: cpuSince(imported.cpu) };
}
process.stdout.write(`${JSON.stringify(numbers)}\n`, () => process.exit()); // Dawn keeps Node alive
