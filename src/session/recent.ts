// Tests: test/session/recent.test.ts

/** What was used last, up to so many; others are let go. */
export class Recent<T> {
  readonly #most: number;
  readonly #letGo: (value: T) => void;
  readonly #values = new Map<string, T>();

  constructor(most: number, letGo: (value: T) => void) {
    this.#most = most;
    this.#letGo = letGo;
  }

  get(key: string): T | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  set(key: string, value: T): void {
    const before = this.#values.get(key);
    if (before !== undefined) this.#letGo(before);
    this.#values.delete(key);
    this.#values.set(key, value);
    for (const [oldest, old] of this.#values) {
      if (this.#values.size <= this.#most) break;
      this.#values.delete(oldest);
      this.#letGo(old);
    }
  }

  delete(key: string): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#letGo(value);
  }

  clear(): void {
    for (const value of this.#values.values()) this.#letGo(value);
    this.#values.clear();
  }
}
