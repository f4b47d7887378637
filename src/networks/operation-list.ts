import { ShapeError, WeightsError } from "../errors.ts";
import { repeat } from "../kernels/maps/layout.ts";
import type { Sampling } from "../kernels/maps/resample.ts";
import { nearest } from "../names.ts";
import { elements, type Graph, type Value } from "../runtime/graph.ts";
import { parseJson } from "../weights/json.ts";
import { jsonFault } from "./json-fault.ts";
import { type Build, type Lazy, type Network, networkOf } from "./network.ts";
import type { Surroundings } from "./operations/field.ts";
import { fused, readsOf } from "./operations/fusion.ts";
import { SAMPLING } from "./operations/resampling.ts";
import { append, fieldsOf, OPERATIONS, type Operation } from "./operations.ts";
import type { State } from "./state.ts";

/**
 * A network as a list of operations, the last of which makes the logits: kept as JSON in a
 * safetensors file's metadata.
 */
export interface OperationList {
  /** What it is, for people. */
  readonly architecture: string;
  /** Where logits are sampled when label maps are read. */
  readonly sampling?: Sampling;
  /** In the order in which they are computed. */
  readonly operations: readonly Operation[];
}

/** The metadata key of a safetensors file under which the list is kept. */
export const LIST_KEY = "ganatomy.operations";

const broken = (what: string, options?: ErrorOptions): WeightsError =>
  new WeightsError(
    "weights-format",
    `The list of operations in this file ${what}.`,
    "See docs/operations.md for its form.",
    options,
  );

/**
 * Elements of one image's results: more than any network of the kind has, and less than a device
 * binds.
 */
const MAX_ELEMENTS = 2 ** 27;
/**
 * Steps in any list, bytes of its JSON for each beyond them, and the most: a step takes some
 * kilobytes while a network is made of it, and a written one has hardly fewer bytes.
 */
const [GRANTED_STEPS, BYTES_A_STEP, MOST_STEPS] = [2 ** 13, 64, 2 ** 15];

/**
 * Reads and checks a list of operations: it came from a file.
 * @throws WeightsError `weights-format`
 */
export function parseOperations(text: string): OperationList {
  let list: unknown;
  try {
    list = parseJson(text);
  } catch (cause) {
    throw broken(`is not JSON ${jsonFault(text)}`, { cause });
  }
  const { architecture, sampling, operations } = (list ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof architecture !== "string" || !Array.isArray(operations) || operations.length === 0) {
    throw broken("has no architecture or no operations");
  }
  if (sampling !== undefined && !SAMPLING.holds(sampling)) {
    throw broken(`has an unknown sampling; it would be ${SAMPLING.described}`);
  }
  const steps = checkedSteps(operations, ["input"], text.length);
  checkLayers(steps, [IMAGE, LOGITS]);
  return { ...(list as OperationList), operations: steps };
}

/**
 * Steps with all their fields right and none of the two left out that may be: `x`, the result
 * before, and `to`.
 * @param inputs Names of what the network is given; the first step's `x` is the first.
 * @param bytes Of the JSON that they are from.
 */
export function checkedSteps(steps: readonly unknown[], inputs: readonly string[], bytes = 0): Operation[] {
  const most = Math.min(GRANTED_STEPS + Math.floor(bytes / BYTES_A_STEP), MOST_STEPS);
  if (steps.length > most) throw broken(`has ${steps.length} operations, more than ${most} in so many bytes`);
  const known = new Set(inputs);
  let last = inputs[0]!;
  return steps.map((given, index) => {
    const step = (given ?? {}) as Readonly<Record<string, unknown>>;
    const fields = fieldsOf(step["op"]) ?? {};
    const filled = {
      ...(Object.hasOwn(fields, "x") && !Object.hasOwn(step, "x") ? { x: last } : {}),
      ...(Object.hasOwn(step, "to") ? {} : { to: `step ${index}` }),
      ...step,
    };
    last = checked(filled, `step ${index}`, known);
    known.add(last);
    return filled as unknown as Operation;
  });
}

/** Refuses layers of the same name, or of that of an input or output. */
export function checkLayers(steps: readonly Operation[], others: readonly string[]): void {
  const names = new Set(others);
  for (const step of steps) {
    if (step.op !== "layer") continue;
    if (names.has(step.name)) throw broken(`names two things "${step.name}"`);
    names.add(step.name);
  }
}

/** The name of a step's result, when all its fields are right. */
function checked(step: Readonly<Record<string, unknown>>, where: string, known: ReadonlySet<string>): string {
  const { op, to } = step;
  const fields = fieldsOf(op);
  if (!fields) {
    const all = Object.keys(OPERATIONS);
    const near = typeof op === "string" ? nearest(op, all) : [];
    const what = typeof op === "string" ? ` "${op.slice(0, 40)}"` : "";
    const knows = near.length > 0 ? `did you mean ${near.join(" or ")}` : `known are ${all.join(", ")}`;
    throw broken(`has an unknown operation${what} at ${where}; ${knows}`);
  }
  for (const name of Object.keys(step)) {
    if (name === "op" || name === "to" || Object.hasOwn(fields, name)) continue;
    const near = nearest(name, Object.keys(fields));
    const knows = near.length > 0 ? `did you mean ${near.join(" or ")}` : `it has ${Object.keys(fields).join(", ")}`;
    throw broken(`has "${name}" at ${where}, which ${String(op)} does not have; ${knows}`);
  }
  for (const [name, field] of Object.entries(fields)) {
    const value = step[name];
    if (value === undefined && field.optional) continue;
    if (!field.holds(value)) throw broken(`has no proper "${name}" at ${where}, which is ${field.described}`);
    if (!field.results) continue;
    for (const result of [value].flat()) {
      if (!known.has(result as string)) throw broken(`uses "${String(result)}" at ${where} before it is made`);
    }
  }
  if (typeof to !== "string" || known.has(to)) throw broken(`has no new name in "to" at ${where}`);
  return to;
}

