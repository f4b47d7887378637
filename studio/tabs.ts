import { html } from "../src/elements/html.ts";
import { part } from "./page.ts";

/** From here on the brushes have a place of their own, beside the picture. */
const WIDE = matchMedia("(min-width: 1100px)");

/** What the tabs are called, and what is in them. */
const TABS = {
  Brush: () => part("brushes"),
  History: () => panel("History", html("gan-history", { for: "paint" })),
  Here: () => panel("Here", html("gan-inspect", { for: "paint" })),
  Units: () => panel("Units", html("gan-units", {})),
};

const panel = (name: string, ...content: Node[]): HTMLElement =>
  html("div", { id: `panel-${name}`, role: "tabpanel", "aria-labelledby": `tab-${name}`, class: "panel" }, ...content);

/** The tabs beside the picture, or below it. */
export function showTabs(): void {
  const side = part("side");
  const list = html("div", { role: "tablist", "aria-label": "What there is to see", class: "tabs" });
  side.append(list);
  const tabs = Object.entries(TABS).map(([name, make]) => {
    const content = make();
    if (content.parentElement === null) side.append(content);
    const tab = html("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": content.id }, name);
    tab.addEventListener("click", () => choose(name));
    list.append(tab);
    return { name, tab, content };
  });
  const choose = (chosen: string): void => {
    for (const { name, tab, content } of tabs) {
      const is = name === chosen;
      tab.setAttribute("aria-selected", `${is}`);
      tab.tabIndex = is ? 0 : -1;
      content.hidden = !is && !(name === "Brush" && WIDE.matches);
    }
  };
  list.addEventListener("keydown", ({ key }) => {
    const seen = tabs.filter(({ tab }) => !tab.hidden);
    const at = seen.findIndex(({ tab }) => tab.ariaSelected === "true");
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: seen.length - 1 }[key];
    const next = to === undefined ? undefined : seen[(to + seen.length) % seen.length];
    if (!next) return;
    choose(next.name);
    next.tab.focus();
  });
  const arrange = (): void => {
    const [{ tab, content }] = tabs as [(typeof tabs)[number]];
    tab.hidden = WIDE.matches;
    if (WIDE.matches) side.before(content);
    else list.after(content);
    if (WIDE.matches) document.querySelector(".stage")!.before(content);
    choose(WIDE.matches ? "History" : "Brush");
  };
  WIDE.addEventListener("change", arrange);
  arrange();
}
