import { packCells } from "../session/cells.ts";
import type { Stroke, Units } from "../session/recipe.ts";
import { type Extents, within } from "./place.ts";

// Tests: test/elements/brush.test.ts

/** What a stroke will do. */
export interface Brush {
  readonly op: "draw" | "remove" | "copy";
  readonly units: Units;
  /** How much of each unit is replaced, 0…1. */
  readonly alpha: number;
  /** The quantile that is drawn with, 0…1. */
  readonly quantile: number;
  /** What is copied, a value a unit; a brush that copies and has none chooses what. */
  readonly values?: readonly number[];
  /** In cells of the layer. */
  readonly radius: number;
}

/**
 * Where something is, in cells: row 2, column 3 is the square from y = 2, x = 3 to y = 3, x = 4.
 */
export interface Point {
  readonly y: number;
  readonly x: number;
}

/** A stroke while it is being made: the cells that a disc covers on its way. */
export class GrowingStroke {
  readonly id: string;
  readonly brush: Brush;
  readonly extents: Extents;
  readonly cells: Uint8Array;
  #last: Point;

  constructor(id: string, brush: Brush, extents: Extents, at: Point) {
    this.id = id;
    this.brush = brush;
    this.extents = extents;
    this.cells = discAt(extents, at, brush.radius);
    this.#last = at;
  }

  /** Goes on to a point, and covers what lies between; says whether it covers more now. */
  to(point: Point): boolean {
    const more = cover(this.cells, this.extents, this.#last, point, this.brush.radius);
    this.#last = point;
    return more;
  }

  /** Whether it only chooses what others copy. */
  get picks(): boolean {
    return this.brush.op === "copy" && !this.brush.values;
  }

  get stroke(): Stroke {
    const { op, units, alpha, quantile, values } = this.brush;
    return {
      ...{ id: this.id, op, units, alpha },
      ...(op === "draw" && { value: { quantile } }),
      ...(op === "copy" && { value: values ?? [] }),
      mask: packCells({ ...this.extents, data: this.cells }),
    };
  }
}

/** The cells that a brush covers at a point. */
export function discAt(extents: Extents, at: Point, radius: number): Uint8Array {
  const cells = new Uint8Array(extents.height * extents.width);
  cover(cells, extents, at, at, radius);
  return cells;
}

/**
 * Turns the cells on whose centres lie within the radius of a line, and those that the line itself
 * touches, so that the smallest brush covers the cell that it is in; says whether any was off.
 */
export function cover(cells: Uint8Array, { height, width }: Extents, from: Point, to: Point, radius: number): boolean {
  const [dy, dx] = [to.y - from.y, to.x - from.x];
  const length = dy * dy + dx * dx;
  let more = false;
  const turnOn = (row: number, column: number): void => {
    more ||= cells[row * width + column] === 0;
    cells[row * width + column] = 1;
  };
  // Centres of other cells are farther away.
  const [top, bottom] = [Math.min(from.y, to.y) - radius, Math.max(from.y, to.y) + radius];
  const [left, right] = [Math.min(from.x, to.x) - radius, Math.max(from.x, to.x) + radius];
  for (let row = Math.max(0, Math.floor(top)); row < Math.min(height, Math.ceil(bottom)); row += 1) {
    for (let column = Math.max(0, Math.floor(left)); column < Math.min(width, Math.ceil(right)); column += 1) {
      const [y, x] = [row + 0.5 - from.y, column + 0.5 - from.x];
      const along = length === 0 ? 0 : Math.min(1, Math.max(0, (y * dy + x * dx) / length));
      if (Math.hypot(y - along * dy, x - along * dx) <= radius) turnOn(row, column);
    }
  }
  const steps = Math.max(1, Math.ceil(4 * Math.sqrt(length)));
  for (let step = 0; step <= steps; step += 1) {
    const row = within(Math.floor(from.y + (dy * step) / steps), height);
    turnOn(row, within(Math.floor(from.x + (dx * step) / steps), width));
  }
  return more;
}

/** The path of an SVG around the cells that are on, each a unit wide. */
export function outline(cells: ArrayLike<number>, { height, width }: Extents): string {
  const on = (row: number, column: number): boolean =>
    row >= 0 && row < height && column >= 0 && column < width && cells[row * width + column] !== 0;
  let path = "";
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      if (!on(row, column)) continue;
      if (!on(row - 1, column)) path += `M${column} ${row}h1`;
      if (!on(row + 1, column)) path += `M${column} ${row + 1}h1`;
      if (!on(row, column - 1)) path += `M${column} ${row}v1`;
      if (!on(row, column + 1)) path += `M${column + 1} ${row}v1`;
    }
  }
  return path;
}

/** The path of an SVG that fills them. */
export function area(cells: ArrayLike<number>, { height, width }: Extents): string {
  let path = "";
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      if (cells[row * width + column] !== 0) path += `M${column} ${row}h1v1h-1z`;
    }
  }
  return path;
}

/** An id that none of these strokes has. */
export function newId(strokes: readonly Stroke[]): string {
  const ids = new Set(strokes.map(({ id }) => id));
  let number = strokes.length + 1;
  while (ids.has(`s${number}`)) number += 1;
  return `s${number}`;
}
