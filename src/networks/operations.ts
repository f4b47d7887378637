import { ShapeError, WeightsError } from "../errors.ts";
import type { Activation } from "../kernels/activation.ts";
import { conv } from "../kernels/conv.ts";
import { depthwise } from "../kernels/depthwise.ts";
import { average, concat, maxpool, resize, resizeAdd, type Sampling, slice } from "../kernels/resample.ts";
import { elements, type Graph, type Value } from "../runtime/graph.ts";
import { filterOf } from "./filters.ts";
import type { State } from "./state.ts";

/**
 * One step of a network written down as data: `x` and others name earlier results ("input" is the image), `to` its own.
 * A convolution's tensors are `filter.weight` [out][in][k][k] and `filter.bias`; a depthwise one's weight is [c][1][k][k].
 */
export type Operation =
  | {
      readonly op: "conv" | "depthwise";
      readonly x: string;
      readonly to: string;
      readonly filter: string;
      readonly stride?: number;
      readonly dilation?: number;
      readonly pad?: number | "same";
      readonly activation?: Activation;
      /** Added before the activation (conv only). */
      readonly add?: string;
    }
  | {
      readonly op: "resize";
      readonly x: string;
      readonly to: string;
      /** To the extents of this result; bilinear. */
      readonly like: string;
      readonly sampling?: Sampling;
      readonly add?: string;
    }
  | { readonly op: "concat"; readonly parts: readonly string[]; readonly to: string }
  | { readonly op: "slice"; readonly x: string; readonly to: string; readonly first: number; readonly channels: number }
  /** Average pooling without overlap. */
  | { readonly op: "average"; readonly x: string; readonly to: string; readonly size: number }
  /** Max pooling 3×3, stride 2, padding 1. */
  | { readonly op: "maxpool"; readonly x: string; readonly to: string };

/** A network as a list of operations, the last of which makes the logits: kept as JSON in a safetensors file's metadata. */
export interface OperationList {
  readonly architecture: string;
  /** Where logits are sampled when label maps are read. */
  readonly sampling?: Sampling;
  readonly operations: readonly Operation[];
}

/** The metadata key of a safetensors file under which the list is kept. */
export const OPERATIONS = "ganatomy.operations";

const broken = (what: string, options?: ErrorOptions): WeightsError =>
  new WeightsError(
    "weights-format",
    `The list of operations in this file ${what}.`,
    "See docs/segmenters.md for its form.",
    options,
  );

/** Elements of one image's results: more than any network of the kind has, and less than a device binds. */
const MAX_ELEMENTS = 2 ** 27;

/** What each operation must have: n for numbers from 0, s for names, a for lists of names. */
const FORMS: Readonly<Record<string, Readonly<Record<string, "s" | "n" | "a">>>> = {
  conv: { x: "s", filter: "s" },
  depthwise: { x: "s", filter: "s" },
  resize: { x: "s", like: "s" },
  concat: { parts: "a" },
  slice: { x: "s", first: "n", channels: "n" },
  average: { x: "s", size: "n" },
  maxpool: { x: "s" },
};
const ACTIVATION_NAMES = ["none", "leaky", "relu", "relu6"];
const isCount = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65536;

/**
 * Reads and checks a list of operations: it came from a file.
 * @throws WeightsError `weights-format`
 */
