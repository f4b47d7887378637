import type { Stroke } from "../session/recipe.ts";
import { reflect } from "./attributes.ts";
import { GanElement } from "./element.ts";
import { named, Pairing, type Seeker, seek, stopSeeking } from "./find.ts";
import { GanPaint } from "./gan-paint.ts";
import { HistoryEntry } from "./history-entry.ts";
import { html } from "./html.ts";

// Tests: test/elements/gan-history.test.ts

const STYLE = `
ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 6px; }
[part=entry] { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; align-items: center; gap: 4px 6px; padding: 6px 8px; border: 1px solid var(--_line); border-radius: var(--_radius); background: var(--_paper); }
[part=entry] .what { overflow-wrap: anywhere; }
[part=entry] .what small { display: block; color: var(--_soft); font-size: 12px; }
[part=entry] .sign { width: 20px; height: 20px; border-radius: 50%; border: 2px solid var(--_ink); text-align: center; font: 700 14px/16px system-ui, sans-serif; }
[part=entry].without .what > span { text-decoration: line-through; }
[part=entry] .buttons { display: flex; gap: 3px; }
[part=entry] .buttons button { padding: 2px 6px; }
[part=entry] label { grid-column: 1 / -1; display: flex; align-items: center; gap: 8px; color: var(--_soft); font-size: 12px; }
[part=entry] label input { flex: 1; min-width: 0; }
[part=entry] output { min-width: 3.5em; text-align: right; font-variant-numeric: tabular-nums; }
.empty { margin: 0; color: var(--_soft); }
`;

/**
 * The strokes of a `gan-paint`: each can be hidden, moved, made weaker, and taken away, which are
 * steps that the paint can undo.
 *
 * @attr for - Id of the `gan-paint`.
 * @csspart entry - A stroke.
 * @fires change {Event} - Somebody changed the strokes here.
 */
export class GanHistory extends GanElement implements Seeker {
  /** Attributes whose changes the browser tells it. */
  static readonly observedAttributes = ["for"];

  readonly #pairing = new Pairing<GanPaint>(() => this.#show());
  readonly #list = html("ol", { "aria-label": "Strokes" });
  readonly #empty = html("p", { class: "empty" }, "No strokes yet.");
  readonly #entries = new Map<string, HistoryEntry>();

  constructor() {
    super(STYLE);
    this.root.append(this.#list, this.#empty);
    this.#show();
  }

  /** Id of the `gan-paint`. */
  get htmlFor(): string {
    return this.getAttribute("for") ?? "";
  }
  set htmlFor(id: string | null | undefined) {
    reflect(this, "for", id || undefined);
  }

  /** @internal Looks for its paint. */
  look(): void {
    this.#pairing.other = this.htmlFor ? named(this, this.htmlFor, GanPaint) : undefined;
  }

  protected begin(): void {
    seek(this);
  }

  protected override moved(): void {
    this.look();
  }

  protected end(): void {
    stopSeeking(this);
    this.#pairing.other = undefined;
  }

  protected changed(): void {
    if (this.begun) this.look();
  }

  /** Strokes keep their entries, and with them who has the focus. */
  #show(): void {
    const { strokes = [], locked = false } = this.#pairing.other ?? {};
    const ids = new Set(strokes.map(({ id }) => id));
    for (const [id, entry] of this.#entries) {
      if (ids.has(id)) continue;
      entry.element.remove();
      this.#entries.delete(id);
    }
    strokes.forEach((stroke, at) => {
      const entry = this.#entries.get(stroke.id) ?? this.#entry(stroke.id);
      entry.show(stroke, { at, last: at === strokes.length - 1, locked });
      const there = this.#list.children[at];
      if (there !== entry.element) this.#list.insertBefore(entry.element, there ?? null);
    });
    this.#empty.hidden = strokes.length > 0;
  }

  #entry(id: string): HistoryEntry {
    const entry = new HistoryEntry({
      set: (stroke, done) => this.#set(stroke, done),
      move: (by) => this.#move(id, by),
      remove: () => this.#remove(id),
    });
    this.#entries.set(id, entry);
    return entry;
  }

  /** A stroke as it is now; a slider that is not let go yet goes on with one step. */
  #set(stroke: Stroke, { first, last }: { readonly first: boolean; readonly last: boolean }): void {
    const { strokes = [] } = this.#pairing.other ?? {};
    const others = strokes.map((other) => (other.id === stroke.id ? stroke : other));
    this.#change(others, first ? undefined : stroke, last);
  }

  #move(id: string, by: number): void {
    const strokes = [...(this.#pairing.other?.strokes ?? [])];
    const from = strokes.findIndex((stroke) => stroke.id === id);
    const [stroke] = strokes.splice(from, 1);
    if (!stroke) return;
    strokes.splice(from + by, 0, stroke);
    this.#change(strokes);
    this.#entries.get(id)?.focus(by < 0 ? "up" : "down");
  }

  #remove(id: string): void {
    const strokes = this.#pairing.other?.strokes ?? [];
    const at = strokes.findIndex((stroke) => stroke.id === id);
    const next = strokes[at + 1] ?? strokes[at - 1];
    this.#change(strokes.filter((stroke) => stroke.id !== id));
    if (next) this.#entries.get(next.id)?.focus("remove");
  }

  #change(strokes: readonly Stroke[], amends?: Stroke, last = true): void {
    this.#pairing.other?.change(strokes, { ...(amends && { amends }), last });
    if (last) this.dispatchEvent(new Event("change", { bubbles: true, composed: true }));
  }
}
