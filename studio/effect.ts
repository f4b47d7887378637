import { html } from "../src/elements/html.ts";
import type { Changed, Effect, Loaded } from "../src/session/index.ts";
import { complain, isLost } from "./notices.ts";
import { part } from "./page.ts";

/** Changes of labels that are told in a line. */
const TOLD = 3;
/** So long nothing more is changed before it is measured, in milliseconds. */
const PAUSE = 150;

/** What the strokes do to every concept of the picture: as a table, and in a line below it. */
export function showEffect(): HTMLElement {
  const [paint, session, said] = [part("paint"), part("session"), part("said")];
  const body = html("tbody");
  const summary = html("p", { class: "summary" });
  const none = html("p", { class: "soft" });
  const table = html(
    "table",
    { class: "effect", hidden: true },
    html("caption", { class: "unseen" }, "Pixels of every concept, before the strokes and after"),
    html(
      "thead",
      {},
      html("tr", {}, ...["Concept", "Before", "After", "Change"].map((name) => html("th", { scope: "col" }, name))),
    ),
    body,
  );
  let asking: AbortController | undefined;
  let last: unknown;

  function nothing(text: string): void {
    table.hidden = true;
    summary.textContent = "";
    said.textContent = "";
    none.hidden = false;
    none.textContent = text;
  }
  async function measure(): Promise<void> {
    const own = session.session;
    const { edited } = paint;
    const visible = edited.strokes.some(({ hidden }) => !hidden);
    if (!own?.loaded?.segmenter)
      return nothing("What strokes do to concepts is measured by a segmenter. Drop one here.");
    if (!visible) return nothing("Paint, and see here what becomes of every concept in the picture.");
    if (table.hidden) nothing("Measuring…");
    asking = new AbortController();
    const { signal } = asking;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    try {
      if (signal.aborted) return;
      const effect = await own.effect({ ...edited, signal });
      if (!signal.aborted) show(effect, own.loaded);
    } catch (error) {
      if (signal.aborted) return;
      nothing("It could not be measured.");
      if (!isLost(error)) return complain(error);
      const stop = own.on("restored", () => {
        stop();
        if (!signal.aborted) void measure();
      });
    }
  }
  function show(effect: Effect, { labels }: Loaded): void {
    const rows = effect.labels
      .filter(({ before, after }) => before > 0 || after > 0)
      .sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before) || b.after - a.after);
    body.replaceChildren(...rows.map((row) => rowOf(row, labels[row.label])));
    table.hidden = false;
    none.hidden = true;
    const { inside, outside } = effect;
    summary.textContent = `${shareOf(inside)} of the pixels inside the strokes have another concept, and ${shareOf(outside)} of those outside.`;
    const told = rows.filter(({ before, after }) => before !== after).slice(0, TOLD);
    const changes = told.map((row) => `${labels[row.label]?.name ?? row.label} ${signed(row.after - row.before)} px`);
    said.textContent = changes.length > 0 ? changes.join(" · ") : "No pixel has another concept.";
  }
  const follow = (): void => {
    const { edited } = paint;
    const key = JSON.stringify([edited, session.session?.loaded?.segmenter]);
    if (key === last) return;
    last = key;
    asking?.abort();
    void measure();
  };
  paint.watch(follow);
  session.watch(follow);
  follow();
  return html("div", {}, none, summary, table);
}

function rowOf({ before, after }: Effect["labels"][number], label: Loaded["labels"][number] | undefined): HTMLElement {
  const swatch = html("span", { class: "swatch", "aria-hidden": "true" });
  swatch.style.setProperty("--color", `rgb(${(label?.color ?? [128, 128, 128]).join(" ")})`);
  const number = (text: string) => html("td", { class: "number" }, text);
  const change = before === after ? "0" : signed(after - before);
  return html(
    "tr",
    {},
    html("th", { scope: "row" }, swatch, label?.name ?? "?"),
    number(`${before}`),
    number(`${after}`),
    number(change),
  );
}

const signed = (pixels: number): string => (pixels > 0 ? `+${pixels}` : `−${-pixels}`);

function shareOf({ pixels, changed }: Changed): string {
  const percent = pixels === 0 ? 0 : (100 * changed) / pixels;
  return `${percent > 0 && percent < 1 ? "less than 1" : Math.round(percent)} %`;
}