export function parseOperations(text: string): OperationList {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    throw broken("is not JSON", { cause });
  }
  const { architecture, sampling, operations } = (list ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof architecture !== "string" || !Array.isArray(operations) || operations.length === 0) {
    throw broken("has no architecture or no operations");
  }
  if (sampling !== undefined && sampling !== "centre" && sampling !== "corner") throw broken("has an unknown sampling");
  if (operations.length > 10_000) throw broken("has more than 10,000 operations");
  const known = new Set(["input"]);
  operations.forEach((step: Readonly<Record<string, unknown>>, index) => {
    const where = `step ${index}`;
    const op: unknown = step?.["op"];
    const form = typeof op === "string" && Object.hasOwn(FORMS, op) ? FORMS[op] : undefined;
    if (!form) throw broken(`has an unknown operation at ${where}`);
    for (const [field, kind] of Object.entries(form)) {
      const value = step[field];
      const right =
        kind === "s"
          ? typeof value === "string"
          : kind === "n"
            ? isCount(value)
            : Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string");
      if (!right) throw broken(`has no proper "${field}" at ${where}`);
    }
    for (const field of ["stride", "dilation", "size"]) {
      if (step[field] !== undefined && !(isCount(step[field]) && Number(step[field]) > 0)) {
        throw broken(`has no proper "${field}" at ${where}`);
      }
    }
    const { pad = 0, activation = "none", sampling: how = "centre", to } = step;
    if (!(pad === "same" || isCount(pad))) throw broken(`has no proper "pad" at ${where}`);
    if (!ACTIVATION_NAMES.some((name) => name === activation)) throw broken(`has an unknown activation at ${where}`);
    if (how !== "centre" && how !== "corner") throw broken(`has an unknown sampling at ${where}`);
    const parts = op === "concat" ? (step["parts"] as string[]) : [];
    for (const name of [step["x"], step["like"], step["add"], ...parts]) {
      if (name !== undefined && !(typeof name === "string" && known.has(name)))
        throw broken(`uses "${String(name)}" at ${where} before it is made`);
    }
    if (typeof to !== "string" || known.has(to)) throw broken(`has no new name in "to" at ${where}`);
    known.add(to);
  });
  return list as OperationList;
}

/** Appends the network to a graph: the last operation's result for the preprocessed image x [n, h, w, 3]. */
export function runOperations(graph: Graph, state: State, { operations }: OperationList, x: Value): Value {
  const results = new Map<string, Value>([["input", x]]);
  const of = (name: string): Value => results.get(name)!;
  let last = x;
  for (const step of operations) {
    last = append(graph, state, step, of);
    if (elements(last.shape) / (last.shape[0] ?? 1) > MAX_ELEMENTS) {
      throw new ShapeError(`"${step.to}" would be [${last.shape}].`, "Use a smaller input.");
    }
    results.set(step.to, last);
  }
  return last;
}

function append(graph: Graph, state: State, step: Operation, of: (name: string) => Value): Value {
  switch (step.op) {
    case "conv": {
      const { stride = 1, dilation = 1, pad = 0, activation = "none", add } = step;
      const residual = add === undefined ? {} : { residual: of(add) };
      return conv(graph, of(step.x), filterOf(state, step.filter), { stride, dilation, pad, activation, ...residual });
    }
    case "depthwise": {
      const { stride = 1, dilation = 1, pad = 0, activation = "none" } = step;
      const x = of(step.x);
      const filter = { ...filterOf(state, step.filter), inChannels: x.channels };
      return depthwise(graph, x, filter, { stride, dilation, pad, activation });
    }
    case "resize": {
      const { sampling = "centre", add } = step;
      const [, height = 1, width = 1] = of(step.like).shape;
      if (add !== undefined) {
        if (of(add).shape[1] !== height || of(add).shape[2] !== width) {
          throw new ShapeError(
            `"${step.to}" is resized like "${step.like}", which "${add}" does not fit.`,
            "Give both the same size.",
          );
        }
        return resizeAdd(graph, of(step.x), of(add), sampling);
      }
      return resize(graph, of(step.x), height, width, sampling);
    }
    case "concat": {
      const parts = step.parts.map(of);
      const [, height = 1, width = 1] = parts[0]!.shape;
      return concat(graph, step.to, parts, height, width);
    }
    case "slice":
      return slice(graph, of(step.x), step.first, step.channels);
    case "average": {
      const x = of(step.x);
      const [, height = 1, width = 1] = x.shape;
      if (height % step.size !== 0 || width % step.size !== 0) {
        throw new ShapeError(
          `"${step.to}" averages ${step.size}×${step.size} pixels, which do not divide ${height}×${width}.`,
          "Give a size that divides it.",
        );
      }
      return average(graph, x, height / step.size, width / step.size);
    }
    case "maxpool":
      return maxpool(graph, of(step.x));
  }
}
