// Tests: test/dissect/cells.test.ts

import type { Covering } from "../kernels/statistics/statistics.ts";
import type { Extent } from "../runtime/graph.ts";
import type { CellArea } from "./result.ts";
import type { Rule } from "./rules.ts";
import type { Subject } from "./subject.ts";

/**
 * Where the published code of a rule lays cells on a label map, along one axis: the centre of the
 * first, in pixels of the label map (0 is the middle of its first), and how many lie between one
 * and the next. `edge` is the image's, `labels` the label map's.
 */
const LAYING = {
  /**
   * NetDissect's `upsampleL` (src/upsample.py): the pixel in the middle of the receptive field, of
   * two the second, by whole numbers; label maps are a whole part of the image.
   */
  "cvpr-2017": (centre: number, stride: number, edge: number, labels: number) => {
    const part = Math.max(1, Math.round(edge / labels));
    return { first: Math.floor(Math.ceil(centre) / part), step: stride / part };
  },
  /** dissect's `upsample_grid`: the outermost pixels' middles lie on each other. */
  "pnas-2020": (centre: number, stride: number, edge: number, labels: number) => {
    const part = (labels - 1) / Math.max(1, edge - 1);
    return { first: centre * part, step: stride * part };
  },
};

/**
 * Where a layer's cells lie in the images by a rule, for label maps of a grid; undefined where they
 * tile them.
 * @throws UsageError where the rule goes by receptive fields, and these are not known.
 */
export function cellArea(
  { cells }: Pick<Rule, "cells">,
  subject: Pick<Subject, "height" | "width" | "fields" | "unpadded" | "layer">,
  name: string,
  [rows, columns]: Extent,
): CellArea | undefined {
  if (!cells || !subject.fields || (cells.of === "unpadded" && !subject.unpadded)) return undefined;
  const { centre, stride } = subject.fields(name);
  const { height, width } = subject.layer(name);
  const along = (at: 0 | 1, count: number, edge: number, labels: number) => {
    const { first, step } = LAYING[cells.as](centre[at], stride[at], edge, labels);
    const pixels = edge / labels;
    return { from: (first + 0.5 - step / 2) * pixels, extent: count * step * pixels };
  };
  const down = along(0, height, subject.height, rows);
  const across = along(1, width, subject.width, columns);
  return { top: down.from, left: across.from, height: down.extent, width: across.extent, outside: cells.outside };
}

/** Where cells lie on label maps of a grid, of images of this height and width. */
export function coveringOf(
  { top, left, height, width, outside }: CellArea,
  image: Pick<Subject, "height" | "width">,
  [rows, columns]: Extent,
): Covering {
  const [down, across] = [rows / image.height, columns / image.width];
  return {
    reach: [height * down, width * across],
    origin: [top * down, left * across],
    fades: outside === "zeros",
  };
}
