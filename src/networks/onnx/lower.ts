import { WeightsError } from "../../errors.ts";
import type { State } from "../state.ts";
import { refused } from "./attributes.ts";
import { fold } from "./fold.ts";
import { Budget, ofTensor } from "./known.ts";
import { RECOGNISED } from "./lower-convolution.ts";
import { isKnown, type ListStep, type Lowered, Lowering } from "./lowering.ts";
import { checkOperators, needed, OPERATORS } from "./operators.ts";
import { recognised } from "./patterns.ts";
import { type Extents, naturalExtents, type Placed, wideAxes } from "./placed.ts";
import type { OnnxModel, OnnxNode, OnnxValue } from "./read.ts";

/** Operators whose outputs are layers to look at, where they are maps. */
const ACTIVATIONS = new Set(
  (
    "Celu Clip Elu Gelu HardSigmoid HardSwish LeakyRelu Mish PRelu Relu Selu Sigmoid Silu " +
    "Softplus Softsign Tanh ThresholdedRelu"
  ).split(" "),
);

/** An input of a lowered graph, for one image. */
export interface ListInput {
  readonly name: string;
  readonly extents: Extents;
  /** Which of so many classes: a one at its place. */
  readonly classes?: number;
}

/** A graph as a list of operations for one image. */
export interface OnnxList {
  readonly inputs: readonly ListInput[];
  readonly steps: readonly ListStep[];
  /** The tensors that the steps name. */
  readonly state: State;
  readonly outputs: readonly { readonly name: string; readonly value: Placed }[];
}

export interface LowerOptions {
  /** Shapes of inputs, batch included, where the file leaves them open or another is wanted. */
  readonly shapes?: ReadonlyMap<string, readonly number[]>;
  /** What the list calls inputs, by the names that the file calls them. */
  readonly names?: ReadonlyMap<string, string>;
  /** Bytes of the file, to which what may be computed is in proportion. */
  readonly size: number;
}

/**
 * An ONNX graph as a list of operations for one image: what is known before is computed, the rest
 * is lowered node by node.
 * @throws WeightsError naming the node that cannot be.
 */
export async function lower(model: OnnxModel, options: LowerOptions): Promise<OnnxList> {
  const { shapes, names, size } = options;
  const folding = { budget: new Budget(size), opset: model.opsets.get("") ?? 1 };
  const list = new Lowering(
    folding,
    model.inputs.map(({ name }) => names?.get(name) ?? name),
  );
  const values = new Map<string, Lowered>();
  for (const [name, tensor] of model.initializers) values.set(name, ofTensor(tensor, folding.budget));
  const inputs: ListInput[] = [];
  for (const input of model.inputs) {
    const [told, placed] = inputOf(model, input, names?.get(input.name) ?? input.name, shapes?.get(input.name));
    inputs.push(told);
    values.set(input.name, placed);
  }
  const makers = new Map<string, OnnxNode>();
  const ends = new Set(model.outputs.map(({ name }) => name));
  const nodes = needed(model);
  checkOperators(nodes);
  for (const node of nodes) {
    const given = node.inputs.map((name) => (name === "" ? undefined : (values.get(name) ?? unmade(node, name))));
    const known = await fold(node, given, folding);
    const whole = known ? node : await recognised(node, { makers, values });
    const made =
      known ??
      (await lowered(
        whole,
        whole.inputs.map((name) => values.get(name)),
        list,
      ));
    for (const [index, name] of node.outputs.entries()) {
      const value = made[index];
      if (name === "" || !value) continue;
      makers.set(name, node);
      values.set(
        name,
        !isKnown(value) && ACTIVATIONS.has(whole.operator) && !ends.has(name) ? layer(list, name, value) : value,
      );
    }
  }
  const outputs: { name: string; value: Placed }[] = [];
  for (const { name } of model.outputs) {
    const value = values.get(name);
    if (!value || isKnown(value)) throw nothing(`"${name}" does not depend on its inputs`);
    outputs.push({ name, value: seen(list, makers.get(name), value) });
  }
  return { inputs, outputs, ...alive(list, outputs) };
}

const nothing = (why: string): WeightsError =>
  new WeightsError(
    "weights-format",
    `This ONNX graph computes no image: ${why}.`,
    "Export the network with its inputs.",
  );

