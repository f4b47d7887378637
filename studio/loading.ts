import type { Progress } from "../src/session/index.ts";
import { part } from "./page.ts";

// Tests: test/studio/loading.test.ts

/**
 * Milliseconds for which a share stays: what comes sooner nobody reads, screen readers stumble
 * over, and a frame of the page costs as much as all that brought it.
 */
const LEGIBLE = 300;
/** When something was said last, as `performance.now()` counts. */
let saidAt = Number.NEGATIVE_INFINITY;

/** What can be loaded, by the phases of a session's progress. */
const LOADED = {
  generator: "the generator",
  segmenter: "the segmenter",
  report: "the report",
  latents: "the picture",
} as const;
export type LoadingPhase = keyof typeof LOADED;

/** What is counted once, for whoever paints first. */
const COUNTING = "Counting how active units can be…";
let counting = false;

/** Says what is being done: where the picture will be as long as there is none, then below it. */
function say(text: string): void {
  saidAt = performance.now();
  const [waiting, busy] = [part("waiting"), part("busy")];
  const first = !part("session").session;
  if (first) waiting.textContent = text;
  busy.textContent = text || (counting ? COUNTING : "");
  busy.hidden = busy.textContent === "" || first;
}

/**
 * Says that something is being loaded, and that it is, or that it cannot be; nothing once it is
 * aborted, as then something else is being loaded.
 */
export function showLoading(phase: LoadingPhase, signal: AbortSignal) {
  say(`Loading ${LOADED[phase]}…`);
  return {
    done(): void {
      if (signal.aborted) return;
      part("waiting").hidden = true;
      say("");
    },
    failed(): void {
      if (!signal.aborted) say(part("session").session ? "" : "There is no picture.");
    },
  };
}

/** Says how far a session is with whatever it does. */
export function showProgress({ phase, done, total }: Progress): void {
  const ended = done === total;
  const share = total === undefined ? "" : ` ${Math.floor((100 * done) / Math.max(1, total))} %`;
  if (phase === "quantiles") {
    counting = !ended;
    say("");
  } else if (phase === "generator" && ended) say("Waking the GPU…");
  else if (!Object.hasOwn(LOADED, phase)) return;
  else if (ended) say("");
  else if (performance.now() - saidAt >= LEGIBLE) say(`Loading ${LOADED[phase as LoadingPhase]}…${share}`);
}