/** What makes a result, and the results that it asks for. */
interface Maker {
  readonly make: Lazy;
  readonly reads: readonly string[];
}

/**
 * The results of a list's steps in one graph, each made when something first asks for it: so a part
 * of the network is what is reached from what is wanted.
 */
export class Results {
  readonly #makers = new Map<string, Maker>();
  readonly #made = new Map<string, Value>();
  readonly #whole = new Map<string, Value>();
  readonly #around: Surroundings;

  constructor(graph: Graph, state: State, batch: number) {
    this.#around = {
      graph,
      state,
      batch,
      constantOf: (name) => this.maker(name)(),
      of: (name) => {
        const value = this.maker(name)();
        if (value.shape[0] === batch) return value;
        const whole = this.#whole.get(name) ?? repeat(graph, value, batch);
        this.#whole.set(name, whole);
        return whole;
      },
    };
  }

  /**
   * What makes the result of this name.
   * @throws ShapeError when there is none, which can only be an input that an operation needs.
   */
  maker(name: string): Lazy {
    if (this.#makers.has(name)) return () => this.#made.get(name) ?? this.#make(name);
    throw new ShapeError(`The network has no input "${name}".`, "Say of how many classes its images are.");
  }

  /** @param reads Results that `make` asks for. */
  set(name: string, make: Lazy, reads: readonly string[] = []): void {
    this.#makers.set(name, { make, reads });
  }

  /** @throws ShapeError, when it is made and does not fit. */
  append(step: Operation): Lazy {
    this.set(step.to, this.#making(step), readsOf(step));
    return this.maker(step.to);
  }

  /**
   * Appends steps, some of which are layers of the network.
   * @param nameOf What the layer is called that a step makes, if it makes one.
   * @throws ShapeError, when they are made and do not fit.
   */
  appendAll(
    steps: readonly Operation[],
    { layer, from }: Pick<Build, "layer" | "from">,
    nameOf: (step: Operation) => string | undefined,
  ): void {
    for (const step of steps) {
      const name = nameOf(step);
      if (name === undefined) this.append(step);
      else {
        const made = layer(name, this.#making(step), { vector: "of one place" });
        // What is before a layer that is given is not asked for.
        this.set(step.to, made, name === from ? [] : readsOf(step));
      }
    }
  }

  #making(step: Operation): Lazy {
    return () => {
      const made = append(step, this.#around);
      if (elements(made.shape) / (made.shape[0] ?? 1) > MAX_ELEMENTS) {
        throw new ShapeError(`"${step.to}" would be [${made.shape}].`, "Use a smaller input.");
      }
      return made;
    };
  }

  /**
   * Makes what a result reads before it, and it last. Were each made when the one behind asks for
   * it, a chain of a few thousand steps would be deeper than the stack.
   */
  #make(wanted: string): Value {
    const waiting = [wanted];
    for (let name = waiting.at(-1); name !== undefined; name = waiting.at(-1)) {
      // What is missing is told by the operation that asks for it.
      const { make, reads } = this.#makers.get(name)!;
      const before = reads.filter((read) => this.#makers.has(read) && !this.#made.has(read));
      for (const read of before.reverse()) waiting.push(read);
      if (before.length > 0) continue;
      if (!this.#made.has(name)) this.#made.set(name, make());
      waiting.pop();
    }
    return this.#made.get(wanted)!;
  }
}

/** What the network of a list is given and makes. */
const IMAGE = "image";
const LOGITS = "logits";

/** What the layer is called that a step says it is. */
export const layerOf = (step: Operation): string | undefined => (step.op === "layer" ? step.name : undefined);

/**
 * The network of a list: from preprocessed images [n, h, w, 3] to its last result, "logits". Its
 * layers are the steps that say so or, where none does, all results but the last, by their names.
 * @param edge Of the images for which extents are told.
 * @throws WeightsError naming every tensor that is missing or of another shape, or what does not
 *   fit together.
 */
export function listNetwork({ architecture, operations }: OperationList, state: State, edge: number): Network {
  const steps = fused(operations);
  const last = steps.at(-1)!.to;
  const unnamed = !steps.some(({ op }) => op === "layer");
  const nameOf = (step: Operation): string | undefined =>
    unnamed && ![last, IMAGE, LOGITS].includes(step.to) ? step.to : layerOf(step);
  const build = ({ graph, state, batch, input, output, ...layers }: Build): void => {
    const results = new Results(graph, state, batch);
    results.set("input", input({ name: IMAGE, height: edge, width: edge, channels: 3 }));
    results.appendAll(steps, layers, nameOf);
    output(LOGITS, "logits", results.maker(last));
  };
  const described = `the list of operations "${architecture}"`;
  return networkOf({ name: architecture, described, ignored: () => true, build }, state);
}
