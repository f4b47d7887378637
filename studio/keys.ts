import { html } from "../src/elements/html.ts";
import { dialog } from "./dialog.ts";
import { part } from "./page.ts";

/** Where the browser keeps that single keys are off. */
const OFF = "ganatomy-studio-keys-off";

const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ["Arrows", "move on the picture"],
  ["Space", "paints while it is down"],
  ["[ and ]", "make the brush smaller and larger"],
  ["1 to 9", "choose a concept"],
  ["X", "changes between drawing and removing"],
  ["Z, Shift Z", "undo and redo"],
  ["C", "compares with the picture before"],
  ["P", "pins the place under Here"],
  ["Alt and drag", "copies what is there, to paint it elsewhere"],
  ["Escape", "gives a stroke up"],
];

/** Single keys for the whole page, which can be switched off, and what there is to know of them. */
export function listenToKeys(): void {
  const on = html("input", { type: "checkbox", id: "keys" });
  on.checked = !isOff();
  on.addEventListener("change", () => remember(!on.checked));
  const { open } = dialog("Help", [
    html(
      "p",
      {},
      "A generator draws pictures from random numbers. Its units switch things on and off: paint with those of a concept, and see what the generator makes of it. Everything is computed on your own GPU.",
    ),
    html(
      "p",
      {},
      "One finger paints, two move and zoom; under Here a tap only looks. Drop your own checkpoint, segmenter, report or recipe on the page.",
    ),
    html("h3", {}, "Keys"),
    html("dl", { class: "keys" }, ...KEYS.flatMap(([keys, what]) => [html("dt", {}, keys), html("dd", {}, what)])),
    html("label", { class: "check" }, on, "Single keys act anywhere on the page"),
  ]);
  part("help").addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if (!on.checked || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (!isTyping(event.target) && !document.querySelector("dialog[open]") && act(event)) event.preventDefault();
  });
}

/** Does what a key means outside of the picture, which has its own; false if it means nothing. */
function act({ key, shiftKey }: KeyboardEvent): boolean {
  const [paint, letter] = [part("paint"), key.toLowerCase()];
  if (/^[1-9]$/.test(key)) {
    const radio = part("brushes").querySelectorAll<HTMLInputElement>("input[type=radio]")[Number(key) - 1];
    radio?.click();
    return radio !== undefined;
  }
  if (letter === "z") part(shiftKey ? "redo" : "undo").click();
  else if (letter === "c") part("compare").click();
  else if (letter === "p") document.dispatchEvent(new CustomEvent("studio-pin"));
  else if (letter === "x") paint.op = paint.op === "draw" ? "remove" : "draw";
  else if (key === "[") paint.radius = Math.max(0, paint.radius - 0.5);
  else if (key === "]") paint.radius += 0.5;
  else return false;
  paint.dispatchEvent(new CustomEvent("gan-brush"));
  return true;
}

/** Whether keys are text where the focus is. */
function isTyping(target: EventTarget | null): boolean {
  const inner = (target as Element | null)?.shadowRoot?.activeElement ?? (target as Element | null);
  return inner?.matches("input:not([type=range], [type=checkbox], [type=radio]), textarea, select") ?? false;
}

function isOff(): boolean {
  try {
    return localStorage.getItem(OFF) !== null;
  } catch {
    return false; // where the browser keeps nothing
  }
}

function remember(off: boolean): void {
  try {
    if (off) localStorage.setItem(OFF, "1");
    else localStorage.removeItem(OFF);
  } catch {
    // Then until the page is closed.
  }
}
