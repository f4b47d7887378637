import { html } from "../src/elements/html.ts";
import { part } from "./page.ts";

/** Pictures of a seed that are seen at once. */
const PICTURES = 16;

/** The pictures of the seed, to choose from; with the strokes on all of them if that is wished. */
export function showStrip(): void {
  const [paint, strip, all] = [part("paint"), part("strip"), part("all")];
  const frames = Array.from({ length: PICTURES }, (_, image) => {
    const choose = (): void => {
      // It is shown as it is in the strip.
      if (!all.checked) paint.toward = undefined;
      paint.image = image;
    };
    const button = html("button", {
      type: "button",
      class: "frame",
      onclick: choose,
      "aria-label": `Picture ${image}`,
    });
    strip.append(button);
    return button;
  });
  // Sixteen more pictures would only make the first one later.
  const fill = (): void => {
    frames.forEach((frame, image) => {
      frame.append(html("gan-image", { for: "paint", image, unedited: !all.checked, "aria-hidden": "true" }));
    });
    follow();
  };
  let moved: unknown;
  /** Where the latent goes, all go if that is wished. */
  const follow = (): void => {
    const toward = all.checked ? paint.toward : undefined;
    if (toward === moved) return;
    moved = toward;
    for (const image of strip.querySelectorAll("gan-image")) image.toward = toward;
  };
  paint.addEventListener("gan-rendered", fill, { once: true });
  all.addEventListener("change", () => {
    for (const image of strip.querySelectorAll("gan-image")) image.unedited = !all.checked;
    follow();
  });
  let marked: number | undefined;
  const mark = (): void => {
    if (paint.image === marked) return;
    marked = paint.image;
    for (const [image, frame] of frames.entries()) frame.setAttribute("aria-pressed", `${image === marked}`);
  };
  paint.watch(mark);
  paint.watch(follow, follow);
  mark();
}
