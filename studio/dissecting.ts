import { concepts } from "../src/elements/concepts.ts";
import { html } from "../src/elements/html.ts";
import type { Session } from "../src/session/index.ts";
import { complain } from "./notices.ts";
import { part } from "./page.ts";

/** The phases of a dissection, for people. */
const PHASES: Readonly<Record<string, string>> = {
  activations: "Drawing pictures",
  quantiles: "Ranking activations",
  levels: "Choosing thresholds",
  scores: "Comparing units with concepts",
  pictures: "Collecting pictures",
};
/** Pictures that units are dissected on: what the published code calls a quick look. */
const SIZE = 200;

/** A way to concepts where nobody knows yet what the layer's units detect. */
export function showDissecting(): HTMLElement {
  const [paint, session] = [part("paint"), part("session")];
  const text = html("p", { class: "hint" });
  const start = html(
    "button",
    { type: "button", class: "primary", onclick: () => void dissect() },
    "Dissect this layer",
  );
  const stop = html("button", { type: "button", hidden: true, onclick: () => running?.abort() }, "Stop");
  const progress = html("progress", { max: 1, value: 0, hidden: true, "aria-label": "Dissecting" });
  const element = html(
    "div",
    { class: "dissecting", hidden: true },
    text,
    progress,
    html("div", { class: "row" }, start, stop),
  );
  let running: AbortController | undefined;
  /** Whose layer that is. */
  let dissected: Session | undefined;

  function show(): void {
    const { loaded } = session.session ?? {};
    const { layer } = paint.edited;
    element.hidden = !running && (!loaded?.model || !layer || concepts(loaded, layer).length > 0);
    for (const node of [stop, progress]) node.hidden = !running;
    start.hidden = running !== undefined || !loaded?.segmenter;
    if (running || !loaded?.model) return;
    text.textContent = loaded.segmenter
      ? `Nobody knows yet what the units of ${layer} detect.`
      : "Concepts come with a report, or with a segmenter to dissect by: drop either here. Units can be painted with by number, from the Units tab.";
  }
  async function dissect(): Promise<void> {
    const { session: own } = session;
    const { layer } = paint.edited;
    if (!own || !layer || running) return;
    running = new AbortController();
    dissected = own;
    const { signal } = running;
    progress.value = 0;
    text.textContent = `${PHASES["activations"]}…`;
    show();
    try {
      for await (const event of own.dissect({ layers: [layer], size: SIZE, signal })) {
        if (event.type !== "progress") continue;
        const { phase, done, total } = event;
        progress.value = (Object.keys(PHASES).indexOf(phase) + done / total) / Object.keys(PHASES).length;
        text.textContent = `${PHASES[phase] ?? phase}: ${done} of ${total}`;
      }
    } catch (error) {
      if (!signal.aborted) complain(error);
    } finally {
      running = undefined;
      show();
    }
  }
  session.watch(() => {
    if (session.session !== dissected) running?.abort();
    show();
  });
  paint.watch(show);
  return element;
}
