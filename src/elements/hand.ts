import { fractionOf } from "./place.ts";

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
  /** Paints on; all spots since the last time. */
  along(spots: readonly Spot[]): void;
  up(): void;
  /** Something else became of it: two fingers, a dialog. */
  cancel(): void;
  /** It is above a spot, whether it paints or not; or gone. */
  over(spot: Spot | undefined): void;
}

/** The other end of a pen (Pointer Events §4.1.1). */
const ERASER = 5;

/** Tells what mouse, pen and finger do on a surface. */
export function followPointer(surface: HTMLElement, hand: Hand): void {
  let painting: number | undefined;
  const spot = (event: PointerEvent): Spot => fractionOf(event, surface);
  surface.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || (event.button !== 0 && event.button !== ERASER) || painting !== undefined) return;
    hand.over(spot(event)); // a finger was nowhere before
    const how = event.button === ERASER ? "erases" : event.altKey ? "picks" : "paints";
    if (!hand.down(spot(event), how)) return;
    painting = event.pointerId;
    surface.setPointerCapture(event.pointerId);
  });
  surface.addEventListener("pointermove", (event) => {
    if (!event.isPrimary) return;
    if (event.pointerId === painting) {
      const events = event.getCoalescedEvents?.() ?? [];
      hand.along((events.length > 0 ? events : [event]).map(spot));
    }
    hand.over(spot(event));
  });
  const end = (event: PointerEvent, how: "up" | "cancel"): void => {
    if (event.pointerId !== painting) return;
    painting = undefined;
    hand[how]();
  };
  surface.addEventListener("pointerup", (event) => end(event, "up"));
  surface.addEventListener("pointercancel", (event) => end(event, "cancel"));
  surface.addEventListener("lostpointercapture", (event) => end(event, "up"));
  surface.addEventListener("pointerleave", () => hand.over(undefined));
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
