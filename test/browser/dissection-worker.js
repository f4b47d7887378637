// A worker that dissects scenes64 and posts the tables; see dissection.test.ts.
import { dissect, init, loadGenerator, loadSegmenter } from "../../dist/index.js";
import { toTensors } from "../../dist/report/index.js";

const WEIGHTS = new URL("../../weights/scenes64/", import.meta.url).href;

async function tables({ layer, size }) {
  const device = await init();
  const generator = await loadGenerator(`${WEIGHTS}generator.safetensors`, { device });
  const files = { weights: `${WEIGHTS}segmenter.safetensors`, labels: `${WEIGHTS}labels.json` };
  const segmenter = await loadSegmenter(files, { device });
  for await (const { type, dissection } of dissect(generator, segmenter, { layers: [layer], size })) {
    if (type !== "result") continue;
    const units = dissection.layers[0].units.map(({ label, interpretable }) => `${label} ${interpretable}`);
    return { units, tensors: toTensors(dissection) };
  }
}

addEventListener("message", ({ data }) => {
  tables(data).then(postMessage, (error) => postMessage({ error: String(error?.stack ?? error) }));
});
