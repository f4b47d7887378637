import { html } from "../src/elements/html.ts";
import type { Loaded, Stroke } from "../src/session/index.ts";
import { tell } from "./notices.ts";
import { reaches } from "./own.ts";
import { part } from "./page.ts";

/** The bar above: what is shown, the way back, and comparing. */
export function showBar(): void {
  const [paint, session] = [part("paint"), part("session")];
  const [undo, redo, compare, layer, seed] = [part("undo"), part("redo"), part("compare"), part("layer"), part("seed")];
  undo.addEventListener("click", () => paint.undo());
  redo.addEventListener("click", () => paint.redo());
  compare.addEventListener("click", () => setComparing(!isComparing()));
  seed.addEventListener("change", () => {
    if (seed.reportValidity())
      Object.assign(paint, { latents: undefined, toward: undefined, seed: seed.valueAsNumber });
  });
  layer.addEventListener("change", () => setLayer(layer.value));
  paint.watch(() => {
    undo.disabled = !paint.canUndo;
    redo.disabled = !paint.canRedo;
    if (document.activeElement !== seed) seed.value = `${paint.seed}`;
    layer.value = paint.edited.layer ?? "";
    const { loaded } = session.session ?? {};
    for (const option of layer.options) option.disabled = !!loaded && !reaches(loaded, paint.latents, option.value);
  });
  session.watch(() => showLoaded(session.session?.loaded));
  paint.addEventListener("gan-rendered", (event) => {
    const { ms } = (event as CustomEvent<{ readonly ms: number }>).detail;
    const text = `${Math.max(1, Math.round(ms))} ms`;
    const shown = part("ms");
    if (paint.strokes.length > 0 && shown.textContent !== text) shown.textContent = text;
  });
}

function showLoaded(loaded: Loaded | undefined): void {
  if (!loaded?.model) return;
  const { name, layers } = loaded.model;
  part("model").textContent = name;
  const maps = layers.filter(({ vector }) => !vector).slice(0, -1);
  const options = maps.map(({ name, channels, height, width }) =>
    html("option", { value: name }, `${name} · ${channels} units · ${height} × ${width}`),
  );
  part("layer").replaceChildren(...options);
  part("layer").value = part("paint").edited.layer ?? "";
  part("layer").disabled = false;
  part("device").textContent = deviceText(loaded.adapter);
}

function deviceText(adapter: Loaded["adapter"]): string {
  if (!adapter) return "";
  const { description, vendor, architecture, software } = adapter;
  if (software) return "Software, no GPU";
  return description || [vendor, architecture].filter(Boolean).join(" ") || "GPU";
}

const isComparing = (): boolean => part("compare").getAttribute("aria-pressed") === "true";

/** Strokes are of a layer's units: those of others wait for their layer. */
const strokesOf = new Map<string, readonly Stroke[]>();

export function setLayer(layer: string): void {
  const paint = part("paint");
  const { recipe } = paint;
  if (!recipe) return;
  const key = (layer: string): string => `${recipe.model.name}/${layer}`;
  strokesOf.set(key(recipe.layer), recipe.strokes);
  const strokes = strokesOf.get(key(layer)) ?? [];
  paint.units = undefined;
  const { loaded } = part("session").session ?? {};
  const { latents, ...rest } = recipe;
  const own = loaded && reaches(loaded, latents, layer) && latents;
  paint.recipe = { ...rest, ...(own && { latents: own }), layer, strokes };
  if (recipe.strokes.length > 0 && strokes.length === 0) {
    tell(`Your strokes are on ${recipe.layer}.`, "They are there again when you go back to it.", {
      text: `Back to ${recipe.layer}`,
      act: () => paint.recipe?.model.name === recipe.model.name && setLayer(recipe.layer),
    });
  }
}

/** Shows the picture without strokes beside the painted one, or no more. */
function setComparing(on: boolean): void {
  const comparison = part("comparison");
  part("compare").setAttribute("aria-pressed", `${on}`);
  comparison.querySelector("gan-image")?.remove();
  comparison.position = 0;
  if (!on) return;
  const before = html("gan-image", { slot: "before", for: "paint", unedited: true });
  const show = (): void => {
    if (before.isConnected) comparison.position = 50;
  };
  before.addEventListener("gan-rendered", show, { once: true });
  comparison.append(before);
}
