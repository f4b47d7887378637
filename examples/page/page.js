// Everything ganatomy does for a page: a device, models by address, pictures on canvases, a
// dissection that shows what it knows so far, stops when asked, and then edits the generator with
// what it found.
import { dissect, init, loadGenerator, loadSegmenter, show } from "ganatomy";

const WEIGHTS = new URL("../../weights/scenes64/", import.meta.url).href;
const PICTURES = 8;
/** The phases of a dissection in their order, for people. */
const PHASES = {
  activations: "Drawing pictures and watching the units",
  quantiles: "Finding how active a unit can be",
  levels: "Choosing from when on a unit is active",
  scores: "Comparing units with concepts",
  pictures: "Collecting the best pictures",
};
const COLORS = {
  sky: "#78bcf5",
  cloud: "#cfd8e3",
  mountain: "#786a8c",
  tree: "#008941",
  grass: "#8cc83c",
  path: "#dec482",
  house: "#e87846",
  roof: "#a02828",
  window: "#00c8d2",
  door: "#6e3c14",
};

const element = (selector) => document.querySelector(selector);
const drawing = element("#drawing");
const dissection = element("#dissection");
const [status, phase, progress, stop] = ["#status", "#phase", "progress", "#stop"].map(element);

function complain(line, error) {
  line.className = "error";
  line.textContent = error instanceof Error ? error.message : String(error);
}

// A page with a GPU device of its own gives it away like this, and shares buffers with ganatomy:
// `?adopt`.
async function deviceOfThisPage() {
  const adapter = await navigator.gpu.requestAdapter();
  return adapter?.requestDevice({ label: "the page's own" });
}

async function main() {
  const adopt = new URLSearchParams(location.search).has("adopt");
  const device = await init(adopt ? { device: await deviceOfThisPage() } : {});
  const loading = ({ loaded, total }) => {
    status.textContent = `Loading… ${(loaded / 1e6).toFixed(1)}${total ? ` of ${(total / 1e6).toFixed(1)}` : ""} MB`;
  };
  const generator = await loadGenerator(`${WEIGHTS}generator.safetensors`, { device, onProgress: loading });
  const segmenter = await loadSegmenter(
    { weights: `${WEIGHTS}segmenter.safetensors`, labels: `${WEIGHTS}labels.json` },
    { device, onProgress: loading },
  );
  const { description, vendor, architecture, software } = device.adapter;
  const adapter = description || [vendor, architecture].filter(Boolean).join(" ") || "an unnamed adapter";
  status.textContent = `Running on ${adapter}${software ? ", a software adapter: expect minutes, not seconds" : ""}.`;
  device.lost.then((error) => complain(status, error));

  const inner = generator.layers.slice(0, -1); // all but the picture itself
  dissection.elements.layer.append(
    ...inner.map(
      ({ name, channels, height, width }) => new Option(`${name} · ${channels} units, ${height}×${width}`, name),
    ),
  );
  dissection.elements.layer.value = "layer4";

  const contexts = Array.from({ length: PICTURES }, () => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = generator.resolution;
    element("#pictures").append(canvas);
    const context = canvas.getContext("webgpu");
    context.configure({ device: device.gpu, format: navigator.gpu.getPreferredCanvasFormat(), alphaMode: "opaque" });
    return context;
  });
  // Compiled once, with every layer open to edits: from here on a picture is one run without any
  // allocation.
  const plan = await generator.compile({ batch: PICTURES, editable: inner.map(({ name }) => name) });
  const draw = () => {
    plan.run(generator.sample({ size: PICTURES, seed: drawing.elements.seed.valueAsNumber }));
    for (const [image, context] of contexts.entries()) show(plan.image, context, { image });
  };
  draw();

  /** Concepts whose units are switched off, and the layer the list is of. */
  const off = new Set();
  let shown = "";
  const switchUnits = (concepts) => {
    const units = concepts.filter(({ name }) => off.has(name)).flatMap((concept) => concept.units);
    plan.setEdit(units.length > 0 ? { layer: shown, units } : { layer: shown });
    draw();
  };
  const list = ({ layers: [layer], labels }) => {
    const concepts = conceptsOf(layer, labels);
    element("#concepts").replaceChildren(
      ...concepts.map((concept) =>
        row(concept, off.has(concept.name), (isOff) => {
          if (isOff) off.add(concept.name);
          else off.delete(concept.name);
          switchUnits(concepts);
        }),
      ),
    );
  };

  const busy = (working) => {
    element("#dissection button").disabled = working;
    stop.disabled = !working;
  };
  drawing.addEventListener("submit", (event) => {
    event.preventDefault();
    draw();
  });
  dissection.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { layer, size } = dissection.elements;
    if (shown) plan.setEdit({ layer: shown });
    off.clear();
    draw();
    shown = layer.value;
    const controller = new AbortController();
    stop.onclick = () => controller.abort();
    busy(true);
    phase.className = "";
    try {
      const { signal } = controller;
      for await (const event of dissect(generator, segmenter, {
        layers: [shown],
        size: size.valueAsNumber,
        seed: 1,
        signal,
      })) {
        if (event.type === "progress") {
          const step = Object.keys(PHASES).indexOf(event.phase);
          progress.value = (step + event.done / event.total) / Object.keys(PHASES).length;
          phase.textContent = `${PHASES[event.phase]}: ${event.done} of ${event.total}`;
        } else {
          list(event.dissection);
          if (event.type === "result") phase.textContent = summary(event.dissection);
        }
      }
    } catch (error) {
      if (controller.signal.aborted) phase.textContent = "Stopped. What was found until then is below.";
      else complain(phase, error);
    } finally {
      busy(false);
    }
  });
  for (const button of document.querySelectorAll("button[type=submit]")) button.disabled = false;
}

function summary({ layers: [layer], settings }) {
  const found = layer.units.filter(({ interpretable }) => interpretable).length;
  return `${found} of the ${layer.units.length} units of ${layer.layer} detect a concept (${settings.size} pictures).`;
}

/** The concepts that interpretable units of a layer detect, those with the best unit first. */
function conceptsOf(layer, labels) {
  const groups = new Map();
  for (const unit of layer.units.filter(({ interpretable }) => interpretable)) {
    const group = groups.get(unit.label);
    if (group) group.push(unit);
    else groups.set(unit.label, [unit]);
  }
  return [...groups]
    .map(([label, units]) => {
      units.sort((a, b) => b.iou - a.iou);
      return { name: labels[label].name, best: units[0].iou, units: units.map(({ unit }) => unit) };
    })
    .sort((a, b) => b.best - a.best);
}

/** A line of the list: the concept, its best unit's IoU, its units, and a switch for them. */
function row({ name, best, units }, isOff, onSwitch) {
  const item = document.createElement("li");
  const title = document.createElement("b");
  title.textContent = name;
  const bar = document.createElement("span");
  bar.className = "bar";
  bar.style.cssText = `--color: ${COLORS[name] ?? "#8a8a8a"}; width: ${100 * best}%`;
  const iou = document.createElement("span");
  iou.className = "iou";
  iou.textContent = best.toFixed(2);
  const detail = document.createElement("small");
  detail.textContent = `${units.length} ${units.length === 1 ? "unit" : "units"}: ${units.slice(0, 8).join(", ")}${units.length > 8 ? ", …" : ""}`;
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = isOff;
  box.name = name;
  box.onchange = () => onSwitch(box.checked);
  label.append(box, " off");
  item.append(title, bar, iou, label, detail);
  return item;
}

main().catch((error) => complain(status, error));
