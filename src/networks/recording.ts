// Tests: test/networks/network.test.ts, test/networks/generators/progan.test.ts

import { ShapeError, WeightsError } from "../errors.ts";
import { andMore, nearest } from "../names.ts";
import type { CheckpointTensor } from "../weights/tensor.ts";
import type { State } from "./state.ts";

/** A shape in which `undefined` is as much as the file says. */
export type Expected = readonly (number | undefined)[];

/** A network's tensors, with a note of which were asked for and of which shape. */
class Recording extends Map<string, CheckpointTensor> {
  readonly asked = new Map<string, readonly number[]>();
  /**
   * Those of what is asked for behind a tensor that is not there, and whose extents they follow.
   */
  readonly guessed = new Set<string>();
  #guesses = false;

  /** Notes the shape; what only the file could say, and does not, is 1. */
  ask(key: string, expected: Expected): readonly number[] {
    const found = this.get(key)?.shape;
    if (this.#guesses) this.guessed.add(key);
    if (!found && expected.includes(undefined)) this.#guesses = true;
    const rank = found?.length === expected.length;
    const shape = expected.map((extent, axis) => extent ?? (rank ? found[axis]! : 1));
    this.asked.set(key, shape);
    return shape;
  }
}

/**
 * The shape of a tensor that a network needs, `undefined` where the file decides. While a network
 * is recognised this notes what was asked for and goes on whatever the file holds, so that
 * everything that is wrong can be told at once.
 * @throws WeightsError when it is missing or of another shape.
 */
export function need(state: State, key: string, expected: Expected): readonly number[] {
  if (state instanceof Recording) return state.ask(key, expected);
  const found = state.get(key)?.shape;
  if (found && found.length === expected.length && expected.every((extent, i) => (extent ?? found[i]) === found[i])) {
    return found;
  }
  const wanted = expected.map((extent) => extent ?? "any").join();
  throw new WeightsError(
    "weights-shape",
    `"${key}" ${found ? `is [${found}], not [${wanted}]` : `is missing; it would be [${wanted}]`}.`,
    "Check that the file belongs to this kind of network and is complete.",
  );
}

/**
 * Builds a network once over its tensors and compares those with what it asked for.
 * @param what The network with its article, "a UPerNet".
 * @param ignored Tensors that may be there unasked, such as counters of training.
 * @throws WeightsError naming every missing, mis-shaped and unexpected tensor at once, as PyTorch
 *   does.
 */
export function recorded<T>(
  what: string,
  state: State,
  build: (state: State) => T,
  ignored: (key: string) => boolean = () => false,
): T {
  const recording = new Recording(state);
  let failure: ShapeError | undefined;
  let result: T | undefined;
  try {
    result = build(recording);
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause;
    failure = cause;
  }
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const [key, shape] of recording.asked) {
    const found = state.get(key)?.shape;
    if (!found) missing.push(key);
    else if (recording.guessed.has(key))
      continue; // what it should be is not known
    else if (found.join() !== shape.join()) wrong.push(`${key} is [${found}], not [${shape}]`);
  }
  // A network that could not be built to its end did not ask for all that it needs.
  const unexpected = failure ? [] : [...state.keys()].filter((key) => !recording.asked.has(key) && !ignored(key));
  if (!failure && missing.length + wrong.length + unexpected.length === 0) return result as T;
  const kinds = [missing, wrong, unexpected].filter(({ length }) => length > 0).length;
  const most = kinds > 1 ? 4 : 8;
  throw new WeightsError(
    "weights-shape",
    [
      `These are not the weights of ${what}.`,
      ...listed(
        "Missing",
        missing.map((key, i) => (i < most ? `${key}${near(key, state, recording)}` : key)),
        most,
      ),
      ...listed("Mis-shaped", wrong, most),
      ...listed("Unexpected", unexpected, most),
      ...(failure && missing.length + wrong.length === 0 ? [failure.message] : []),
    ].join(" "),
    "Check that the file belongs to this kind of network and is complete.",
    failure && { cause: failure },
  );
}

/** The tensor that may be meant: one that nobody asked for; a much shorter name is in many. */
function near(key: string, state: State, { asked }: Recording): string {
  const [name] = nearest(
    key,
    [...state.keys()].filter((known) => !asked.has(known) && 2 * known.length >= key.length),
  );
  return name === undefined ? "" : ` (there is ${name})`;
}

function listed(title: string, items: readonly string[], most: number): string[] {
  if (items.length === 0) return [];
  return [`${title}: ${andMore(items, most)}.`];
}
