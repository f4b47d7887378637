import { ShapeError, UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";

/** Where a stroke acts, as its recipe holds it: cells of a grid, row by row. */
export interface Cells {
  /** Rows and columns; mostly the layer's own. Others are pooled to it, the largest wins. */
  readonly size: readonly [height: number, width: number];
  /**
   * Run lengths: cells that are off, then on, then off, … The cells behind the last run are off.
   */
  readonly cells: readonly number[];
}

const NAMES: NamesOf<Cells> = { size: "needed", cells: "needed" };

/** Edges of a mask are at most this long: the largest images of published generators. */
export const MAX_EDGE = 1024;

/**
 * Run lengths of a grid, of which every value that is not 0 is on.
 * @throws ShapeError for edges beyond 1…1024, or data of another length.
 */
export function packCells({
  height,
  width,
  data,
}: {
  /** Rows, 1…1024. */
  readonly height: number;
  /** Columns, 1…1024. */
  readonly width: number;
  /** `[height, width]`, row by row. */
  readonly data: ArrayLike<number>;
}): Cells {
  if (!isEdge(height) || !isEdge(width) || data.length !== height * width) {
    throw new ShapeError(
      `A mask of ${height} × ${width} cannot have ${data.length} cells.`,
      `Give one number a cell, and edges from 1 to ${MAX_EDGE}.`,
    );
  }
  const cells: number[] = [];
  let from = 0;
  for (let at = 0; at <= data.length; at += 1) {
    const on = cells.length % 2 === 1;
    if (at < data.length && (data[at] !== 0) === on) continue;
    if (at === data.length && !on) break;
    cells.push(at - from);
    from = at;
  }
  return { size: [height, width], cells };
}

/** The grid of run lengths, `[height, width]` row by row: 1 where it is on, else 0. */
export function unpackCells({ size: [height, width], cells }: Cells): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(height * width);
  let at = 0;
  cells.forEach((length, run) => {
    if (run % 2 === 1) data.fill(1, at, at + length);
    at += length;
  });
  return data;
}

/**
 * A mask of somebody else's, checked before anything is allocated for it: a copy with nothing else
 * in it.
 * @throws UsageError saying what is wrong with it.
 */
export function checkCells(given: unknown, of: string): Cells {
  const mask = given as Cells;
  checkNames(`The mask of ${of}`, mask, NAMES);
  const { size, cells } = mask;
  if (!Array.isArray(size) || size.length !== 2 || !size.every(isEdge)) {
    throw new UsageError(
      `The mask of ${of} has no size.`,
      `Give it size: [height, width], whole numbers from 1 to ${MAX_EDGE}.`,
    );
  }
  const total = size[0] * size[1];
  const isRun = (length: unknown): boolean => Number.isInteger(length) && (length as number) >= 0;
  if (!Array.isArray(cells) || cells.length > total + 1 || !cells.every(isRun)) {
    throw new UsageError(
      `The cells of the mask of ${of} are no run lengths.`,
      "Give whole numbers: how many cells are off, then on, then off, and so on.",
    );
  }
  const covered = cells.reduce((sum: number, length: number) => sum + length, 0);
  if (covered > total) {
    throw new UsageError(
      `The mask of ${of} has runs of ${covered} cells in a grid of ${total}.`,
      "Give run lengths that add up to at most its cells.",
    );
  }
  return { size: [size[0], size[1]], cells: [...cells] };
}

const isEdge = (edge: unknown): boolean =>
  Number.isInteger(edge) && (edge as number) >= 1 && (edge as number) <= MAX_EDGE;
