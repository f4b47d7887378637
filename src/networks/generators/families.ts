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
  for (const { tensors, attributes } of unprefixed(file)) {
    const family = families.find(({ keys }) => keys.some((key) => tensors.has(key)));
    if (!family) continue;
    refuseOthers(others, family.name, family.options);
    return family.network({ tensors, attributes, onWarning: file.onWarning }, others);
  }
  return undefined;
}

/** Parts of a prefix that are taken off at most. */
const MAX_PARTS = 4;

/**
 * A file as it is and, where all its names begin alike, without that: Lightning's "model." or
 * "net.generator.".
 */
function* unprefixed(file: GivenFile): Iterable<Pick<GeneratorFile, "tensors" | "attributes">> {
  let { tensors, attributes = new Map() } = file;
  for (let parts = 0; parts < MAX_PARTS; parts += 1) {
    yield { tensors, attributes };
    const names = [...tensors.keys()];
    const prefix = names[0]?.slice(0, names[0].indexOf(".") + 1);
    if (!prefix || !names.every((name) => name.startsWith(prefix))) return;
    const within = <T>(all: ReadonlyMap<string, T>) =>
      new Map(
        [...all].filter(([name]) => name.startsWith(prefix)).map(([name, one]) => [name.slice(prefix.length), one]),
      );
    [tensors, attributes] = [within(tensors), within(attributes)];
  }
}

/** @throws UsageError for an option that is not among those known. */
export function refuseOthers(options: GeneratorOptions, what: string, known: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || known.includes(name)) continue;
    const has = known.length > 0 ? `It has ${known.map((each) => `\`${each}\``).join(", ")}.` : "Leave it out.";
    throw new UsageError(`The file is ${what}, which has no \`${name}\`.`, has);
  }
}
