import { fractionIn, fractionOf } from "./place.ts";

// Tests: test/elements/hand.test.ts, test/elements/gan-paint.test.ts

/** Where a pointer is on a surface, as fractions of it: 0…1 inside. */
interface Spot {
  readonly y: number;
  readonly x: number;
}

/** What a hand with a pointer does. */
export interface Hand {
  /** Begins to paint; the other end of a pen erases, Alt picks. False if it may not. */
  down(spot: Spot, how: "paints" | "erases" | "picks"): boolean;
  /** Paints on; all spots since the last time. Where it is now is told next. */
  along(spots: readonly Spot[]): void;
  up(): void;
  /** Something else became of it: two fingers, a dialog. */
  cancel(): void;
  /** It is above a spot, whether it paints or not; or gone. */
  over(spot: Spot | undefined): void;
}

/** The other end of a pen (Pointer Events §4.1.1). */
const ERASER = 5;

/** Where a pointer is in the window. */
type Where = Pick<PointerEvent, "clientX" | "clientY">;

/**
 * Tells what mouse, pen and finger do on a surface. Ways are told once a frame, with every point
 * that the browser has of them. Where the surface is is asked once a stroke, and again when
 * something scrolls or the window is another: to ask has the browser lay the page out.
 */
export function followPointer(surface: HTMLElement, hand: Hand): void {
  let painting: number | undefined;
  /** Points of a way since the last frame, and where the pointer is now. */
  let way: Where[] = [];
  let now: Where | undefined;
  let frame = 0;
  /** Where the surface is, while somebody paints on it. */
  let box: DOMRect | undefined;
  let ended = new AbortController();
  const tell = (): void => {
    cancelAnimationFrame(frame);
    frame = 0;
    if (!now) return;
    const here = box ?? surface.getBoundingClientRect();
    const [spots, last] = [way.map((point) => fractionIn(point, here)), fractionIn(now, here)];
    box = painting === undefined ? undefined : here;
    way = [];
    now = undefined;
    if (spots.length > 0) hand.along(spots);
    hand.over(last);
  };
  surface.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || (event.button !== 0 && event.button !== ERASER) || painting !== undefined) return;
    tell();
    const spot = fractionOf(event, surface);
    hand.over(spot); // a finger was nowhere before
    const how = event.button === ERASER ? "erases" : event.altKey ? "picks" : "paints";
    if (!hand.down(spot, how)) return;
    painting = event.pointerId;
    surface.setPointerCapture(event.pointerId);
    ended = new AbortController();
    const moved = (): void => {
      box = undefined;
    };
    for (const type of ["scroll", "resize"]) addEventListener(type, moved, { capture: true, signal: ended.signal });
  });
  surface.addEventListener("pointermove", (event) => {
    if (!event.isPrimary) return;
    if (event.pointerId === painting) {
      const events = event.getCoalescedEvents?.() ?? [];
      way.push(...(events.length > 0 ? events : [event]));
    }
    now = event;
    frame ||= requestAnimationFrame(tell);
  });
  const end = (event: PointerEvent, how: "up" | "cancel"): void => {
    if (event.pointerId !== painting) return;
    tell();
    painting = undefined;
    box = undefined;
    ended.abort();
    hand[how]();
  };
  surface.addEventListener("pointerup", (event) => end(event, "up"));
  surface.addEventListener("pointercancel", (event) => end(event, "cancel"));
  surface.addEventListener("lostpointercapture", (event) => end(event, "up"));
  surface.addEventListener("pointerleave", () => {
    tell();
    hand.over(undefined);
  });
}

/** What a key means on a surface that is painted on. */
export type Command =
  | { readonly type: "move"; readonly rows: number; readonly columns: number }
  | { readonly type: "paint" | "undo" | "redo" | "wider" | "narrower" | "swap" | "cancel" };

const ARROWS: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** The command of a key: arrows, space, `[` `]`, Z, ⇧Z, X, Escape; ⌘Z and Ctrl-Z, too. */
export function commandOf(
  event: Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">,
): Command | undefined {
  const { key, shiftKey, altKey } = event;
  const control = event.ctrlKey || event.metaKey;
  if (altKey) return undefined;
  if (key.toLowerCase() === "z") return { type: shiftKey ? "redo" : "undo" };
  if (control) return key.toLowerCase() === "y" ? { type: "redo" } : undefined;
  const arrow = ARROWS[key];
  if (arrow) return { type: "move", rows: arrow[0], columns: arrow[1] };
  if (key === " ") return { type: "paint" };
  if (key === "[") return { type: "narrower" };
  if (key === "]") return { type: "wider" };
  if (key.toLowerCase() === "x") return { type: "swap" };
  return key === "Escape" ? { type: "cancel" } : undefined;
}
