// The page of elements.test.ts: all elements on a real session, and a count of what is on the GPU.

/** Buffers that were made and not destroyed, and devices. */
const live = { buffers: new Map(), devices: new Set() };

/** Counts what is made from now on. */
function count() {
  const { createBuffer, destroy } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (...options) {
    const buffer = createBuffer.apply(this, options);
    live.buffers.set(buffer, this);
    live.devices.add(this);
    return buffer;
  };
  const free = GPUBuffer.prototype.destroy;
  GPUBuffer.prototype.destroy = function () {
    live.buffers.delete(this);
    return free.apply(this);
  };
  GPUDevice.prototype.destroy = function () {
    live.devices.delete(this);
    // They go with it, such as those with which it shows pictures.
    for (const [buffer, device] of live.buffers) if (device === this) live.buffers.delete(buffer);
    return destroy.apply(this);
  };
}

const PAGE = (worker) => `
  <style>body { font: 14px system-ui; margin: 16px } .all { display: grid; grid-template-columns: repeat(3, 300px); gap: 16px; align-items: start }</style>
  <gan-session id="session" worker="${worker}" name="scenes64" generator="/weights/scenes64/generator.safetensors"
    segmenter="/weights/scenes64/segmenter.safetensors">
    <div class="all">
      <gan-paint id="paint" concept="tree" top="20" op="remove" live layer="layer4" image="3"></gan-paint>
      <div><gan-image id="image" for="paint"></gan-image><gan-image id="labels" for="paint" view="labels"></gan-image></div>
      <div><gan-history id="strokes" for="paint"></gan-history><gan-inspect id="inspect" for="paint" top="4"></gan-inspect></div>
      <gan-units id="units" layer="layer4" top="4"></gan-units>
    </div>
  </gan-session>`;

/** The published dissection of scenes64, with a ranking, as a session takes it. */
async function dissection() {
  const report = await (await fetch("/test/golden/scenes64-gandissect.json")).json();
  for (const layer of report.layers) {
    const score = (labels) => layer.units.map(({ iou_label, iou }) => (labels.includes(iou_label) ? -iou : 0));
    layer.rankings = [
      { name: "unit", score: layer.units.map((_, unit) => unit) },
      { name: "tree-iou", score: score(["tree"]) },
    ];
  }
  return { netname: "scenes64", ...report };
}

const by = (id) => document.getElementById(id);
const canvasOf = (selector) => document.querySelector(selector).shadowRoot.querySelector("canvas");
const frames = async (count = 2) => {
  for (let frame = 0; frame < count; frame += 1) await new Promise(requestAnimationFrame);
};
const drawn = (element) => new Promise((resolve) => element.addEventListener("gan-rendered", resolve, { once: true }));

/** Shows the page, loaded and drawn. */
export async function show(worker) {
  document.body.innerHTML = "";
  if (live.devices.size === 0 && !live.counting) {
    live.counting = true;
    count();
  }
  const { define } = await import("/dist/elements/define.js");
  define();
  const report = await dissection();
  document.body.innerHTML = PAGE(worker);
  by("session").report = report;
  const all = ["paint", "image", "labels"].map((id) => drawn(by(id)));
  await by("session").ready;
  await Promise.all(all);
  await frames();
}

/** RGB of what a canvas shows. */
async function pixels(selector) {
  await frames(4);
  const canvas = canvasOf(selector);
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  return [...copy.getImageData(0, 0, canvas.width, canvas.height).data].filter((_, at) => at % 4 !== 3);
}

const different = (a, b) => a.filter((value, at) => Math.abs(value - b[at]) > 1).length + Math.abs(a.length - b.length);

/** Paints two strokes by keyboard, takes one back: the paint's picture, and that of who follows. */
export async function paintSome() {
  const surface = by("paint").shadowRoot.querySelector("[part=surface]");
  const key = (type, key) => surface.dispatchEvent(new KeyboardEvent(type, { key }));
  const before = await pixels("#paint");
  const follows = async () => different(await pixels("#paint"), await pixels("#image"));
  const unpainted = await follows();
  const stroke = async (keys) => {
    const both = Promise.all([drawn(by("paint")), drawn(by("image"))]);
    key("keydown", " ");
    for (const name of keys) key("keydown", name);
    key("keyup", " ");
    await both;
    await frames(8);
  };
  surface.focus();
  await stroke(["ArrowLeft", "ArrowLeft", "ArrowUp", "ArrowRight"]);
  const once = await pixels("#paint");
  await stroke(["ArrowDown", "ArrowDown"]);
  const strokes = [by("paint").strokes.length];
  const changed = different(once, before) > 100 && (await follows()) === 0;
  const back = drawn(by("paint"));
  by("paint").undo();
  await back;
  strokes.push(by("paint").strokes.length);
  return { unpainted, changed, undone: different(await pixels("#paint"), once), strokes };
}

/** What the inspector says of a pixel. */
export async function inspected() {
  const { shadowRoot } = by("inspect");
  const said = () => [...shadowRoot.querySelectorAll("p, h3, [part=unit]")].map(({ textContent }) => textContent);
  by("inspect").place = { y: 20, x: 30 };
  while (!said().includes("row 20, column 30")) await frames();
  return said();
}

/** How many units have pictures, once so many have. */
export async function thumbnails(count) {
  const shown = () =>
    [...by("units").shadowRoot.querySelectorAll("canvas")].filter(
      (canvas) => canvas.width <= 84 && canvas.getContext("2d").getImageData(4, 4, 1, 1).data[3] === 255,
    ).length;
  while (shown() < count) await frames();
  return shown();
}

export const buffers = () => live.buffers.size;

/** Buffers that are more after an element came and went, once what it began has ended. */
export async function coming() {
  const comeAndGo = async () => {
    const image = document.createElement("gan-image");
    image.image = 7;
    const there = drawn(image);
    by("session").append(image);
    await there;
    image.remove();
  };
  await comeAndGo(); // the first may have made plans that the session keeps
  await frames(60);
  const before = buffers();
  await comeAndGo();
  for (let frame = 0; frame < 200 && buffers() > before; frame += 1) await frames(1);
  return buffers() - before;
}

/** What is left when everything has gone. */
export async function remove() {
  document.body.innerHTML = "";
  // What is under way ends first.
  for (let frame = 0; frame < 100 && live.buffers.size + live.devices.size > 0; frame += 1) await frames(1);
  return { buffers: live.buffers.size, devices: live.devices.size };
}
