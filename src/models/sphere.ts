import { ShapeError, UsageError } from "../errors.ts";

// Tests: test/models/sphere.test.ts, test/inversion/walk.test.ts

/**
 * Angles smaller than this, in radians, are gone straight: there the circle is the line in float32.
 */
const STRAIGHT = 1e-4;

/**
 * The row that lies so far toward others: share 0 of all is the row itself, 1 of one and 0 of the
 * rest that one, both to the bit. The first `sphere` numbers are on a sphere, and are gone along
 * its great circles (Shoemake, SIGGRAPH 1985; of several at once along the one that leads into all
 * directions in these shares, the sphere's exponential map); the others are gone straight.
 * @throws ShapeError for rows of several lengths; UsageError for a row that is opposite to the
 *   first, to which all great circles lead.
 */
export function rowToward(
  from: Float32Array,
  others: readonly Float32Array[],
  shares: readonly number[],
  sphere: number,
): Float32Array<ArrayBuffer> {
  const odd = others.find(({ length }) => length !== from.length);
  if (odd) throw new ShapeError(`Rows have ${from.length} and ${odd.length} numbers.`, "Give rows of one length.");
  const gone = [...shares.keys()].filter((at) => shares[at] !== 0);
  if (gone.length === 0) return Float32Array.from(from);
  if (gone.length === 1 && shares[gone[0]!] === 1) return Float32Array.from(others[gone[0]!]!);
  const rows = [from, ...gone.map((at) => others[at]!)];
  const straight = gone.map((at) => shares[at]!);
  const ways = [
    circleShares(
      rows.map((row) => row.subarray(0, sphere)),
      straight,
    ),
    [1 - straight.reduce((sum, share) => sum + share, 0), ...straight],
  ] as const;
  return Float32Array.from(from, (_, i) => {
    const way = ways[i < sphere ? 0 : 1];
    return rows.reduce((sum, row, at) => sum + way[at]! * row[i]!, 0);
  });
}

/** How much of each vector is in what lies so far from the first toward the others. */
function circleShares([from, ...others]: readonly Float32Array[], shares: readonly number[]): number[] {
  const straight = [1 - shares.reduce((sum, share) => sum + share, 0), ...shares];
  const [own, ...lengths] = [from!, ...others].map((vector) => Math.hypot(...vector));
  if (own === 0 || lengths.some((length) => length === 0)) return straight;
  const cosines = others.map((other, at) => {
    const dot = other.reduce((sum, value, i) => sum + value * from![i]!, 0);
    return Math.min(1, Math.max(-1, dot / (own! * lengths[at]!)));
  });
  // An angle over its sine.
  const stretches = cosines.map((cosine) => {
    const angle = Math.acos(cosine);
    if (Math.PI - angle < STRAIGHT) {
      throw new UsageError("Two stops are opposite to each other: many ways lead there.", "Put another between them.");
    }
    return angle < STRAIGHT ? 1 : angle / Math.sin(angle);
  });
  // The tangent in which all shares together lead, and how far.
  const tangent = from!.map((value, i) =>
    others.reduce(
      (sum, other, at) =>
        sum + shares[at]! * stretches[at]! * (other[i]! / lengths[at]! - (cosines[at]! * value) / own!),
      0,
    ),
  );
  const angle = Math.hypot(...tangent);
  const stretch = angle < STRAIGHT ? 1 : Math.sin(angle) / angle;
  const of = shares.map((share, at) => stretch * stretches[at]! * share);
  return [Math.cos(angle) - of.reduce((sum, each, at) => sum + each * cosines[at]!, 0), ...of];
}
