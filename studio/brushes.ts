import { byCategory, type Concept, concepts } from "../src/elements/concepts.ts";
import { html } from "../src/elements/html.ts";
import { showDissecting } from "./dissecting.ts";
import { part } from "./page.ts";
import { type Slider, slider } from "./slider.ts";

type Setting = "top" | "radius" | "strength" | "valueQuantile";
const percent = (share: number): string => `${Math.round(100 * share)} %`;

const SETTINGS: Readonly<Record<Setting, Slider>> = {
  top: { text: "Units", range: { min: 1, max: 50, step: 1 }, shown: String },
  radius: {
    text: "Radius",
    range: { min: 0, max: 4, step: 0.5 },
    shown: (cells) => (cells === 1 ? "1 cell" : `${cells} cells`),
  },
  strength: { text: "Strength", range: { min: 0, max: 1, step: 0.05 }, shown: percent },
  valueQuantile: {
    text: "Value",
    range: { min: 0.5, max: 0.999, step: 0.001 },
    shown: (share) => `${(100 * share).toFixed(1)} %`,
  },
};
const HINTS = {
  draw: "Paint on the picture to switch the units on.",
  remove: "Paint on the picture to switch the units off.",
};
const COPY = {
  pick: "Paint over what is to be copied, in any picture.",
  paste: "Paint where it is to go. Alt and drag copies something else.",
};

/** What is painted with: a concept's units, and how. */
export function showBrushes(): void {
  const [paint, panel, session] = [part("paint"), part("brushes"), part("session")];
  const ops = { draw: opButton("Draw"), remove: opButton("Remove"), copy: opButton("Copy") };
  const list = html("div", { class: "concepts", role: "radiogroup", "aria-labelledby": "brushes-title" });
  const hint = html("p", { class: "hint" });
  const again = html("button", { type: "button", onclick: () => copyAgain() }, "Copy something else");
  const settings = (Object.keys(SETTINGS) as Setting[]).map((name) => ({
    name,
    ...slider(SETTINGS[name], (value) => choose(name, value)),
  }));

  function choose(name: "op" | "concept" | Setting, value: string | number): void {
    Object.assign(paint, { [name]: value });
    if (name === "concept") {
      paint.units = undefined;
      if (paint.op === "copy") paint.op = "draw";
    }
    show();
  }
  function copyAgain(): void {
    paint.features = undefined;
    show();
  }
  function show(): void {
    const { op, features, units } = paint;
    for (const [name, button] of Object.entries(ops)) button.setAttribute("aria-pressed", `${op === name}`);
    for (const { name, show, element } of settings) {
      show(paint[name]);
      element.hidden = (name === "top" && op === "copy") || (name === "valueQuantile" && op !== "draw");
    }
    for (const radio of list.querySelectorAll("input")) {
      radio.checked = radio.value === paint.concept && units.length === 0 && op !== "copy";
    }
    again.hidden = op !== "copy" || !features;
    const named = units.length > 0 ? ` Unit ${units.join(", ")} only, until you choose a concept.` : "";
    hint.textContent = op === "copy" ? COPY[features ? "paste" : "pick"] : HINTS[op] + named;
  }
  for (const [name, button] of Object.entries(ops)) button.addEventListener("click", () => choose("op", name));

  let listed = "";
  const fill = (): void => {
    const { loaded } = session.session ?? {};
    const layer = paint.edited.layer ?? "";
    const all = loaded ? concepts(loaded, layer) : [];
    const known = JSON.stringify([loaded?.model?.name, layer, all]);
    if (known === listed) return;
    listed = known;
    if (loaded && !all.some(({ name }) => name === paint.concept)) paint.concept = all[0]?.name;
    list.replaceChildren(...listOf(all, (name) => choose("concept", name)));
    list.hidden = all.length === 0;
    show();
  };
  panel.append(
    html("h2", { id: "brushes-title" }, "Brush"),
    html("fieldset", { class: "segments", "aria-label": "What the brush does" }, ...Object.values(ops)),
    hint,
    again,
    list,
    showDissecting(),
    html("div", { class: "sliders" }, ...settings.map(({ element }) => element)),
  );
  session.watch(fill);
  paint.watch(fill);
  for (const type of ["gan-brush", "gan-pick"]) paint.addEventListener(type, show);
  fill();
  show();
}

const opButton = (text: string): HTMLButtonElement => html("button", { type: "button" }, text);

/** Concepts to choose from; by category where there are several. */
function listOf(all: readonly Concept[], choose: (name: string) => void): HTMLElement[] {
  const rows = new Map(all.map((concept, at) => [concept, conceptOf(concept, at, () => choose(concept.name))]));
  const groups = byCategory(all);
  if (groups.length < 2) return [...rows.values()];
  return groups.map(([category, own]) =>
    html(
      "div",
      { role: "group", "aria-label": category || "other" },
      html("span", { class: "category", "aria-hidden": "true" }, category || "other"),
      ...own.map((concept) => rows.get(concept)!),
    ),
  );
}

/** A concept to choose, and how many units of the layer detect it. */
function conceptOf({ name, color, units }: Concept, at: number, choose: () => void): HTMLElement {
  const swatch = html("span", { class: "swatch", "aria-hidden": "true" });
  swatch.style.setProperty("--color", color);
  const input = html("input", { type: "radio", name: "concept", value: name, onchange: choose });
  const shortcut = at < 9 ? `${name} (${at + 1})` : name;
  return html(
    "label",
    { class: "concept", title: shortcut },
    input,
    swatch,
    html("span", { class: "name" }, name),
    ...(units === undefined ? [] : [html("span", { class: "count" }, units === 1 ? "1 unit" : `${units} units`)]),
  );
}
