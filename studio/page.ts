import type { GanCompare, GanPaint, GanSession } from "../src/elements/index.ts";

/** The elements of index.html that modules ask for by their ids, and what they are. */
interface Parts {
  readonly session: GanSession;
  readonly paint: GanPaint;
  readonly comparison: GanCompare;
  readonly open: HTMLButtonElement;
  readonly files: HTMLInputElement;
  readonly model: HTMLElement;
  readonly layer: HTMLSelectElement;
  readonly seed: HTMLInputElement;
  readonly undo: HTMLButtonElement;
  readonly redo: HTMLButtonElement;
  readonly compare: HTMLButtonElement;
  readonly share: HTMLButtonElement;
  readonly help: HTMLButtonElement;
  readonly device: HTMLElement;
  readonly ms: HTMLElement;
  readonly brushes: HTMLElement;
  readonly waiting: HTMLElement;
  readonly busy: HTMLElement;
  readonly said: HTMLElement;
  readonly forget: HTMLButtonElement;
  readonly all: HTMLInputElement;
  readonly strip: HTMLElement;
  readonly side: HTMLElement;
  readonly notices: HTMLElement;
}

/** An element of the page. */
export function part<Name extends keyof Parts>(id: Name): Parts[Name] {
  return document.getElementById(id) as unknown as Parts[Name];
}

/**
 * Frames of a page that nobody sees do not come: so many milliseconds is as long as one may take.
 */
const FRAME = 200;

/** Settles when what the page is now has been handed to the screen. */
export const framed = (): Promise<void> =>
  new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, FRAME);
  });
