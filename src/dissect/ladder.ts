/**
 * Ascending levels of units as count.wgsl finds a value's place among them: a look-up instead of a
 * search. The range of a unit's levels is cut into cells of one width. Nearly all hold no level, so
 * the cell alone tells how many a value exceeds.
 */
export interface Ladder {
  /** `[units, levels + 1]`: each unit's levels, and one beyond every activation. */
  readonly levels: Float32Array<ArrayBuffer>;
  /**
   * `[units, 2 + cells]`: the bits of where the cells start and of how many there are to one; then
   * the cells.
   */
  readonly cells: Uint32Array<ArrayBuffer>;
}

/** Greater than every activation. */
const BEYOND = 2 ** 127 * (2 - 2 ** -23);

/**
 * How far a level is from a cell, in cells, to be none of it: a hundred times what the GPU's two
 * operations round by.
 */
const MARGIN = 0.02;

/**
 * A range of levels below which the GPU's subtraction may end in subnormal numbers, which are zero
 * to some.
 */
const NARROWEST = 1e-30;

/**
 * Cells of a unit. At 100 levels some six in a hundred values fall into one with a level; one level
 * needs none.
 */
export const cellsOf = (levels: number): number => (levels === 1 ? 1 : 2048);

/**
 * The ladder of `stored` units, of which the first `channels` have levels, [levels][channels];
 * nothing exceeds the others'.
 */
export function ladderOf(levels: Float32Array, channels: number, stored: number): Ladder {
  const rungs = levels.length / channels;
  const count = cellsOf(rungs);
  const ladder = new Float32Array(stored * (rungs + 1)).fill(BEYOND);
  const cells = new Uint32Array(stored * (2 + count));
  const floats = new Float32Array(cells.buffer);
  for (let unit = 0; unit < channels; unit += 1) {
    const own = ladder.subarray(unit * (rungs + 1), (unit + 1) * (rungs + 1));
    for (let level = 0; level < rungs; level += 1) own[level] = levels[level * channels + unit]!;
    const at = unit * (2 + count);
    const [first, last] = [own[0]!, own[rungs - 1]!];
    // (Where single precision may not tell the cells apart, all are one, with all levels in it.)
    const width = last - first;
    if (width > NARROWEST && width < BEYOND) floats.set([first, count / width], at);
    let below = 0; // levels that whatever is in the cell exceeds
    for (let cell = 0; cell < count; cell += 1) {
      const place = (level: number): number => (own[level]! - floats[at]!) * floats[at + 1]!;
      while (below < rungs && place(below) < cell - MARGIN) below += 1;
      // (Of an infinite level the place is no number.)
      const holds = below < rungs && !(place(below) > cell + 1 + MARGIN);
      cells[at + 2 + cell] = 2 * below + (holds ? 1 : 0);
    }
  }
  return { levels: ladder, cells };
}
