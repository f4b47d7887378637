// A segmenter of one's own: colours by a plain convolutional network with weights set by hand,
// defined in ten lines, merged with the embedded segmenter of scenes and asked what is in images of
// the embedded generator. From the root of the repository:
//   npm run build && node examples/segmenter/own.mjs
import { fileURLToPath } from "node:url";
import {
  conv,
  defineSegmenter,
  depthwise,
  filterOf,
  init,
  loadGenerator,
  loadSegmenter,
  mergeSegmenters,
  writeSafetensors,
} from "ganatomy";
import { fileSource, findGpu } from "ganatomy/node";

/** Colours of pixels in [−1, 1]; none is grey. */
const COLOURS = {
  "-": [0, 0, 0],
  black: [-1, -1, -1],
  white: [1, 1, 1],
  red: [1, -1, -1],
  green: [-1, 1, -1],
  blue: [-1, -1, 1],
};

// Weights as they could come from training: the mean of 3×3 pixels, and 2 p·x − |p|², greatest for
// the nearest colour p.
const prototypes = Object.values(COLOURS);
const tensor = (shape, numbers) => ({ dtype: "float32", shape, data: Float32Array.from(numbers) });
const weights = writeSafetensors({
  "mean.weight": tensor([3, 1, 3, 3], Array(27).fill(1 / 9)),
  "colour.weight": tensor(
    [6, 3, 1, 1],
    prototypes.flat().map((p) => 2 * p),
  ),
  "colour.bias": tensor(
    [6],
    prototypes.map((p) => -p.reduce((sum, v) => sum + v * v, 0) / 3),
  ),
});

const device = await init({ gpu: await findGpu() });
const colours = await defineSegmenter(
  {
    weights,
    labels: Object.keys(COLOURS).map((name) => ({ name, category: "color" })),
    logits(graph, x, state) {
      const mean = depthwise(graph, x, { ...filterOf(state, "mean"), inChannels: 3 }, { pad: 1 });
      return conv(graph, mean, filterOf(state, "colour"));
    },
  },
  { device, name: "colours" },
);

const open = (name) => fileSource(fileURLToPath(new URL(`../../weights/scenes64/${name}`, import.meta.url)));
const scenes = await loadSegmenter(
  { weights: await open("segmenter.safetensors"), labels: await open("labels.json") },
  { device },
);
const both = mergeSegmenters("scenes and colours", [scenes, colours]);

const generator = await loadGenerator(await open("generator.safetensors"), { device });
const run = await generator.forward(generator.sample({ size: 4, seed: 1 }));
const plan = await both.compile(run.image, 64);
plan.run();
// [4, 2, 64, 64]: of each pixel what it shows, and its colour
const labels = await plan.labels.read();
const areas = new Array(both.labels.length).fill(0);
for (const label of labels) areas[label] += 1;
for (const [label, { name, category }] of both.labels.entries()) {
  if (name === "-" || areas[label] === 0) continue;
  const percent = (100 * areas[label]) / (4 * 64 * 64);
  console.log(`${String(label).padStart(3)}  ${`${category}/${name}`.padEnd(18)} ${percent.toFixed(1).padStart(5)} %`);
}
device.dispose();
