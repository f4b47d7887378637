// The page of session.test.ts: a session in a worker, and the library itself beside it.
import { init, loadGenerator } from "/dist/index.min.js";
import { connect } from "/dist/session/index.min.js";

const WEIGHTS = "/weights/scenes64/";
const STROKES = [
  { id: "a", op: "remove", units: [24, 59, 126], mask: { size: [8, 8], cells: [0, 40] } },
  { id: "b", op: "draw", units: [66, 94], value: 4, mask: { size: [8, 8], cells: [34, 3, 5, 3] } },
];
const EDITS = STROKES.map(({ units, value = 0, mask: { cells } }) => {
  const data = cells.flatMap((length, run) => new Array(length).fill(run % 2));
  return { layer: "layer4", units, value, mask: [...data, ...new Array(64 - data.length).fill(0)] };
});

/** RGB of an image by `generator.images`. */
async function plain(image, edits) {
  const device = await init();
  const generator = await loadGenerator(`${WEIGHTS}generator.safetensors`, { device });
  for await (const { rgb } of generator.images({ size: 1, seed: 1, start: image, edits })) {
    device.dispose();
    return rgb;
  }
}

/** RGB that a canvas shows, once the worker's last frame has reached it. */
async function shown(canvas) {
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  return copy.getImageData(0, 0, canvas.width, canvas.height).data.filter((_, at) => at % 4 !== 3);
}

const different = (a, b) =>
  [...a].filter((value, at) => !(Math.abs(value - b[at]) <= 1)).length + Math.abs(a.length - b.length);
const rgbOf = ({ data }) => data.filter((_, at) => at % 4 !== 3);

/** Paints in a worker, on a canvas of this page. */
export async function paint() {
  const session = await connect({ worker: "/dist/worker.min.js" });
  const phases = new Set();
  session.on("progress", ({ phase }) => phases.add(phase));
  const { model, adapter } = await session.load({ generator: `${WEIGHTS}generator.safetensors`, name: "scenes64" });
  const canvas = document.createElement("canvas");
  document.body.append(canvas);
  const view = session.view(canvas, { image: 3, layer: "layer4" });
  const drawn = (id) =>
    new Promise((resolve) => {
      const end = view.on("rendered", (event) => {
        if (event.id !== id) return;
        end();
        resolve(event.ms);
      });
    });
  const ms = drawn("b");
  for (const stroke of STROKES) view.stroke(stroke);
  await ms;
  const edited = await plain(3, EDITS);
  const canvasDiffers = different(await shown(canvas), edited);
  const picture = await session.picture({ image: 3, layer: "layer4", strokes: STROKES });
  const png = await session.picture({ image: 3, type: "png" });
  const bitmap = await createImageBitmap(new Blob([png.data], { type: "image/png" }));
  const before = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  before.drawImage(bitmap, 0, 0);
  const unedited = rgbOf(before.getImageData(0, 0, bitmap.width, bitmap.height));
  const error = await session.pixel({ y: 99, x: 0 }).catch((thrown) => `${thrown.name}: ${thrown.message}`);
  session.dispose();
  return {
    ms: await ms,
    name: model.name,
    hasAdapter: adapter.description !== undefined,
    phases: [...phases],
    size: [canvas.height, canvas.width],
    canvasDiffers,
    pictureDiffers: different(rgbOf(picture), edited),
    pngDiffers: different(unedited, await plain(3, [])),
    strokesShow: different(edited, unedited) > 100,
    error,
  };
}

/**
 * A whole session's work in a worker of another kind, whose loaded generator another page finds.
 */
export async function elsewhere(kind) {
  let worker;
  if (kind === "shared") worker = new SharedWorker("/dist/worker.min.js");
  else {
    const registration = await navigator.serviceWorker.register("/dist/worker.min.js");
    worker = registration.installing ?? registration.waiting ?? registration.active;
    while (worker.state !== "activated")
      await new Promise((resolve) => worker.addEventListener("statechange", resolve, { once: true }));
  }
  const session = await connect({ worker });
  await session.load({
    generator: `${WEIGHTS}generator.safetensors`,
    segmenter: { weights: `${WEIGHTS}segmenter.safetensors`, labels: `${WEIGHTS}labels.json` },
  });
  const picture = await session.picture({ image: 3, layer: "layer4", strokes: STROKES });
  const other = await connect({ worker });
  const { labels } = await other.pixel({ image: 3, y: 2, x: 2, layers: ["layer4"] });
  const label = other.loaded.labels[labels[0]].name;
  other.dispose();
  const differs = different(rgbOf(picture), await plain(3, EDITS));
  session.dispose();
  return { differs, label };
}

/** What a page is told whose worker cannot be had. */
export const missing = () =>
  connect({ worker: "/dist/no-such-worker.js" }).then(
    () => "connected",
    (error) => `${error.code}: ${error.message}`,
  );
