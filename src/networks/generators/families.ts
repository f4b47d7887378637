// Tests: test/networks/network.test.ts, test/networks/generators/progan.test.ts

import { UsageError, WeightsError } from "../../errors.ts";
import type { Network } from "../network.ts";
import type { GeneratorFamily, GeneratorFile, GeneratorOptions } from "./family.ts";
import { PROGAN } from "./progan.ts";
import { PROGAN_ABLATION } from "./progan-ablations.ts";
import { STYLEGAN2 } from "./stylegan2.ts";

/** The known families. Another is a file beside this one, and its name here. */
export const GENERATORS: readonly GeneratorFamily[] = [PROGAN_ABLATION, PROGAN, STYLEGAN2];

/**
 * The generator whose tensors these are.
 * @throws WeightsError `weights-shape` saying what the file holds and what would be known;
 *   UsageError for an option that its family does not have.
 */
export function recogniseGenerator(
  file: Partial<GeneratorFile> & Pick<GeneratorFile, "tensors">,
  options: GeneratorOptions = {},
  families = GENERATORS,
): Network {
  const { tensors } = file;
  const family = families.find(({ keys }) => keys.some((key) => tensors.has(key)));
  if (family) {
    for (const [name, value] of Object.entries(options) as [keyof GeneratorOptions, unknown][]) {
      if (value === undefined || family.options.includes(name)) continue;
      const has = family.options.length > 0 ? `It has ${family.options.join(", ")}.` : "Leave it out.";
      throw new UsageError(`The file is ${family.name}, which has no ${name}.`, has);
    }
    return family.network({ attributes: new Map(), ...file }, options);
  }
  const found = [...tensors.keys()].slice(0, 4).join(", ");
  throw new WeightsError(
    "weights-shape",
    `This is not ${families.map(({ name, keys }) => `${name}: it has no ${keys[0]}`).join(", nor ")} (it holds ${found || "no tensors"}).`,
    families.map(({ expects }) => `Expected names are ${expects}.`).join(" "),
  );
}
