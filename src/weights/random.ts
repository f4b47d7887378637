import { UsageError } from "../errors.ts";

const STATE_WORDS = 624;
const SHIFT_WORDS = 397;

/**
 * NumPy's legacy `numpy.random.RandomState`: MT19937 with the polar Gaussian, bit for bit in its
 * integers and uniforms. Gaussians agree after rounding to float32; in float64 the last bit may
 * differ, because engines differ in `Math.log`.
 */
export class RandomState {
  readonly #state = new Uint32Array(STATE_WORDS);
  #position = STATE_WORDS;
  /** The second Gaussian of the last pair. */
  #spare: number | undefined;

  /**
   * @param seed an integer, 0 ≤ seed < 2³²
   * @throws UsageError.
   */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new UsageError(`Seed ${seed} is out of range.`, "Give an integer from 0 to 4294967295.");
    }
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < STATE_WORDS; i++) {
      const previous = state[i - 1]!;
      state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
  }

  /** `standard_normal(n)`: n draws from N(0, 1). */
  standardNormal(n: number): Float64Array<ArrayBuffer> {
    const values = new Float64Array(checkCount(n));
    for (let i = 0; i < n; i++) values[i] = this.nextNormal();
    return values;
  }

  /** `random_sample(n)`: n draws from the uniform distribution on [0, 1). */
  randomSample(n: number): Float64Array<ArrayBuffer> {
    const values = new Float64Array(checkCount(n));
    for (let i = 0; i < n; i++) values[i] = this.#nextUniform();
    return values;
  }

  /**
   * `randint(high, size=n)`: n integers, 0 ≤ value < high.
   * @param high 1 to 2³²
   * @throws UsageError.
   */
  randint(high: number, n: number): Uint32Array<ArrayBuffer> {
    if (!Number.isInteger(high) || high < 1 || high > 2 ** 32) {
      throw new UsageError(`randint needs 1 ≤ high ≤ 2³², not ${high}.`, "Give the number of choices.");
    }
    const values = new Uint32Array(checkCount(n));
    const largest = high - 1;
    // NumPy draws nothing when there is no choice, and otherwise rejects what is too large after
    // masking.
    if (largest === 0) return values;
    const mask = 0xffffffff >>> Math.clz32(largest);
    for (let i = 0; i < n; i++) {
      let value: number;
      do value = (this.#nextWord() & mask) >>> 0;
      while (value > largest);
      values[i] = value;
    }
    return values;
  }

  /** One draw from N(0, 1). */
  nextNormal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    let x1: number;
    let x2: number;
    let r2: number;
    do {
      x1 = 2 * this.#nextUniform() - 1;
      x2 = 2 * this.#nextUniform() - 1;
      r2 = x1 * x1 + x2 * x2;
    } while (r2 >= 1 || r2 === 0);
    const scale = Math.sqrt((-2 * Math.log(r2)) / r2);
    this.#spare = scale * x1;
    return scale * x2;
  }

  /** Goes on as if `n` more had been drawn from N(0, 1). */
  skipNormals(n: number): void {
    let left = checkCount(n);
    if (left > 0 && this.#spare !== undefined) {
      this.#spare = undefined;
      left -= 1;
    }
    for (; left > 1; left -= 2) {
      let r2: number;
      do {
        const x1 = 2 * this.#nextUniform() - 1;
        const x2 = 2 * this.#nextUniform() - 1;
        r2 = x1 * x1 + x2 * x2;
      } while (r2 >= 1 || r2 === 0);
    }
    if (left === 1) this.nextNormal();
  }

  /** Another that goes on as this one does from here. */
  clone(): RandomState {
    const copy = new RandomState(0);
    copy.#state.set(this.#state);
    copy.#position = this.#position;
    copy.#spare = this.#spare;
    return copy;
  }

  /** 53 random bits from two words. */
  #nextUniform(): number {
    const high = this.#nextWord() >>> 5;
    const low = this.#nextWord() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  #nextWord(): number {
    if (this.#position === STATE_WORDS) this.#twist();
    let word = this.#state[this.#position++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < STATE_WORDS; i++) {
      const next = i + 1 < STATE_WORDS ? i + 1 : 0;
      const far = i < STATE_WORDS - SHIFT_WORDS ? i + SHIFT_WORDS : i + SHIFT_WORDS - STATE_WORDS;
      const joined = (state[i]! & 0x80000000) | (state[next]! & 0x7fffffff);
      state[i] = state[far]! ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
    }
    this.#position = 0;
  }
}

/** @throws UsageError. */
export function checkCount(n: number): number {
  if (Number.isSafeInteger(n) && n >= 0) return n;
  throw new UsageError(`${n} is no number of samples.`, "Give a whole number, zero or more.");
}
