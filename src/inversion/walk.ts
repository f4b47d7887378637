import { ShapeError, UsageError } from "../errors.ts";
import { rowToward } from "../models/sphere.ts";
import { checkNames, type NamesOf } from "../names.ts";

// Tests: test/inversion/walk.test.ts

/** How a way leads from row to row. */
export interface WalkOptions {
  /**
   * How many of a row's first numbers are on a sphere, and are gone along its great circles: z's,
   * which are drawn of a normal distribution and so are nearly of one length (White, "Sampling
   * Generative Networks", 2016, on interpolation; Shoemake, SIGGRAPH 1985). The others, such as w
   * or features, are gone along straight lines. 0 unless given.
   */
  readonly sphere?: number;
  /** Whether the way ends where it began; not unless given. */
  readonly loop?: boolean;
}

const NAMES: NamesOf<WalkOptions> = { sphere: true, loop: true };

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
  return rowToward(stops[leg]!, [stops[(leg + 1) % stops.length]!], [place - leg], sphere);
}
