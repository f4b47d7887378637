import { html } from "../src/elements/html.ts";

export interface Slider {
  readonly text: string;
  readonly range: { readonly min: number; readonly max: number; readonly step: number };
  /** A value as people read it. */
  shown(value: number): string;
}

/**
 * A slider with its name before it and its value behind.
 * @param set is told every value on the way, and `end` when a hand lets go.
 */
export function slider({ text, range, shown }: Slider, set: (value: number) => void, end?: () => void) {
  const [name, output] = [html("span", {}, text), html("output")];
  const input = html("input", { type: "range", ...range, oninput: () => set(Number(input.value)) });
  if (end) input.addEventListener("change", end);
  const element = html("label", { class: "slider" }, name, output, input);
  const show = (value: number): void => {
    if (Number(input.value) !== value) input.value = `${value}`;
    output.textContent = shown(value);
    input.setAttribute("aria-valuetext", shown(value));
  };
  return {
    element,
    show,
    /** Calls it otherwise. */
    rename(text: string): void {
      if (name.textContent !== text) name.textContent = text;
    },
  };
}
