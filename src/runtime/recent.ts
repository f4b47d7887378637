// Tests: test/runtime/recent.test.ts

/** What was used last, up to so many entries and bytes. */
export class Recent<T> {
  readonly #entries = new Map<string, { readonly value: T; readonly bytes: number }>();
  readonly #most: { readonly entries: number; readonly bytes: number };
  readonly #left: (value: T) => void;
  #bytes = 0;

  /** @param left called with what has to go */
  constructor(most: { readonly entries: number; readonly bytes?: number }, left: (value: T) => void = () => {}) {
    this.#most = { bytes: Number.POSITIVE_INFINITY, ...most };
    this.#left = left;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: T, bytes = 0): void {
    this.delete(key);
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#most.entries && this.#bytes <= this.#most.bytes) break;
      this.delete(oldest);
    }
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.delete(key);
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
    this.#left(entry.value);
  }
}
