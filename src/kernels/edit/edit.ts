import { elements, type Graph, type OperationKind, type Value } from "../../runtime/graph.ts";
import editKernel from "../generated/edit.wgsl.ts";
import { lanes } from "../lanes.ts";

/**
 * The changeable numbers of a layer's edits: inputs of the graph, so that changing them recompiles
 * nothing.
 */
export interface EditValues {
  /** `[e, c]`: how much of each unit every edit replaces, 0…1. */
  readonly alpha: Value;
  /** `[e, c]`: what replaces it. */
  readonly value: Value;
  /** `[n, e, h, w]`: where, for every image. */
  readonly mask: Value;
  /** `[e, h, w, c]`: added to `value` pixel by pixel; with `copies`. */
  readonly source?: Value;
}

/** What a layer's edits can be, which decides its kernel. */
export interface EditOptions {
  /** Edits that are composed in their order: 1 unless given. */
  readonly edits?: number;
  /** Values may come from another image's features. */
  readonly copies?: boolean;
  /**
   * WGSL statements that return what replaces an activation, instead of `return value;`. They may
   * read `x` and `value` (f32), `unit`, `row`, `column` and `image` (u32).
   */
  readonly rule?: string;
  /**
   * Any number of edits, the same for all images of a batch, composed to one as they are set: then
   * a run costs the same with one as with a thousand, and one edit more costs one small step. With
   * none of the other options, which it does not need or cannot have.
   */
  readonly dense?: boolean;
}

/** Edits of its first input by the others: alpha, value, mask and, where it copies, source. */
export const EDIT: OperationKind<undefined> = { name: "edit" };

/**
 * Edits of x [n, h, w, c], composed: x (1 − a) + v a with a = alpha · mask and v = value, plus what
 * is copied (Bau et al. 2019, §3.2; spec §4.1). Where a is 0 x stays what it is to the bit.
 */
export function edit(
  graph: Graph,
  x: Value,
  { edits = 1, copies = false, rule }: EditOptions = {},
): { readonly y: Value; readonly values: EditValues } {
  const [n = 1, height = 1, width = 1, stored = 4] = x.shape;
  const values: EditValues = {
    alpha: graph.value(`${x.label}.alpha`, [edits, stored]),
    value: graph.value(`${x.label}.value`, [edits, stored]),
    mask: graph.value(`${x.label}.mask`, [n, edits, height, width]),
    ...(copies && { source: graph.value(`${x.label}.source`, [edits, height, width, stored]) }),
  };
  const y = graph.value(`${x.label}.edited`, x.shape, "f32", x.channels);
  const total = elements(x.shape) / 4;
  graph.step(
    rule === undefined ? editKernel : ruled(rule),
    { x, source: values.value, ...values, y },
    { vectors: stored / 4, width, pixels: height * width, edits, total },
    lanes(total),
    { choices: { COPIES: copies } },
  );
  // What a caller's rule is the gradient of, nobody knows.
  if (rule === undefined) {
    graph.record(EDIT, [x, values.alpha, values.value, values.mask, values.source], y, undefined);
  }
  return { y, values };
}

const BODY = "{return value;}";

/** The kernel with a caller's rule. What is said of it counts lines from the rule's first. */
export function ruled(rule: string): Omit<typeof editKernel, "name"> & { readonly name: string } {
  const source = editKernel.source.replace(BODY, () => `{\n${rule}\n}`);
  return { ...editKernel, name: "the rule", source };
}

/** Lines of the kernel before a rule's first. */
export const LINES_BEFORE_RULE: number = editKernel.source.split(BODY)[0]!.split("\n").length;
