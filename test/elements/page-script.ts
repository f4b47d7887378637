/** The script of the pages of test/elements: the elements, and sessions that are not real. */
import { define, GanSession } from "../../src/elements/index.ts";
import { GanatomyError, UnsupportedError } from "../../src/errors.ts";
import { howToGetWebGpu } from "../../src/runtime/advice.ts";
import { FakeSession, LOADED } from "./fake-session.ts";

define();

/** Events that the page heard: their types, and in brackets whose. */
const heard: string[] = [];
const details: unknown[] = [];
for (const type of [
  ...[
    "input",
    "change",
    "gan-ready",
    "gan-progress",
    "gan-error",
    "gan-rendered",
    "gan-hover",
    "gan-unit",
    "gan-brush",
    "gan-pick",
  ],
]) {
  document.addEventListener(type, (event) => {
    heard.push(`${type} ${(event.target as HTMLElement).localName}`);
    details.push((event as CustomEvent).detail);
  });
}

/** Gives every session element a session that is not real. */
function useFakes(): void {
  for (const element of document.querySelectorAll("gan-session")) element.session ??= new FakeSession();
}

/** A frame, and some turns of the event loop: what elements do on their own is done. */
const settle = async (turns = 8): Promise<void> => {
  await new Promise((resolve) => requestAnimationFrame(resolve));
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setTimeout(resolve));
};

const page = {
  ...{ define, FakeSession, LOADED, GanSession, GanatomyError, UnsupportedError, howToGetWebGpu },
  ...{ heard, details, useFakes, settle },
};
Object.assign(globalThis, page);
export type PageGlobals = typeof page;
