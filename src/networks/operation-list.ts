import { ShapeError, WeightsError } from "../errors.ts";
import { repeat } from "../kernels/maps/layout.ts";
import type { Sampling } from "../kernels/maps/resample.ts";
import { nearest } from "../names.ts";
import { elements, type Graph, type Value } from "../runtime/graph.ts";
import { jsonFault } from "./json-fault.ts";
import type { Lazy } from "./network.ts";
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
  readonly architecture: string;
  /** Where logits are sampled when label maps are read. */
  readonly sampling?: Sampling;
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
const MAX_OPERATIONS = 10_000;

/**
 * Reads and checks a list of operations: it came from a file.
 * @throws WeightsError `weights-format`
 */
export function parseOperations(text: string): OperationList {
  let list: unknown;
  try {
    list = JSON.parse(text);
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
  return { ...(list as OperationList), operations: checkedSteps(operations, ["input"]) };
}

/**
 * Steps with all their fields right and none of the two left out that may be: `x`, the result
 * before, and `to`.
 * @param inputs Names of what the network is given; the first step's `x` is the first.
 */
export function checkedSteps(steps: readonly unknown[], inputs: readonly string[]): Operation[] {
  if (steps.length > MAX_OPERATIONS) throw broken("has more than 10,000 operations");
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

/** The name of a step's result, when all its fields are right. */
function checked(step: Readonly<Record<string, unknown>>, where: string, known: ReadonlySet<string>): string {
  const { op, to } = step;
  const fields = fieldsOf(op);
  if (!fields) throw broken(`has an unknown operation at ${where}; known are ${Object.keys(OPERATIONS).join(", ")}`);
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
    const make = (): Value => {
      const made = append(step, this.#around);
      if (elements(made.shape) / (made.shape[0] ?? 1) > MAX_ELEMENTS) {
        throw new ShapeError(`"${step.to}" would be [${made.shape}].`, "Use a smaller input.");
      }
      return made;
    };
    this.set(step.to, make, readsOf(step));
    return this.maker(step.to);
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

/**
 * Appends the network to a graph: the last operation's result for the preprocessed image x [n, h,
 * w, 3].
 */
export function runOperations(graph: Graph, state: State, { operations }: OperationList, x: Value): Value {
  const results = new Results(graph, state, x.shape[0] ?? 1);
  results.set("input", () => x);
  let last = x;
  for (const step of fused(operations)) last = results.append(step)();
  return last;
}
