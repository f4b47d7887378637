// A generator of one's own: a plain network with weights set by hand, defined in ten lines, drawn,
// edited and dissected with a segmenter of colours. From the root of the repository:
//   npm run build && node examples/generator/own.mjs
import { defineGenerator, defineSegmenter, dissect, init, writeSafetensors } from "ganatomy";
import { conv, convTranspose, filterOf, transposedFilterOf, unary } from "ganatomy/networks";
import { findGpu } from "ganatomy/node";

// Weights as they could come from training. Unit 0 is warm and unit 1 is cold, and each numbers the
// corners of the image by two numbers of z.
const tensor = (shape, numbers) => ({ dtype: "float32", shape, data: Float32Array.from(numbers) });
const corner = (row, column) =>
  Array.from({ length: 16 }, (_, at) => (at >> 3 === row && (at & 2) >> 1 === column ? 2 : 0));
const weights = writeSafetensors({
  // [in][out][4][4]: each of four numbers of z lights a corner, two of the warm unit, two of the
  // cold.
  "start.weight": tensor(
    [4, 2, 4, 4],
    [0, 1, 2, 3].flatMap((i) => [0, 1].flatMap((unit) => (i % 2 === unit ? corner(i >> 1, unit) : Array(16).fill(0)))),
  ),
  // Each pixel becomes 4×4 that overlap: both units are enlarged.
  "up.weight": tensor(
    [2, 2, 4, 4],
    [0, 1].flatMap((i) => [0, 1].flatMap((o) => Array(16).fill(i === o ? 0.25 : 0))),
  ),
  "rgb.weight": tensor([3, 2, 1, 1], [2, -2, 0, 0, -2, 2]),
  "rgb.bias": tensor([3], [0, -0.5, 0]),
});

const device = await init({ gpu: await findGpu() });
const generator = await defineGenerator(
  {
    weights,
    architecture: "four corners",
    build({ graph, state, input, layer, output }) {
      const z = input({ name: "z", channels: 4, draw: "normal" });
      const start = transposedFilterOf(state, "start");
      const first = layer("first", () => convTranspose(graph, z(), start, { activation: "relu" }));
      const up = { stride: 2, pad: 1, activation: "relu" };
      const second = layer("second", () => convTranspose(graph, first(), transposedFilterOf(state, "up"), up));
      output("image", "image", () => unary(graph, conv(graph, second(), filterOf(state, "rgb")), "tanh"));
    },
  },
  { device, name: "four-corners" },
);

/** Warm is more red than blue, cold the other way round; the rest is nothing. */
const colours = await defineSegmenter(
  {
    weights: writeSafetensors({
      "colour.weight": tensor([3, 3, 1, 1], [0, 0, 0, 1, 0, -1, -1, 0, 1]),
      "colour.bias": tensor([3], [0.2, 0, 0]),
    }),
    labels: ["-", "warm", "cold"].map((name) => ({ name, category: "color" })),
    logits: (graph, x, state) => conv(graph, x, filterOf(state, "colour")),
  },
  { device, name: "colours" },
);

for await (const event of dissect(generator, colours, { layers: ["second"], size: 64 })) {
  if (event.type !== "result") continue;
  const { labels, layers } = event.dissection;
  for (const { layer, units } of layers) {
    for (const { unit, label, iou } of units) {
      console.log(`${layer} unit ${unit}: ${labels[label].name}, IoU ${iou.toFixed(2)}`);
    }
  }
}

/** The mean of red less blue over eight images. */
async function warmth(edits) {
  const run = await generator.forward(generator.sample({ size: 8, seed: 1 }), { edits });
  const pixels = await run.image.read(); // red, green, blue and a zero
  run.dispose();
  let sum = 0;
  for (let at = 0; at < pixels.length; at += 4) sum += pixels[at] - pixels[at + 2];
  return sum / (pixels.length / 4);
}
const [plain, without] = [await warmth([]), await warmth([{ layer: "second", units: [0] }])];
console.log(`warmth ${plain.toFixed(2)}, without unit 0 ${without.toFixed(2)}`);
generator.dispose();
colours.dispose();
device.dispose();
