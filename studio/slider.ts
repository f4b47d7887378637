import { html } from "../src/elements/html.ts";

export interface Slider {
  readonly text: string;
  readonly range: { readonly min: number; readonly max: number; readonly step: number };
  /** A value as people read it. */
  shown(value: number): string;
}

/** A slider with its name before it and its value behind. */
export function slider({ text, range, shown }: Slider, set: (value: number) => void) {
  const output = html("output");
  const input = html("input", { type: "range", ...range, oninput: () => set(Number(input.value)) });
  const element = html("label", { class: "slider" }, html("span", {}, text), output, input);
  const show = (value: number): void => {
    if (Number(input.value) !== value) input.value = `${value}`;
    output.textContent = shown(value);
    input.setAttribute("aria-valuetext", shown(value));
  };
  return { element, show };
}
