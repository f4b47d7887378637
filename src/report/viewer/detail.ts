import type { PageData, State } from "./data.ts";
import type { dom } from "./dom.ts";
import type { legend } from "./legend.ts";
import type { level } from "./level.ts";
import type { measures } from "./measures.ts";
import type { tiles } from "./tiles.ts";

/** The parts of the dialog. */
export interface DetailParts {
  readonly tiles: ReturnType<typeof tiles>;
  readonly legend: ReturnType<typeof legend>;
  readonly measures: ReturnType<typeof measures>;
  readonly level: (changed: () => void) => ReturnType<typeof level>;
}

/** The dialog that shows one unit at large. Runs in the page: no imports. */
export function detail(
  data: PageData,
  { byId }: ReturnType<typeof dom>,
  { tiles, legend, measures, level }: DetailParts,
  change: (to: Partial<State>) => void,
) {
  const dialog = byId<HTMLDialogElement>("detail");
  const slider = level(paint);
  /** The unit that is shown, as "layer/place in the layer". */
  let shown = "";
  let state: State;

  dialog.addEventListener("close", () => {
    if (state.unit !== undefined) change({ unit: undefined });
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  /** `neighbours` are the units of the list that one came from. */
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
      head(layerIndex, index, neighbours);
      tiles.fill(layerIndex, index);
      measures(layerIndex, index);
      slider.choose(layerIndex, index);
      if (!dialog.open) dialog.showModal();
      byId("detail-body").scrollTop = 0;
    } else if (before === next.view) return;
    paint();
    legend.draw(tiles.images(), state.view === "segmentation");
  }

  function head(layerIndex: number, index: number, neighbours: readonly number[]): void {
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
  }

  function paint(): void {
    if (shown) tiles.paint(() => ({ view: state.view, level: slider.value() }));
  }

  return { draw, repaint: paint };
}
