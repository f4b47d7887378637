import { concepts } from "../src/elements/concepts.ts";
import { html } from "../src/elements/html.ts";
import type { Loaded } from "../src/session/index.ts";
import { part } from "./page.ts";

interface Slider {
  readonly name: "top" | "radius" | "strength" | "valueQuantile";
  readonly text: string;
  readonly range: { readonly min: number; readonly max: number; readonly step: number };
  shown(value: number): string;
}

const SLIDERS: readonly Slider[] = [
  { name: "top", text: "Units", range: { min: 1, max: 50, step: 1 }, shown: String },
  { name: "radius", text: "Radius", range: { min: 0, max: 4, step: 0.5 }, shown: (cells) => `${cells}` },
  {
    name: "strength",
    text: "Strength",
    range: { min: 0, max: 1, step: 0.05 },
    shown: (share) => `${Math.round(100 * share)} %`,
  },
  {
    name: "valueQuantile",
    text: "Value",
    range: { min: 0.5, max: 0.999, step: 0.001 },
    shown: (share) => `q ${share.toFixed(3)}`,
  },
];

/** What is painted with: a concept's units, and how. */
export function showBrushes(): void {
  const [paint, panel] = [part("paint"), part("brushes")];
  const op = (name: "draw" | "remove", text: string) =>
    html("button", { type: "button", onclick: () => choose("op", name) }, text);
  const ops = { draw: op("draw", "Draw"), remove: op("remove", "Remove") };
  const list = html("div", { class: "concepts", role: "radiogroup", "aria-labelledby": "brushes-title" });
  const none = html("p", { class: "soft" }, "Concepts come with what its units detect.");
  const sliders = SLIDERS.map((slider) => ({ slider, ...sliderOf(slider, (value) => choose(slider.name, value)) }));

  function choose(name: "op" | "concept" | Slider["name"], value: string | number): void {
    Object.assign(paint, { [name]: value });
    show();
  }
  function show(): void {
    for (const [name, button] of Object.entries(ops)) button.setAttribute("aria-pressed", `${paint.op === name}`);
    for (const { slider, input, output } of sliders) {
      input.value = `${paint[slider.name]}`;
      output.textContent = slider.shown(paint[slider.name]);
    }
    for (const radio of list.querySelectorAll("input")) radio.checked = radio.value === paint.concept;
  }
  const fill = (): void => {
    const { loaded } = part("session").session ?? {};
    const names = loaded ? concepts(loaded, paint.edited.layer ?? "") : [];
    none.hidden = names.length > 0;
    if (loaded && !names.includes(paint.concept)) paint.concept = names[0];
    list.replaceChildren(...names.map((name) => conceptOf(name, loaded!, () => choose("concept", name))));
    show();
  };
  panel.append(
    html("h2", { id: "brushes-title" }, "Brush"),
    html("div", { class: "segments", role: "group", "aria-label": "What the brush does" }, ...Object.values(ops)),
    list,
    none,
    html("div", { class: "sliders" }, ...sliders.map(({ element }) => element)),
  );
  part("session").watch(fill);
  paint.addEventListener("gan-brush", show);
  fill();
}

function conceptOf(name: string, { labels }: Loaded, choose: () => void): HTMLElement {
  const color = labels.find((label) => label.name === name)?.color ?? [128, 128, 128];
  const input = html("input", { type: "radio", name: "concept", value: name, onchange: choose });
  const swatch = html("span", { class: "swatch", style: `--color: rgb(${color.join(" ")})` });
  return html("label", { class: "concept" }, input, swatch, html("span", { class: "name" }, name));
}

function sliderOf({ text, range }: Slider, set: (value: number) => void) {
  const output = html("output");
  const input = html("input", { type: "range", ...range, oninput: () => set(Number(input.value)) });
  const element = html("label", { class: "slider" }, html("span", {}, text), input, output);
  return { element, input, output };
}
