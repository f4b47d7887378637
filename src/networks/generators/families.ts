// Tests: test/networks/network.test.ts, test/networks/generators/progan.test.ts

import { WeightsError } from "../../errors.ts";
import type { Network } from "../network.ts";
import type { State } from "../state.ts";
import type { GeneratorFamily, GeneratorOptions } from "./family.ts";
import { PROGAN } from "./progan.ts";

/** The known families. Another is a file beside this one, and its name here. */
export const GENERATORS: readonly GeneratorFamily[] = [PROGAN];

/**
 * The generator whose tensors these are.
 * @throws WeightsError `weights-shape` saying what the file holds and what would be known.
 */
export function recogniseGenerator(state: State, options: GeneratorOptions = {}, families = GENERATORS): Network {
  const family = families.find(({ keys }) => keys.some((key) => state.has(key)));
  if (family) return family.network(state, options);
  const found = [...state.keys()].slice(0, 4).join(", ");
  throw new WeightsError(
    "weights-shape",
    `This is not ${families.map(({ name, keys }) => `${name}: it has no ${keys[0]}`).join(", nor ")} (it holds ${found || "no tensors"}).`,
    families.map(({ expects }) => `Expected names are ${expects}.`).join(" "),
  );
}