const unmade = (node: OnnxNode, name: string): never => {
  throw refused(node, `takes "${name}", which nothing makes before it`, "Export the network again.");
};

async function lowered(node: OnnxNode, inputs: readonly (Lowered | undefined)[], list: Lowering) {
  const known = { ...OPERATORS, ...RECOGNISED };
  if (Object.hasOwn(known, node.operator)) return known[node.operator]!(node, inputs, list);
  throw refused(node, "is computed before the network runs only, but takes what the network computes");
}

/** What networks call their inputs and outputs. */
const TAKEN = new Set(["z", "label", "input", "image", "raw", "logits"]);

/** An activation that is a map becomes a layer by the name of the node's output. */
function layer(list: Lowering, name: string, value: Placed): Placed {
  const [, , rows = 1, columns = 1] = value.shape;
  const map = value.shape.length === 4 && value.shape[0] === 1 && rows * columns > 1;
  if (!map || TAKEN.has(name) || value.extents.join() !== naturalExtents(value.shape).join()) return value;
  if (value.order.some((axis, i) => i > 0 && value.order[i - 1]! > axis)) return value;
  const to = list.name(name);
  list.steps.push({ op: "layer", x: value.result, name, to });
  return { ...value, result: to };
}

/** An output of a map [1, C, H, W] as channels, rows and columns. */
function seen(list: Lowering, node: OnnxNode | undefined, value: Placed): Placed {
  return node && value.shape.length === 4 && value.shape[0] === 1 ? list.map(node, value) : value;
}

/** Element types of numbers that say which. */
const WHOLE = new Set([6, 7]);

function inputOf(
  model: OnnxModel,
  { name, type, shape }: OnnxValue,
  result: string,
  given: readonly number[] | undefined,
): readonly [ListInput, Placed] {
  const open = (extent: number | string, axis: number): number => {
    if (axis === 0 && typeof extent === "string") return 1;
    if (typeof extent === "number") return extent;
    throw nothing(`axis ${axis} of its input "${name}" is open`);
  };
  if (!given && !shape) throw nothing(`its input "${name}" has no shape`);
  const told = given ?? shape!.map(open);
  if (!told.every((extent) => Number.isSafeInteger(extent) && extent > 0)) {
    throw nothing(`its input "${name}" is [${told}]`);
  }
  if (WHOLE.has(type)) {
    const classes = classesOf(model, name);
    const extents: Extents = [classes, 1, 1];
    return [
      { name, extents, classes },
      { result, shape: told, type, order: [], extents },
    ];
  }
  const extents = naturalExtents(told);
  return [
    { name, extents },
    { result, shape: told, type, order: wideAxes(told), extents },
  ];
}

/** Whether an input says which, rather than how much. */
export const isClass = ({ type }: OnnxValue): boolean => WHOLE.has(type);

/** How many classes an input of whole numbers chooses from: the rows of the table it looks up. */
function classesOf(model: OnnxModel, name: string): number {
  const node = model.nodes.find(({ operator, inputs }) => operator === "Gather" && inputs[1] === name);
  const rows = node && model.initializers.get(node.inputs[0] ?? "")?.shape[0];
  if (!rows) throw nothing(`its input "${name}" is of whole numbers, but chooses no row of a table`);
  return rows;
}

/** The steps that the outputs or a layer need, and their tensors. */
function alive(list: Lowering, outputs: OnnxList["outputs"]): Pick<OnnxList, "steps" | "state"> {
  const wanted = new Set(outputs.map(({ value }) => value.result));
  const state = new Map<string, NonNullable<ReturnType<State["get"]>>>();
  const steps: ListStep[] = [];
  for (const step of list.steps.toReversed()) {
    if (!wanted.has(step.to)) continue;
    steps.push(step);
    for (const [field, value] of Object.entries(step)) {
      if (["x", "y", "parts", "slope"].includes(field)) for (const name of [value].flat()) wanted.add(name as string);
      if (!["weight", "bias", "mean", "variance", "tensor", "table"].includes(field)) continue;
      const tensor = list.state.get(value as string);
      if (tensor) state.set(value as string, tensor);
    }
  }
  return { steps: steps.reverse(), state };
}
