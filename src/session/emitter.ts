import type { Listener } from "./session.ts";

// Tests: test/session/session.test.ts

/** Who wants to be called back when something happens, by kind of event. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();

  /** Calls back from now on; returns what ends that. */
  on<Type extends keyof Events>(type: Type, listener: Listener<Events[Type]>): () => void {
    // so that one given twice is two
    const own: Listener<Events[Type]> = (event) => listener(event);
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners);
    listeners.add(own);
    return () => listeners.delete(own);
  }

  emit<Type extends keyof Events>(type: Type, event: Events[Type]): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) (listener as Listener<Events[Type]>)(event);
  }
}
