// Tests: test/networks/network.test.ts, test/networks/generators/progan.test.ts

import { UsageError } from "../../errors.ts";
import type { Network } from "../network.ts";
import type { GeneratorFamily, GeneratorFile, GeneratorOptions } from "./family.ts";
import { PROGAN } from "./progan.ts";
import { PROGAN_ABLATION } from "./progan-ablations.ts";
import { STYLEGAN1 } from "./stylegan1.ts";
import { STYLEGAN2 } from "./stylegan2.ts";

/** The known families. Another is a file beside this one, and its name here. */
export const GENERATORS: readonly GeneratorFamily[] = [PROGAN_ABLATION, PROGAN, STYLEGAN1, STYLEGAN2];

/** The key of a safetensors file's metadata under which a description is kept. */
export const DESCRIPTION_KEY = "ganatomy.network";

/** A file as far as it is known; what is left out is empty. */
export type GivenFile = Partial<GeneratorFile> & Pick<GeneratorFile, "tensors">;

/**
 * The generator whose tensors these are, where they are a known family's and nothing else is said.
 * @throws UsageError for an option that the family does not have; WeightsError naming what is
 *   missing, mis-shaped or unexpected.
 */
export function familyNetwork(
  file: GivenFile,
  options: GeneratorOptions = {},
  families = GENERATORS,
): Network | undefined {
  const { network = file.metadata?.[DESCRIPTION_KEY], ...others } = options;
  if (network !== undefined) return undefined;
  const family = families.find(({ keys }) => keys.some((key) => file.tensors.has(key)));
  if (!family) return undefined;
  refuseOthers(others, family.name, family.options);
  const { tensors, attributes = new Map(), onWarning } = file;
  return family.network({ tensors, attributes, onWarning }, others);
}

/** @throws UsageError for an option that is not among those known. */
export function refuseOthers(options: GeneratorOptions, what: string, known: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || known.includes(name)) continue;
    const has = known.length > 0 ? `It has ${known.map((each) => `\`${each}\``).join(", ")}.` : "Leave it out.";
    throw new UsageError(`The file is ${what}, which has no \`${name}\`.`, has);
  }
}
