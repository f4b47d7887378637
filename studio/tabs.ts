import { html } from "../src/elements/html.ts";
import { showEffect } from "./effect.ts";
import { showHere } from "./here.ts";
import { showLatent } from "./latent.ts";
import { part } from "./page.ts";
import { showUnits } from "./units.ts";

/** From here on the brushes have a place of their own, beside the picture. */
const WIDE = matchMedia("(min-width: 1100px)");

/** A tab, and what is in it. */
interface Tab {
  readonly name: string;
  readonly tab: HTMLButtonElement;
  readonly content: HTMLElement;
  /** It is seen, or no more. */
  readonly seen?: (seen: boolean) => void;
}

const panelOf = (name: string, ...content: Node[]): HTMLElement =>
  html("div", { id: `panel-${name}`, role: "tabpanel", "aria-labelledby": `tab-${name}`, class: "panel" }, ...content);

function tabOf(name: string, content: HTMLElement, seen?: (seen: boolean) => void): Tab {
  const tab = html("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": content.id }, name);
  return { name, tab, content, ...(seen && { seen }) };
}

/** The tabs beside the picture, or below it. */
export function showTabs(): void {
  const side = part("side");
  const [here, units, effect] = [showHere(), showUnits(() => choose("Units")), showEffect()];
  const latent = showLatent();
  const clear = html("button", { type: "button", class: "quiet clear" }, "Clear all");
  const brush = tabOf("Brush", part("brushes"));
  const tabs: readonly Tab[] = [
    brush,
    tabOf("History", panelOf("History", html("gan-history", { for: "paint" }), clear)),
    tabOf("Here", panelOf("Here", here.element), here.seen),
    tabOf("Units", panelOf("Units", units.element)),
    tabOf("Effect", panelOf("Effect", effect)),
    tabOf("Latent", panelOf("Latent", latent.element), latent.seen),
  ];
  clearWith(clear);
  // There is nothing else in it by which a keyboard could scroll it.
  effect.parentElement!.tabIndex = 0;
  const list = html("div", { role: "tablist", "aria-label": "Panels", class: "tabs" }, ...tabs.map(({ tab }) => tab));
  side.append(list, ...tabs.slice(1).map(({ content }) => content));

  let chosen = "";
  function choose(other: string): void {
    chosen = other;
    for (const { name, tab, content, seen } of tabs) {
      const is = name === chosen;
      tab.setAttribute("aria-selected", `${is}`);
      tab.tabIndex = is ? 0 : -1;
      content.hidden = !is && !(name === "Brush" && WIDE.matches);
      seen?.(is);
    }
  }
  for (const { name, tab } of tabs) tab.addEventListener("click", () => choose(name));
  list.addEventListener("keydown", ({ key }) => {
    const shown = tabs.filter(({ tab }) => !tab.hidden);
    const at = shown.findIndex(({ tab }) => tab.ariaSelected === "true");
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: shown.length - 1 }[key];
    const next = to === undefined ? undefined : shown[(to + shown.length) % shown.length];
    if (!next) return;
    choose(next.name);
    next.tab.focus();
  });
  const arrange = (): void => {
    const wide = WIDE.matches;
    brush.tab.hidden = wide;
    if (wide) document.querySelector(".stage")!.before(brush.content);
    else list.after(brush.content);
    const role = { role: wide ? "region" : "tabpanel", "aria-labelledby": wide ? "brushes-title" : brush.tab.id };
    for (const [name, value] of Object.entries(role)) brush.content.setAttribute(name, value);
    // What somebody looks at stays there when a window changes its size.
    if (chosen === "") choose(wide ? "History" : "Brush");
    else choose(wide && chosen === "Brush" ? "History" : chosen);
  };
  WIDE.addEventListener("change", arrange);
  arrange();
}

/** Takes all strokes away, which can be undone. */
function clearWith(button: HTMLButtonElement): void {
  const paint = part("paint");
  button.addEventListener("click", () => paint.change([]));
  const show = (): void => {
    button.hidden = paint.strokes.length === 0;
  };
  paint.watch(show);
  show();
}
