import type { Progress } from "../src/session/index.ts";
import { part } from "./page.ts";

/** What is counted once, for whoever paints first. */
const COUNTING = "Counting how active units can be";

/** Says what is being loaded, and how far it is: where the picture will be, or above. */
export function showLoading(what: string) {
  const [waiting, busy] = [part("waiting"), part("busy")];
  const first = !part("session").session;
  const say = (text: string): void => {
    if (first) waiting.textContent = text;
    busy.textContent = text;
    busy.hidden = text === "" || first;
  };
  say(`Loading ${what}…`);
  return {
    progress({ phase, done, total }: Progress): void {
      const share = total === undefined ? "" : ` ${Math.floor((100 * done) / Math.max(1, total))} %`;
      const ended = done === total;
      if (phase === "quantiles") {
        busy.textContent = `${COUNTING}…`;
        busy.hidden = ended;
      } else if (phase === "generator") say(ended ? "Waking the GPU…" : `Loading ${what}…${share}`);
      else if (phase === "segmenter" || phase === "report") say(ended ? "" : `Loading ${what}…${share}`);
    },
    done(): void {
      waiting.hidden = true;
      say("");
    },
    failed(): void {
      say("");
      waiting.textContent = first ? "There is no picture." : "";
    },
  };
}
