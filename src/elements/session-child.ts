import type { Loaded, Session } from "../session/session.ts";
import { reflect } from "./attributes.ts";
import { GanElement } from "./element.ts";
import { announce, around, named, Pairing, type Seeker, seek, stopSeeking } from "./find.ts";
import { GanSession } from "./gan-session.ts";

// Tests: test/elements/elements.test.ts

/**
 * An element that shows something of a session: the one around it, or the one it names.
 *
 * @attr session - Id of the `gan-session`; the one around it unless given.
 */
export abstract class SessionChild extends GanElement implements Seeker {
  readonly #pairing = new Pairing<GanSession>(() => this.#follow());
  #shown: Session | undefined;
  #queued = false;

  /** Id of the `gan-session`; without it, it is the one around the element. */
  get session(): string {
    return this.getAttribute("session") ?? "";
  }
  set session(id: string | null | undefined) {
    reflect(this, "session", id || undefined);
  }

  /** What is loaded in its session. */
  protected get loaded(): Loaded | undefined {
    return this.#shown?.loaded;
  }

  protected begin(): void {
    seek(this);
    announce();
  }

  protected override moved(): void {
    this.look();
    announce();
  }

  protected end(): void {
    stopSeeking(this);
    this.#pairing.other = undefined;
    announce();
  }

  protected changed(name: string): void {
    if (name === "session" && this.begun) this.look();
    else this.update();
  }

  /** @internal Looks for its session, and whoever else it belongs to. */
  look(): void {
    const { session } = this;
    this.#pairing.other = session ? named(this, session, GanSession) : around(this, GanSession);
  }

  #follow(): void {
    const session = this.#pairing.other?.session;
    const ready = session?.loaded?.model ? session : undefined;
    if (this.#shown && ready !== this.#shown) this.detached();
    this.#shown = ready;
    this.update();
  }

  /** Renders what changed in this breath, once, if there is something to show. */
  protected update(): void {
    if (this.#queued || !this.#shown) return;
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      if (this.begun && this.#shown) this.render(this.#shown, this.#shown.loaded!);
    });
  }

  /** Shows the session as it is now: it, what is loaded in it, or an attribute is another. */
  protected abstract render(session: Session, loaded: Loaded): void;
  /** What is shown of the session is let go. */
  protected abstract detached(): void;
}

/** The layer that is shown or edited where none is named: one that was dissected, or the first. */
export function firstLayer({ model, rankings }: Loaded): string {
  const maps = model?.layers.filter(({ vector }) => !vector).map(({ name }) => name) ?? [];
  return Object.keys(rankings).find((name) => maps.includes(name)) ?? maps[0] ?? "";
}
