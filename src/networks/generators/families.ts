// Tests: test/networks/network.test.ts, test/networks/generators/progan.test.ts,
// test/networks/generators/dcgan.test.ts

import { UsageError, WeightsError } from "../../errors.ts";
import { nearest } from "../../names.ts";
import { parseDescription } from "../description.ts";
import { describedNetwork } from "../description-network.ts";
import type { Network } from "../network.ts";
import type { State } from "../state.ts";
import { ASSUMED, dcgan, dcganOf } from "./dcgan.ts";
import type { GeneratorFamily, GeneratorFile, GeneratorOptions } from "./family.ts";
import { PROGAN } from "./progan.ts";
import { PROGAN_ABLATION } from "./progan-ablations.ts";
import { STYLEGAN1 } from "./stylegan1.ts";
import { STYLEGAN2 } from "./stylegan2.ts";
import { describeTensors } from "./telltales.ts";

/** The known families. Another is a file beside this one, and its name here. */
export const GENERATORS: readonly GeneratorFamily[] = [PROGAN_ABLATION, PROGAN, STYLEGAN1, STYLEGAN2];

/** Descriptions that are made by looking at a file, by the names that `network` takes. */
const PRESETS: Readonly<Record<string, (tensors: State) => ReturnType<typeof dcgan>>> = {
  dcgan,
  // The same network: the tutorial was made of the example.
  "dcgan-tutorial": dcgan,
};

/** The key of a safetensors file's metadata under which a description is kept. */
export const DESCRIPTION_KEY = "ganatomy.network";

/** A file as far as it is known; what is left out is empty. */
type Given = Partial<GeneratorFile> & Pick<GeneratorFile, "tensors">;

/**
 * The generator whose tensors these are, or the one that is described.
 * @throws WeightsError `weights-shape` saying what the file holds and what would be known,
 *   `weights-format` for a description that is none; UsageError for an option that its family does
 *   not have.
 */
export function recogniseGenerator(given: Given, options: GeneratorOptions = {}, families = GENERATORS): Network {
  const file: GeneratorFile = { attributes: new Map(), ...given };
  const { tensors } = file;
  const { network = file.metadata?.[DESCRIPTION_KEY], ...others } = options;
  if (network !== undefined) {
    refuseOthers(others, "a described network", []);
    return describedNetwork(described(network, tensors), file);
  }
  const family = families.find(({ keys }) => keys.some((key) => tensors.has(key)));
  if (family) {
    refuseOthers(others, family.name, family.options);
    return family.network(file, others);
  }
  const inferred = dcganOf(tensors);
  if (inferred) {
    refuseOthers(others, "a DCGAN", []);
    file.onWarning?.(
      `The file is taken for a DCGAN: ${ASSUMED}. None of this is in the file, and what is wrong still makes plausible images; if it is so, network "dcgan" says that you know, else describe it (docs/generators.md).`,
    );
    return describedNetwork(inferred, file);
  }
  throw unknown(tensors, families);
}

/** A description: as it is, as JSON, or by the name of a preset. */
function described(network: NonNullable<GeneratorOptions["network"]>, tensors: State) {
  if (typeof network !== "string" || /^\s*\{/.test(network)) return parseDescription(network);
  if (Object.hasOwn(PRESETS, network)) return PRESETS[network]!(tensors);
  const near = nearest(network, Object.keys(PRESETS));
  throw new UsageError(
    `There is no network "${network}".${near.length > 0 ? ` Did you mean ${near.join(" or ")}?` : ""}`,
    `Name one of ${Object.keys(PRESETS).join(", ")}, or give a description (docs/generators.md).`,
  );
}

function refuseOthers(options: GeneratorOptions, what: string, known: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || known.includes(name)) continue;
    const has = known.length > 0 ? `It has ${known.join(", ")}.` : "Leave it out.";
    throw new UsageError(`The file is ${what}, which has no ${name}.`, has);
  }
}

/** What a file is, as far as its tensors tell, and what would be known. */
function unknown(tensors: State, families: readonly GeneratorFamily[]): WeightsError {
  const what = describeTensors(tensors.keys());
  const found = [...tensors.keys()].slice(0, 4).join(", ") || "no tensors";
  const names = families.map(({ name, keys }) => `${name}: it has no ${keys[0]}`).join(", nor ");
  return new WeightsError(
    "weights-shape",
    `This is ${what === undefined ? "" : `${what}, `}not ${names} (it holds ${found}).`,
    `Describe the network in a JSON file (docs/generators.md), or bring it with defineGenerator. ${families.map(({ expects }) => `Known names are ${expects}.`).join(" ")}`,
  );
}
