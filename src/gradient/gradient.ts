import { ShapeError, UsageError } from "../errors.ts";
import addKernel from "../kernels/generated/add.wgsl.ts";
import onesKernel from "../kernels/generated/ones.wgsl.ts";
import { lanes } from "../kernels/lanes.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { elements, type Graph, type Operation, type Value, writtenBy } from "../runtime/graph.ts";
import { ARITHMETIC } from "./arithmetic.ts";
import { CONVOLUTIONS } from "./conv.ts";
import { EDITS } from "./edit.ts";
import { LAYOUT } from "./layout.ts";
import { MAPS } from "./maps.ts";
import { POINTWISE } from "./pointwise.ts";
import { READOUT } from "./readout.ts";
import { Replay } from "./replay.ts";
import { STYLE } from "./style.ts";
import { checkWeights, type WeightGradient } from "./weights.ts";

const RULES = new Map([
  ...ARITHMETIC,
  ...CONVOLUTIONS,
  ...EDITS,
  ...LAYOUT,
  ...MAPS,
  ...POINTWISE,
  ...READOUT,
  ...STYLE,
]);

/** Options of `gradient`. */
export interface GradientOptions {
  /**
   * The upstream gradient: a value of the shape of `of`, zero in padding channels. The result is
   * the gradient of Σ seed · of (a vector-Jacobian product). Ones unless given: the gradient of the
   * sum.
   */
  readonly seed?: Value;
  /**
   * Gradient checkpointing: results of operations that the backward pass computes again instead of
   * keeping them in memory since the forward pass. The gradient's bits stay the same.
   */
  readonly recompute?: Iterable<Value>;
  /**
   * Told the gradient by the weights of every convolution on the way, from the last one on, as the
   * graph is appended: a value to keep. Depthwise, grouped, transposed and demodulated ones are
   * refused.
   */
  readonly weights?: (of: WeightGradient) => void;
}

const NAMES: NamesOf<GradientOptions> = { seed: true, recompute: true, weights: true };

/**
 * Appends the gradient of `of` by the values `wrt` to the graph that computes `of`: one value for
 * each of them, in its shape. By weights see `weights`. Weights that the backward pass needs in
 * another layout are parameters of the owner of the operation they belong to.
 *
 * Reverse-mode differentiation: from `of` back, the rule of each operation turns the gradient by
 * its output into the gradients by its inputs.
 * @throws UsageError when `of` does not depend on one of `wrt`, or depends on it through something
 *   without a gradient, such as a label map; ShapeError for a seed of another shape.
 */
export function gradient(graph: Graph, of: Value, wrt: readonly Value[], options: GradientOptions = {}): Value[] {
  checkNames("gradient", options, NAMES);
  const { seed, weights } = options;
  if (seed && seed.shape.join() !== of.shape.join()) {
    throw new ShapeError(`A seed [${seed.shape}] does not fit "${of.label}" [${of.shape}].`, "Give it the same shape.");
  }
  for (const value of wrt) {
    if (value.id === of.id || dependents(graph, [value]).has(of.id)) continue;
    throw new UsageError(
      `"${of.label}" does not depend on "${value.label}".`,
      "Take the gradient by something that it is computed from.",
    );
  }
  const made = dependents(graph, wrt);
  const wanted = new Set([...made, ...wrt.map(({ id }) => id)]);
  const visited = between(graph, of, made, wanted);
  const replay = new Replay(graph, options.recompute ?? []);
  const sums = new Sums(graph);
  sums.add(of, seed ?? ones(graph, of));
  if (weights) visited.forEach(checkWeights);
  for (const { kind, inputs, output, attributes, owner } of visited) {
    const dy = sums.of(output)!;
    const append = () =>
      RULES.get(kind)!.of({
        graph,
        attributes,
        inputs,
        output,
        dy,
        held: (value) => replay.of(value),
        wants: (input) => wanted.has(inputs[input]?.id ?? -1),
        take: (input) => sums.take(inputs[input]!),
        weights,
      });
    graph.owned(owner, append).forEach((dx, input) => {
      if (dx) sums.add(inputs[input]!, dx);
    });
  }
  return wrt.map((value) => sums.of(value)!);
}

/** Ids of what is computed from these values. */
function dependents(graph: Graph, values: readonly Value[]): Set<number> {
  const sources = new Set(values.map(({ id }) => id));
  const made = new Set<number>();
  for (const step of graph.steps) {
    const depends = Object.entries(step.bindings).some(
      ([name, { id }]) => made.has(id) || (sources.has(id) && step.kernel.bindings[name] === "read"),
    );
    if (depends) for (const id of writtenBy(step)) made.add(id);
  }
  return made;
}

/**
 * The operations by which `of` depends on what is to be differentiated by, last first.
 * @throws UsageError where one of them, or one of its inputs, has no gradient.
 */
function between(graph: Graph, of: Value, made: ReadonlySet<number>, wanted: ReadonlySet<number>): Operation[] {
  const open = new Set(made.has(of.id) ? [of.id] : []);
  const found: Operation[] = [];
  const refuse = (what: string, by: string | undefined): never => {
    throw new UsageError(
      `There is no gradient ${what}, which "${by}" computes.`,
      "Take the gradient of what comes before it (of a segmenter's score, not of its labels), or by what comes after it.",
    );
  };
  for (const operation of graph.operations.toReversed()) {
    const { kind, inputs, output } = operation;
    if (!open.delete(output.id)) continue;
    const known = RULES.get(kind)?.known ?? 0;
    inputs.forEach((input, index) => {
      if (!input || !wanted.has(input.id)) return;
      if (index >= known) refuse(`by "${input.label}" of "${output.label}"`, kind.name);
      if (made.has(input.id)) open.add(input.id);
    });
    found.push(operation);
  }
  for (const id of open) {
    const step = graph.steps.findLast((candidate) => writtenBy(candidate).includes(id));
    refuse(`through "${graph.values[id]!.label}"`, step?.kernel.name);
  }
  return found;
}

/** Ones, with zeros in padding channels. */
function ones(graph: Graph, { label, shape, channels }: Value): Value {
  const y = graph.value(`${label}.seed`, shape, "f32", channels);
  const total = elements(shape);
  graph.step(onesKernel, { y }, { stored: shape.at(-1) ?? 1, channels, total }, lanes(total));
  return y;
}

/**
 * The gradient by each value, summed over the uses of the value that were differentiated so far.
 */
class Sums {
  readonly #graph: Graph;
  readonly #sums = new Map<number, Value>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** The sum for a value, in the shape of that value, which may be a view. */
  of({ id, shape, channels, label }: Value): Value | undefined {
    const sum = this.#sums.get(id);
    return sum && this.#graph.view(sum, `${label}.gradient`, shape, channels);
  }

  /** Removes the sum and returns it, for a rule whose kernel adds it to its own result. */
  take(value: Value): Value | undefined {
    const sum = this.of(value);
    this.#sums.delete(value.id);
    return sum;
  }

  add(value: Value, b: Value): void {
    const a = this.#sums.get(value.id);
    if (!a) {
      this.#sums.set(value.id, b);
      return;
    }
    const y = this.#graph.value(`${value.label}.gradient`, b.shape, "f32", b.channels);
    const total = elements(b.shape);
    this.#graph.step(addKernel, { a, b, y }, { total }, lanes(total));
    this.#sums.set(value.id, y);
  }
}
