import { html } from "../src/elements/html.ts";
import type { Session } from "../src/session/index.ts";
import { part } from "./page.ts";

/** What is where the pointer is, or where it was pinned. */
export function showHere(): { readonly element: HTMLElement; seen(seen: boolean): void } {
  const paint = part("paint");
  const inspect = html("gan-inspect", {});
  const pin = html(
    "button",
    { type: "button", "aria-pressed": "false", title: "Stay at this place (P)" },
    "Pin this place",
  );
  const look = html(
    "button",
    { type: "button", "aria-pressed": "false", title: "Taps and clicks on the picture paint nothing" },
    "Look only",
  );
  // A finger cannot hover: it would paint wherever it asks what is there.
  let looks = matchMedia("(pointer: coarse)").matches;
  const mark = html("span", { class: "pin", hidden: true });
  document.querySelector(".easel")!.append(mark);

  function set(pinned: boolean): void {
    const { place } = inspect;
    const { model } = part("session").session?.loaded ?? {};
    if (pinned && (!place || !model)) return;
    inspect.pinned = pinned;
    pin.setAttribute("aria-pressed", `${pinned}`);
    mark.hidden = !pinned;
    if (!pinned || !place || !model) return;
    mark.style.setProperty("--x", `${(place.x + 0.5) / model.width}`);
    mark.style.setProperty("--y", `${(place.y + 0.5) / model.height}`);
  }
  let seenOf: Session | undefined;
  part("session").watch(() => {
    const { session } = part("session");
    // It was a place in another generator's pictures.
    if (session && seenOf && session !== seenOf) set(false);
    seenOf = session ?? seenOf;
  });
  pin.addEventListener("click", () => set(!inspect.pinned));
  document.addEventListener("studio-pin", () => set(!inspect.pinned));
  const showLooks = (seen: boolean): void => {
    paint.inspect = seen && looks;
    look.setAttribute("aria-pressed", `${looks}`);
  };
  look.addEventListener("click", () => {
    looks = !looks;
    showLooks(true);
  });
  const seen = (seen: boolean): void => {
    showLooks(seen);
    // Nobody is asked for what nobody sees: every answer is a run of the generator.
    inspect.htmlFor = seen ? paint.id : undefined;
    mark.hidden = !seen || !inspect.pinned;
  };
  return { element: html("div", { class: "here" }, html("div", { class: "row" }, look, pin), inspect), seen };
}
