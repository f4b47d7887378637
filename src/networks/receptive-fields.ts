// Tests: test/networks/classifiers/receptive-fields.test.ts

import { UsageError } from "../errors.ts";
import { CONV } from "../kernels/conv/conv.ts";
import { DEPTHWISE } from "../kernels/conv/depthwise.ts";
import { GROUPED } from "../kernels/conv/grouped.ts";
import { axesOf, type Pair, type Window } from "../kernels/conv/window.ts";
import { BINARY } from "../kernels/maps/binary.ts";
import { POOL_MAX } from "../kernels/maps/pool.ts";
import { AVERAGE, CONCAT, MAXPOOL, RESIZE } from "../kernels/maps/resample.ts";
import { SCALE } from "../kernels/maps/scale.ts";
import { type Axis, CHANNELS, SEPARABLE } from "../kernels/maps/separable.ts";
import { UNARY } from "../kernels/maps/unary.ts";
import type { Extent, Graph, Operation, Value } from "../runtime/graph.ts";

/** Which pixels of an image the cells of a map look at. */
export interface ReceptiveFields {
  /**
   * Row and column of the centre of the first cell's field, in pixels: 0 is the middle of the first
   * one. Zeros around the image count, so that it can be negative.
   */
  readonly centre: Extent;
  /** Pixels from one cell's field to the next one's, down and across. */
  readonly stride: Extent;
}

/** Along one axis. */
interface Field {
  readonly centre: number;
  readonly stride: number;
  /** Pixels that a cell looks at. */
  readonly size: number;
}
type Fields = readonly [down: Field, across: Field];

const PIXELS: Field = { centre: 0, stride: 1, size: 1 };

/**
 * The fields of the cells of `to` [n, h, w, c] in `from`, of which a graph computes it: of all ways
 * from one to the other that with the largest fields, as NetDissect has it (`max_fieldmap`).
 * @throws UsageError where an operation on the way moves pixels in a way that is not known here.
 */
export function receptiveFields({ operations }: Graph, from: Value, to: Value): ReceptiveFields {
  const known = new Map<number, Fields>([[from.id, [PIXELS, PIXELS]]]);
  for (const operation of operations) {
    const ways = operation.inputs.flatMap((input, index): Fields[] => {
      const fields = input && known.get(input.id);
      return fields ? [through(operation, input, index, fields)] : [];
    });
    const [first] = ways;
    if (first) known.set(operation.output.id, ways.reduce(larger, first));
  }
  const fields = known.get(to.id);
  if (!fields) throw new Error(`"${to.label}" is not computed from "${from.label}".`);
  return {
    centre: [fields[0].centre, fields[1].centre],
    stride: [fields[0].stride, fields[1].stride],
  };
}

const larger = (a: Fields, b: Fields): Fields => (b[0].size > a[0].size ? b : a);

/** What the cells behind an operation see, of what those of one of its inputs see. */
function through({ kind, attributes, output }: Operation, input: Value, index: number, fields: Fields): Fields {
  const [before, after] = [extentOf(input), extentOf(output)];
  const window = index === 0 ? windowOf(kind, attributes) : undefined;
  if (window) return both(fields, axesOf(before, window.kernel, window), ofWindow);
  const isKept = before[0] === after[0] && before[1] === after[1];
  if (isKept && KEEPING.has(kind)) return fields;
  if (kind === SEPARABLE) {
    const { rows, columns } = attributes as { readonly rows: Axis; readonly columns: Axis };
    const picked = [pickedBy(rows), pickedBy(columns)] as const;
    if (picked.every((from) => from !== undefined)) return both(fields, picked as readonly [Picked, Picked], ofPicking);
  }
  const { sampling = "centre" } = { ...(attributes as { readonly sampling?: "centre" | "corner" } | undefined) };
  if (RESIZING.has(kind) && sampling === "centre") {
    const parts = [before[0] / after[0], before[1] / after[1]] as const;
    return both(fields, parts, ofResizing);
  }
  throw new UsageError(
    `Where units behind "${output.label}" look is not known: ${kind.name} is on the way.`,
    'Take another rule: by "netdissect-lite" and "gan-dissection" cells tile the image.',
  );
}

const extentOf = ({ shape: [, height = 1, width = 1] }: Value): Extent => [height, width];

/** How a window moves over the first input, where an operation has one. */
function windowOf(kind: Operation["kind"], attributes: unknown): (Window & { readonly kernel: Pair }) | undefined {
  if (kind === CONV || kind === GROUPED || kind === DEPTHWISE) {
    const { filter, options } = attributes as {
      readonly filter: { readonly kernel: Pair };
      readonly options: Window & { readonly upsample?: boolean };
    };
    return options.upsample ? undefined : { ...options, kernel: filter.kernel };
  }
  if (kind === POOL_MAX) {
    const pooling = attributes as Window & { readonly size: Pair };
    return { ...pooling, kernel: pooling.size };
  }
  return kind === MAXPOOL ? { kernel: 3, stride: 2, pad: 1 } : undefined;
}

/** Operations whose outputs are of the pixels where they are, where these are as many. */
const KEEPING: ReadonlySet<unknown> = new Set([
  ...[CONV, GROUPED, DEPTHWISE], // what is added to them
  ...[UNARY, BINARY, SCALE, CHANNELS, CONCAT, AVERAGE, RESIZE],
]);

/** Those that stretch a map over as many pixels as there are. */
const RESIZING: ReadonlySet<unknown> = new Set([CONCAT, AVERAGE, RESIZE]);

const both = <T>([down, across]: Fields, [rows, columns]: readonly [T, T], of: (field: Field, axis: T) => Field) =>
  [of(down, rows), of(across, columns)] as const;

function ofWindow({ centre, stride, size }: Field, axis: ReturnType<typeof axesOf>[0]): Field {
  return {
    centre: centre + stride * ((axis.reach - 1) / 2 - axis.before),
    stride: stride * axis.stride,
    size: size + stride * (axis.reach - 1),
  };
}

/** The first cell that is kept, and how many there are from one to the next. */
interface Picked {
  readonly first: number;
  readonly step: number;
}

/** Which cells an axis keeps, where it keeps some as they are, evenly spaced. */
function pickedBy({ taps }: Axis): Picked | undefined {
  const kept = taps.map((of) => (of.length === 1 && of[0]![1] === 1 ? of[0]![0] : Number.NaN));
  const [first = 0, second = first + 1] = kept;
  const step = second - first;
  return kept.every((from, index) => from === first + index * step) ? { first, step } : undefined;
}

const ofPicking = ({ centre, stride, size }: Field, { first, step }: Picked): Field => ({
  centre: centre + stride * first,
  stride: stride * step,
  size,
});

/** Of a cell that stands for `part` of those before. */
const ofResizing = ({ centre, stride, size }: Field, part: number): Field => ({
  centre: centre + (stride * (part - 1)) / 2,
  stride: stride * part,
  size: size + stride * Math.max(0, part - 1),
});
