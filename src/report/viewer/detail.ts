import type { PageData, State } from "./data.ts";
import type { dom } from "./dom.ts";
import type { Painter } from "./painter.ts";

/** One unit at large: all its pictures, what it was measured at, its best concepts, and its level to play with. Runs in the page. */
export function detail(
  data: PageData,
  { element, byId, score }: ReturnType<typeof dom>,
  painter: Painter,
  change: (to: Partial<State>) => void,
) {
  const dialog = byId<HTMLDialogElement>("detail");
  let shown = "";
  let level = 0;
  let state: State;
  let place = { layerIndex: 0, index: 0 };
  let tiles: { canvas: HTMLCanvasElement; image: number; example: number }[] = [];

  dialog.addEventListener("close", () => {
    if (state.unit !== undefined) change({ unit: undefined });
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  function draw(next: State, layerIndex: number, neighbours: readonly number[]): void {
    const index = data.report.layers[layerIndex]!.units.findIndex(({ unit }) => unit === next.unit);
    const before = state?.view;
    state = next;
    if (index < 0) {
      shown = "";
      dialog.close();
      return;
    }
    const key = `${layerIndex}/${index}`;
    if (key !== shown) {
      shown = key;
      place = { layerIndex, index };
      level = data.report.layers[layerIndex]!.units[index]!.level ?? 0;
      fill(neighbours);
      if (!dialog.open) dialog.showModal();
      byId("detail-body").scrollTop = 0;
    } else if (before === next.view) return;
    paint();
    legend();
  }

  function fill(neighbours: readonly number[]): void {
    const { layerIndex, index } = place;
    const layer = data.report.layers[layerIndex]!;
    const unit = layer.units[index]!;
    const at = neighbours.indexOf(index);
    const label = data.report.labels[unit.label];
    byId("detail-title").textContent = unit.label === 0 ? "no concept" : data.names[unit.label]!;
    byId("detail-where").textContent =
      `${layer.layer} · unit ${unit.unit}${unit.label === 0 ? "" : ` · ${label?.category}`}${unit.interpretable ? "" : " · below threshold"}`;
    for (const [id, step] of [
      ["previous", -1],
      ["next", 1],
    ] as const) {
      const neighbour = layer.units[neighbours[at + step] ?? -1];
      const button = byId<HTMLButtonElement>(id);
      button.disabled = at < 0 || !neighbour;
      button.onclick = neighbour ? () => change({ unit: neighbour.unit }) : null;
    }
    const images = data.layers[layerIndex]!.features[index]?.images ?? [];
    tiles = images.map((image, example) => ({
      image,
      example,
      canvas: element("canvas", { role: "img", "aria-label": `Image ${image}` }),
    }));
    byId("tiles").replaceChildren(
      ...tiles.map(({ canvas, image }, i) => {
        const activation = unit.top[i]?.activation ?? null;
        canvas.onpointermove = canvas.onpointerdown = (event) => point(event, canvas, image);
        canvas.onpointerleave = () => {
          point(undefined);
        };
        return element(
          "figure",
          {},
          canvas,
          element(
            "figcaption",
            {},
            element("span", {}, `#${image}`),
            element("span", {}, activation === null ? "" : activation.toFixed(2)),
          ),
        );
      }),
      ...(tiles.length === 0 ? [element("p", { class: "empty" }, "No pictures of this unit are in this page.")] : []),
    );
    point(undefined);
    facts();
    best();
    slider();
  }

  function facts(): void {
    const { layerIndex, index } = place;
    const unit = data.report.layers[layerIndex]!.units[index]!;
    const rows: [string, string, string][] = [
      ["IoU", score(unit.iou), "Pixels both on and of the concept ÷ pixels either on or of the concept"],
      ["IQR", score(unit.iqr), "Mutual information ÷ joint entropy"],
      ["Mutual information", unit.mi === null ? "–" : `${unit.mi.toFixed(4)} nats`, ""],
      ["Correlation", score(unit.correlation), "Of the activation with the concept"],
      ["Pixels on", unit.activation.toLocaleString("en"), "In images that hold the concept's category"],
      ["Pixels of the concept", unit.pixels.toLocaleString("en"), "Over the whole test set"],
      ["Pixels of both", unit.intersection.toLocaleString("en"), ""],
    ];
    if (unit.training) {
      const { iqr } = unit.training;
      rows.push(["Training IQR", score(iqr.score), "The score that the level was chosen by, on the training set"]);
      if (iqr.quantile !== null) rows.push(["On in training", `${(iqr.quantile * 100).toFixed(1)} % of pixels`, ""]);
    }
    byId("facts").replaceChildren(
      ...rows.flatMap(([name, value, why]) => [
        element("dt", { title: why || undefined }, name),
        element("dd", {}, value),
      ]),
    );
  }

  function best(): void {
    const { layerIndex, index } = place;
    const concepts = data.layers[layerIndex]!.best[index] ?? [];
    const most = Math.max(0.2, ...concepts.map(([, iou]) => iou));
    byId("best").replaceChildren(
      ...concepts.map(([label, iou]) => {
        const category = data.report.labels[label]!.category;
        const [dark] = data.categoryColors[category] ?? ["#4B4CBF"];
        return element(
          "li",
          { title: `${data.names[label]} (${category})` },
          element("span", {}, data.names[label]!),
          element(
            "span",
            { class: "track" },
            element("span", { style: `width:${(iou / most) * 100}%;background:${dark}` }),
          ),
          element("span", { class: "value" }, score(iou)),
        );
      }),
    );
  }

  function slider(): void {
    const { layerIndex, index } = place;
    const chosen = data.report.layers[layerIndex]!.units[index]!.level ?? 0;
    const input = byId<HTMLInputElement>("level");
    byId("level-box").hidden = tiles.length === 0;
    if (tiles.length === 0) return;
    const [lowest, highest] = painter.range(layerIndex, index);
    const show = () => {
      byId("level-value").textContent =
        level === chosen ? level.toFixed(3) : `${level.toFixed(3)} (chosen: ${chosen.toFixed(3)})`;
      byId("level-reset").hidden = level === chosen;
    };
    input.min = String(Math.min(lowest, chosen));
    input.max = String(Math.max(highest, chosen));
    input.step = "any";
    input.value = String(chosen);
    input.oninput = () => {
      level = Number(input.value);
      show();
      paint();
    };
    byId("level-reset").onclick = () => {
      level = chosen;
      input.value = String(chosen);
      show();
      paint();
    };
    show();
  }

  async function paint(): Promise<void> {
    const { layerIndex, index } = place;
    const key = shown;
    const pictures = await Promise.all(tiles.map(({ image }) => painter.load(image)));
    if (key !== shown) return;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const [, highest] = tiles.length > 0 ? painter.range(layerIndex, index) : [0, 0];
    tiles.forEach(({ canvas, example }, i) => {
      const size = Math.max(1, Math.round(canvas.clientWidth * ratio));
      canvas.width = size;
      canvas.height = size;
      const what = { layer: layerIndex, unit: index, example, view: state.view, level, highest };
      painter.paint(canvas.getContext("2d")!, { x: 0, y: 0, size }, pictures[i]!, what);
    });
    byId("tiles").dataset["painted"] = `${key} ${state.view}`;
  }

  /** The labels in these pictures with their colours, most frequent first. */
  function legend(): void {
    const counts = new Map<number, number>();
    for (const { image } of tiles) painter.countLabels(image, counts);
    const labels = [...counts].filter(([label]) => label !== 0).sort((a, b) => b[1] - a[1]);
    byId("legend").hidden = state.view !== "segmentation";
    byId("legend").replaceChildren(
      ...labels.slice(0, 24).map(([label]) => {
        const [r, g, b] = data.report.labels[label]?.color ?? [0, 0, 0];
        return element(
          "li",
          {},
          element("span", { class: "swatch", style: `background:rgb(${r},${g},${b})` }),
          data.names[label] ?? String(label),
        );
      }),
    );
  }

  /** Names the label under the pointer, or says that one can ask. */
  function point(event: PointerEvent | undefined, canvas?: HTMLCanvasElement, image?: number): void {
    if (!event || !canvas || image === undefined) {
      byId("under").textContent = tiles.length > 0 ? "Point at a picture to see what the segmenter calls it." : "";
      return;
    }
    const box = canvas.getBoundingClientRect();
    const labels = painter.labelsAt(
      image,
      (event.clientX - box.left) / box.width,
      (event.clientY - box.top) / box.height,
    );
    const names = [...labels].map((label) => data.names[label] ?? "").join(", ");
    byId("under").replaceChildren(`Image ${image}, here: `, element("b", {}, names || "no label"));
  }

  return { draw, repaint: () => (shown ? paint() : undefined) };
}
