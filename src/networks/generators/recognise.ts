// Tests: test/networks/network.test.ts, test/networks/generators/dcgan.test.ts

import { UsageError, WeightsError } from "../../errors.ts";
import { andMore, nearest, warn } from "../../names.ts";
import type { Attributes } from "../../weights/tensor.ts";
import { parseDescription } from "../description.ts";
import { describedNetwork } from "../description-network.ts";
import type { Network } from "../network.ts";
import type { State } from "../state.ts";
import { assumedOf, dcgan, dcganOf } from "./dcgan.ts";
import { DESCRIPTION_KEY, familyNetwork, GENERATORS, type GivenFile, refuseOthers } from "./families.ts";
import type { GeneratorFamily, GeneratorOptions } from "./family.ts";
import { moduleTreeOf } from "./module-tree.ts";
import { describeShapes, describeTensors } from "./telltales.ts";

/** Descriptions that are made by looking at a file, by the names that `network` takes. */
const PRESETS: Readonly<Record<string, typeof dcgan>> = {
  dcgan,
  // The same network: the tutorial was made of the example.
  "dcgan-tutorial": dcgan,
};

/**
 * The generator whose tensors these are, or the one that is described.
 * @throws WeightsError `weights-shape` saying what the file holds and what would be known,
 *   `weights-format` for a description that is none; UsageError for an option that its family does
 *   not have.
 */
export function recogniseGenerator(given: GivenFile, options: GeneratorOptions = {}, families = GENERATORS): Network {
  const known = familyNetwork(given, options, families);
  if (known) return known;
  const { tensors, attributes = new Map(), onWarning } = given;
  const { network = given.metadata?.[DESCRIPTION_KEY], ...others } = options;
  if (network !== undefined) {
    refuseOthers(others, "a described network", []);
    return describedNetwork(described(network, tensors, attributes), given);
  }
  const tree = moduleTreeOf(tensors, attributes);
  if (tree && "unknown" in tree) throw unknown(given, families, tree.unknown);
  if (tree) {
    refuseOthers(others, "a network of modules", []);
    const { description, assumed } = tree;
    if (assumed.length > 0) {
      warn(
        onWarning,
        `The file is taken for ${description.architecture}: strides, paddings, eps and activations are the file's. What is not in it is assumed: that ${assumed.join("; that ")}. If it is otherwise, describe it (docs/generators.md).`,
      );
    }
    return describedNetwork(description, { tensors });
  }
  const inferred = dcganOf(tensors, attributes);
  if (inferred) {
    refuseOthers(others, "a DCGAN", []);
    warn(
      onWarning,
      `The file is taken for a DCGAN: ${assumedOf(attributes)}. None of this is in the file, and what is wrong still makes plausible images; if it is so, \`network\` "dcgan" says that you know, else describe it (docs/generators.md).`,
    );
    return describedNetwork(inferred, { tensors });
  }
  throw unknown(given, families);
}

/** A description: as it is, as JSON, or by the name of a preset. */
function described(network: NonNullable<GeneratorOptions["network"]>, tensors: State, attributes: Attributes) {
  if (typeof network !== "string" || /^\s*\{/.test(network)) return parseDescription(network);
  if (Object.hasOwn(PRESETS, network)) return PRESETS[network]!(tensors, attributes);
  const near = nearest(network, Object.keys(PRESETS));
  throw new UsageError(
    `There is no network "${network}".${near.length > 0 ? ` Did you mean ${near.join(" or ")}?` : ""}`,
    `Name one of ${Object.keys(PRESETS).join(", ")}, or give a description (docs/generators.md).`,
  );
}

/** What a file is, as far as its tensors tell, and what would be known. */
function unknown(given: GivenFile, families: readonly GeneratorFamily[], why?: string): WeightsError {
  const { tensors, entry } = given;
  const parts = generatorsIn(given).map(([name, what]) => `"${name}" (${what})`);
  if (parts.length > 0) {
    const found = parts.length === 1 ? "a generator among other things" : "several generators";
    return new WeightsError(
      "weights-shape",
      `The file holds ${found}: ${andMore(parts)}.`,
      "Name the part with `key`.",
    );
  }
  const what = describeTensors(tensors.keys(), entry) ?? describeShapes(tensors);
  const found = andMore([...tensors.keys()], 4) || "no tensors";
  const names = families.map(({ name }) => name).join(", nor ");
  return new WeightsError(
    "weights-shape",
    `This is ${what}, not ${names} (it holds ${found}).${why === undefined ? "" : ` Its modules do not tell what else: ${why}.`}`,
    what.includes("discriminator")
      ? "Take the generator that it was trained with: leave `key` out, or name another part."
      : "Describe the network in a JSON file (`network`), or bring it with defineGenerator; docs/generators.md has both, and the names that are known.",
  );
}

/** Parts of a file that are generators by themselves, and what they are. */
function generatorsIn({ tensors }: GivenFile): readonly (readonly [name: string, what: string])[] {
  const parts = new Map<string, Map<string, NonNullable<ReturnType<State["get"]>>>>();
  for (const [name, tensor] of tensors) {
    const end = name.indexOf(".");
    if (end <= 0) continue;
    const part = parts.get(name.slice(0, end)) ?? new Map();
    parts.set(name.slice(0, end), part.set(name.slice(end + 1), tensor));
  }
  if (parts.size < 2 || parts.size > MAX_PARTS) return [];
  return [...parts].flatMap(([name, part]) => {
    // by names alone: what has a DCGAN's shapes may be most of another network
    const what = describeTensors(part.keys());
    return what?.includes("generator") ? [[name, what] as const] : [];
  });
}

/** Networks that are saved together at most; blocks of one network may be many more. */
const MAX_PARTS = 16;
