import { UsageError } from "../errors.ts";
import { type Graph, type Step, type Value, writtenBy } from "../runtime/graph.ts";

// Tests: test/gradient/gradient.test.ts

/**
 * Values computed a second time where they are needed, instead of being kept until then: steps are
 * data, so those that made a value are appended again, and make the same bits.
 */
export class Replay {
  readonly #graph: Graph;
  readonly #steps: readonly Step[];
  readonly #values: ReadonlySet<number>;
  /**
   * Ids that are read as they are: what is no temporary of an operation, and not computed again
   * itself.
   */
  readonly #lasting: ReadonlySet<number>;
  readonly #copies = new Map<number, number>();

  /** @throws UsageError when one of the values is no operation's result. */
  constructor(graph: Graph, values: Iterable<Value>) {
    const results = new Set(graph.operations.map(({ output }) => output.id));
    this.#graph = graph;
    this.#steps = [...graph.steps];
    this.#values = new Set(
      [...values].map(({ id, label }) => {
        if (results.has(id)) return id;
        throw new UsageError(`"${label}" is not computed by an operation.`, "Recompute results of operations.");
      }),
    );
    const written = new Set(graph.steps.flatMap(writtenBy));
    const ids = graph.values.map(({ id }) => id);
    this.#lasting = new Set(ids.filter((id) => !this.#values.has(id) && (results.has(id) || !written.has(id))));
  }

  /** A value as it is, or computed again. */
  of(value: Value): Value {
    if (!this.#values.has(value.id)) return value;
    if (!this.#copies.has(value.id)) this.#append(value.id);
    return { ...value, id: this.#copies.get(value.id)! };
  }

  #append(target: number): void {
    const needed = new Set([target]);
    const again: Step[] = [];
    for (const step of this.#steps.toReversed()) {
      const written = writtenBy(step);
      if (!written.some((id) => needed.has(id))) continue;
      again.unshift(step);
      for (const { id } of Object.values(step.bindings)) {
        if (written.includes(id) || !(this.#lasting.has(id) || this.#copies.has(id))) needed.add(id);
      }
    }
    for (const id of needed) {
      const { label, shape, dtype, channels } = this.#graph.values[id]!;
      this.#copies.set(id, this.#graph.value(`${label}.again`, shape, dtype, channels).id);
    }
    for (const step of again) {
      const bindings = Object.entries(step.bindings).map(([name, value]) => {
        const id = this.#copies.get(value.id) ?? value.id;
        return [name, { ...value, id }] as const;
      });
      this.#graph.steps.push({ ...step, bindings: Object.fromEntries(bindings) });
    }
  }
}
