import type { PageData } from "./data.ts";
import type { dom } from "./dom.ts";
import type { Surfaces } from "./surfaces.ts";

/**
 * The level that a unit's masks are drawn at: the chosen one until the slider is moved. Runs in the
 * page: no imports.
 */
export function level(data: PageData, { byId }: ReturnType<typeof dom>, { range }: Surfaces, changed: () => void) {
  let shown = 0;
  let chosen = 0;
  const input = byId<HTMLInputElement>("level");
  const reset = byId("level-reset");
  input.oninput = () => set(Number(input.value));
  reset.onclick = () => {
    input.value = String(chosen);
    set(chosen);
  };

  function set(to: number): void {
    shown = to;
    say();
    changed();
  }

  function say(): void {
    byId("level-value").textContent =
      shown === chosen ? shown.toFixed(3) : `${shown.toFixed(3)} (chosen: ${chosen.toFixed(3)})`;
    reset.hidden = shown === chosen;
  }

  /** Goes to a unit and its chosen level; without pictures there is nothing to slide. */
  function choose(layerIndex: number, index: number): void {
    chosen = data.report.layers[layerIndex]!.units[index]!.level ?? 0;
    shown = chosen;
    const pictures = data.layers[layerIndex]!.features[index]?.images.length ?? 0;
    byId("level-box").hidden = pictures === 0;
    if (pictures === 0) return;
    const [lowest, highest] = range(layerIndex, index);
    input.min = String(Math.min(lowest, chosen));
    input.max = String(Math.max(highest, chosen));
    input.step = "any";
    input.value = String(chosen);
    say();
  }

  return { choose, value: () => shown };
}
