// The page of page.test.ts: the library in a page, without a worker, on a device of the page's own
// or of the library's.
import { dissect, init, loadGenerator, loadSegmenter, show } from "/dist/index.min.js";

const WEIGHTS = "/weights/scenes64/";
const PICTURES = 2;

/** A device, and the models on it. */
async function open(adopt) {
  const gpu = adopt && (await (await navigator.gpu.requestAdapter()).requestDevice({ label: "the page's own" }));
  const device = await init(gpu ? { device: gpu } : {});
  const generator = await loadGenerator(`${WEIGHTS}generator.safetensors`, { device });
  const files = { weights: `${WEIGHTS}segmenter.safetensors`, labels: `${WEIGHTS}labels.json` };
  const segmenter = await loadSegmenter(files, { device });
  return { gpu, device, generator, segmenter };
}

/** RGBA bytes that the canvases show; of the page's own only those are sure that it just drew. */
function shown(canvases) {
  const bytes = canvases.map((canvas) => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
    copy.drawImage(canvas, 0, 0);
    return [...copy.getImageData(0, 0, canvas.width, canvas.height).data];
  });
  return bytes.flat();
}

const different = (a, b) => a.filter((value, at) => value !== b[at]).length;

/** Draws, dissects, takes the units of what it found away, and gives them back. */
export async function everything({ size }) {
  const { device, generator, segmenter } = await open(false);
  const canvases = Array.from({ length: PICTURES }, () => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = generator.resolution;
    document.body.append(canvas);
    return canvas;
  });
  const plan = await generator.compile({ batch: PICTURES, editable: ["layer4"] });
  const z = generator.sample({ size: PICTURES, seed: 1 });
  const draw = () => {
    plan.run(z);
    canvases.forEach((canvas, image) => {
      show(plan.image, canvas, { image });
    });
    return shown(canvases);
  };
  const before = draw();
  let found;
  for await (const event of dissect(generator, segmenter, { layers: ["layer4"], size })) {
    if (event.type === "result") found = event.dissection;
  }
  const labels = found.layers[0].units.map(({ label }) => found.labels[label].name);
  const units = labels.flatMap((name, unit) => (name === "sky" ? [unit] : []));
  plan.setEdit({ layer: "layer4", units });
  const without = draw();
  plan.setEdits([]);
  const after = draw();
  device.dispose();
  return {
    software: device.adapter.software,
    concepts: [...new Set(labels)],
    colors: new Set(before).size,
    changed: different(before, without),
    back: different(before, after),
  };
}

/** On a device that the page has already: partial results come, and it stops when asked. */
export async function stopped({ size }) {
  const { gpu, device, generator, segmenter } = await open(true);
  const controller = new AbortController();
  let partial = 0;
  let reason;
  try {
    for await (const { type } of dissect(generator, segmenter, {
      layers: ["layer4"],
      size,
      signal: controller.signal,
    })) {
      if (type !== "partial") continue;
      partial += 1;
      controller.abort(new Error("enough"));
    }
  } catch (error) {
    reason = error.message;
  }
  const own = device.gpu === gpu;
  device.dispose();
  // What the page gave is the page's still.
  gpu.createBuffer({ size: 4, usage: 8 }).destroy();
  return { own, partial, reason };
}
