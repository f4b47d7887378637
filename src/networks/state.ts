import { WeightsError } from "../errors.ts";
import type { CheckpointTensor } from "../weights/tensor.ts";

/** The tensors of a network by the names its architecture uses. */
export type State = ReadonlyMap<string, CheckpointTensor>;

/** The shape of a tensor, or undefined. */
export const shapeOf = (state: State, key: string): readonly number[] | undefined => state.get(key)?.shape;

/** The tensors of a network against what its architecture says: every missing, mis-shaped and unexpected one at once, as PyTorch does. */
export function checkShapes(
  what: string,
  state: State,
  expected: ReadonlyMap<string, readonly number[]>,
  ignored: (key: string) => boolean = () => false,
): void {
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const [key, shape] of expected) {
    const found = state.get(key)?.shape;
    if (!found) missing.push(key);
    else if (found.join() !== shape.join()) wrong.push(`${key} is [${found}], not [${shape}]`);
  }
  const unexpected = [...state.keys()].filter((key) => !expected.has(key) && !ignored(key));
  if (missing.length + wrong.length + unexpected.length === 0) return;
  const list = (title: string, items: readonly string[]): string[] =>
    items.length === 0
      ? []
      : [`${title}: ${items.slice(0, 8).join(", ")}${items.length > 8 ? ` and ${items.length - 8} more` : ""}.`];
  throw new WeightsError(
    "weights-shape",
    [
      `These are not the weights of ${what}.`,
      ...list("Missing", missing),
      ...list("Mis-shaped", wrong),
      ...list("Unexpected", unexpected),
    ].join(" "),
    "Check that the file belongs to this kind of network and is complete.",
  );
}
