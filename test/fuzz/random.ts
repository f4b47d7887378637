/** Numbers of a seed, the same everywhere (mulberry32). */
export class Random {
  #state: number;

  constructor(...seed: readonly number[]) {
    this.#state = seed.reduce((sum, part) => Math.imul(sum ^ part, 0x9e3779b1) ^ (sum >>> 13), 0x2545f491) >>> 0;
    this.next();
  }

  /** 0 ≤ x < 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  one<T>(of: readonly T[]): T {
    return of[this.below(of.length)]!;
  }

  chance(of: number): boolean {
    return this.next() < of;
  }

  /** So many, or any number below 1 + `most`, small ones mostly. */
  some<T>(most: number, of: (i: number) => T): T[] {
    return Array.from({ length: Math.floor((most + 1) * this.next() ** 2) }, (_, i) => of(i));
  }

  /** Numbers at which readers break. */
  edge(): number {
    return this.one([
      0,
      1,
      2,
      3,
      4,
      7,
      8,
      64,
      255,
      256,
      4096,
      65_535,
      65_536,
      1e6,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 32 - 1,
      2 ** 40,
      2 ** 53,
      -1,
      -(2 ** 31),
    ]);
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

/** Changes a few bytes, cuts, repeats or moves parts; leaves a quarter of all as they are. */
export function damaged(random: Random, whole: Uint8Array): Uint8Array<ArrayBuffer> {
  let file = Uint8Array.from(whole);
  if (file.length === 0 || random.chance(0.25)) return file;
  for (let round = random.below(4); round >= 0; round -= 1) {
    const at = random.below(file.length);
    const end = Math.min(file.length, at + 1 + random.below(random.one([1, 4, 16, 256])));
    const part = file.slice(at, end);
    const kind = random.below(6);
    if (kind === 0) file = file.slice(0, at);
    else if (kind === 1) file = joined(file.subarray(0, at), file.subarray(end));
    else if (kind === 2)
      file = joined(
        file.subarray(0, at),
        ...new Array<Uint8Array>(2 + random.below(30)).fill(part),
        file.subarray(end),
      );
    else if (kind === 3) file.set(random.bytes(end - at), at);
    else if (kind === 4) file.fill(random.one([0, 0xff, 0x7f, 0x80, 0x22, 0x5b]), at, end);
    else file[at]! ^= 1 << random.below(8);
    if (file.length === 0) break;
  }
  return file;
}

export const joined = (...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.concat(parts));
