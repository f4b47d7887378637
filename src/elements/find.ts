// Tests: test/elements/elements.test.ts

/** Elements that look for another, which may come later or go before them. */
const seekers = new Set<Seeker>();

export interface Seeker {
  /** Looks whether it finds another one than before. */
  look(): void;
}

/** Looks now, and whenever somebody who may be looked for came or went. */
export function seek(seeker: Seeker): void {
  seekers.add(seeker);
  seeker.look();
}

export function stopSeeking(seeker: Seeker): void {
  seekers.delete(seeker);
}

/** Somebody came, or went. */
export function announce(): void {
  for (const seeker of [...seekers]) if (seekers.has(seeker)) seeker.look();
}

/** A class by whose instances elements are known, whatever their tags are called. */
type Kind<T extends Element> = abstract new (...args: never[]) => T;

/** The nearest element around this one, out of shadow roots too. */
export function around<T extends Element>(element: Element, kind: Kind<T>): T | undefined {
  let at: Node | null = element.parentNode;
  while (at) {
    if (at instanceof kind) return at;
    at = at instanceof ShadowRoot ? at.host : at.parentNode;
  }
  return undefined;
}

/** The element of an id, beside this one or, for one in a shadow root, outside of that. */
export function named<T extends Element>(element: Element, id: string, kind: Kind<T>): T | undefined {
  let at: Node = element.getRootNode();
  for (;;) {
    const found = "getElementById" in at ? (at as Document).getElementById(id) : null;
    if (found instanceof kind) return found;
    if (!(at instanceof ShadowRoot)) return undefined;
    at = at.host.getRootNode();
  }
}

/** Something that calls back when it has changed; what it returns ends that. */
export interface Watched {
  /** @param follower is called as often as a pointer moves, while something grows. */
  watch(watcher: () => void, follower?: () => void): () => void;
}

/** Whoever is watched, of which there may be another at any time. */
export class Pairing<T extends Watched> {
  readonly #changed: () => void;
  readonly #grown: (() => void) | undefined;
  #other: T | undefined;
  #stop: (() => void) | undefined;

  /**
   * @param changed is called when the other has changed, or is another.
   * @param grown is called while something of it grows.
   */
  constructor(changed: () => void, grown?: () => void) {
    this.#changed = changed;
    this.#grown = grown;
  }

  get other(): T | undefined {
    return this.#other;
  }

  set other(other: T | undefined) {
    if (other === this.#other) return;
    this.#stop?.();
    this.#other = other;
    this.#stop = other?.watch(this.#changed, this.#grown);
    this.#changed();
  }
}

/** Whoever watches, and how they are told. */
export class Watchers {
  readonly #watchers = new Set<Parameters<Watched["watch"]>>();

  add(...watcher: Parameters<Watched["watch"]>): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  tell(): void {
    for (const [watcher] of [...this.#watchers]) watcher();
  }

  /** Tells those who follow every step. */
  tellFollowers(): void {
    for (const [, follower] of [...this.#watchers]) follower?.();
  }
}
