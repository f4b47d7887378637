import { ShapeError, UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";

// Tests: test/inversion/walk.test.ts

export interface WalkOptions {
  /**
   * How many of a row's first numbers are on a sphere, and are gone along its great circles: z's,
   * which are drawn of a normal distribution and so are nearly of one length (White, "Sampling
   * Generative Networks", 2016, on interpolation; Shoemake, SIGGRAPH 1985). The others, such as w
   * or features, are gone along straight lines. 0 unless given.
   */
  readonly sphere?: number;
  /** The way ends where it began. */
  readonly loop?: boolean;
}

const NAMES: NamesOf<WalkOptions> = { sphere: true, loop: true };

/**
 * Angles smaller than this, in radians, are gone straight: there the circle is the line in float32.
 */
const STRAIGHT = 1e-4;

/** How many ways there are between so many stops. */
export const legsOf = (stops: number, loop = false): number => (loop ? stops : stops - 1);

/**
 * The row at a place of a way through rows of one length: place 0 is the first, 1 the second; with
 * `loop` as many as there are rows is the first again.
 * @throws UsageError for fewer than two rows, or a place beyond the way, or where two rows are
 *   opposite to each other, between which every great circle leads; ShapeError for rows of several
 *   lengths.
 */
export function walkAt(
  stops: readonly Float32Array[],
  place: number,
  options: WalkOptions = {},
): Float32Array<ArrayBuffer> {
  checkNames("walkAt", options, NAMES);
  const { sphere = 0, loop = false } = options;
  const [first] = stops;
  if (!first || stops.length < 2) throw new UsageError("A way leads through two rows at least.", "Give another.");
  const other = stops.find(({ length }) => length !== first.length);
  if (other) {
    throw new ShapeError(`Rows have ${first.length} and ${other.length} numbers.`, "Give rows of one length.");
  }
  if (!Number.isInteger(sphere) || sphere < 0 || sphere > first.length) {
    throw new UsageError(`\`sphere\` is ${sphere}.`, `Use a whole number from 0 to ${first.length}.`);
  }
  const legs = legsOf(stops.length, loop);
  if (!(place >= 0 && place <= legs)) throw new UsageError(`There is no place ${place}.`, `Places are 0 to ${legs}.`);
  const leg = Math.min(Math.floor(place), legs - 1);
  const [a, b, t] = [stops[leg]!, stops[(leg + 1) % stops.length]!, place - leg];
  if (t === 0) return Float32Array.from(a); // to the bit, as 1 is of the last
  if (t === 1) return Float32Array.from(b);
  const [p, q] = shares(a.subarray(0, sphere), b.subarray(0, sphere), t);
  return Float32Array.from(a, (value, i) => (i < sphere ? p * value + q * b[i]! : (1 - t) * value + t * b[i]!));
}

/** How much of two vectors is in what lies on the great circle from one to the other. */
function shares(a: Float32Array, b: Float32Array, t: number): readonly [number, number] {
  const dot = (x: Float32Array, y: Float32Array): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  const lengths = Math.sqrt(dot(a, a) * dot(b, b));
  if (lengths === 0) return [1 - t, t];
  const angle = Math.acos(Math.min(1, Math.max(-1, dot(a, b) / lengths)));
  if (angle < STRAIGHT) return [1 - t, t];
  if (Math.PI - angle < STRAIGHT) {
    throw new UsageError("Two stops are opposite to each other: many ways lead there.", "Put another between them.");
  }
  return [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
}
