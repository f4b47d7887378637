import { UsageError, WeightsError } from "../../errors.ts";
import { warn } from "../../names.ts";
import type { Attributes } from "../../weights/tensor.ts";
import type { GeneratorFile, GeneratorOptions } from "./family.ts";
import { ESTIMATED, type Truncation } from "./stylegan-mapping.ts";
import type { Noise } from "./stylegan-noise.ts";

// Tests: test/networks/generators/stylegan2.test.ts

/** What a caller asked of a StyleGAN, checked. */
export interface StyleGanOptions extends Truncation {
  readonly noise: Noise;
  /** Images are clamped to [−1, 1]. */
  readonly clamped: boolean;
}

/** @throws UsageError for what makes no sense. */
export function optionsOf({
  truncation = 1,
  cutoff,
  noise = "const",
  clamp = false,
}: GeneratorOptions): StyleGanOptions {
  if (!Number.isFinite(truncation)) {
    throw new UsageError(`A \`truncation\` of ${truncation} makes no sense.`, "Give a number, such as 0.7; 1 is none.");
  }
  if (cutoff !== undefined && (!Number.isInteger(cutoff) || cutoff < 0)) {
    throw new UsageError(
      `A \`cutoff\` of ${cutoff} makes no sense.`,
      "Give how many of the first layers are truncated.",
    );
  }
  if (noise !== "const" && noise !== "none" && !(Number.isInteger(noise) && noise >= 0 && noise <= 0xffffffff)) {
    throw new UsageError(
      `There is no noise ${JSON.stringify(noise)}.`,
      'Give "const" for the maps in the file, "none", or a seed from 0 to 4294967295.',
    );
  }
  return { psi: truncation, cutoff, noise, clamped: clamp };
}

/**
 * Said where truncation has to do without the average that training keeps; tensors by ADA's names.
 */
export function warnOfAverage({ tensors, onWarning }: GeneratorFile, { psi }: Truncation): void {
  if (psi === 1 || tensors.has("mapping.w_avg")) return;
  warn(
    onWarning,
    `The file has no average w, which truncation moves towards: it was estimated from ${ESTIMATED.toLocaleString("en")} latents.`,
  );
}

/**
 * The clamp of activations: the caller's, or what a pickle says; undefined for none. Other
 * containers have lost it, which is said.
 * @throws UsageError for what is no clamp.
 */
export function convClampOf(
  { attributes, onWarning }: GeneratorFile,
  { convClamp }: GeneratorOptions,
): number | undefined {
  if (convClamp !== undefined) {
    if (!(convClamp >= 0 && convClamp < Number.POSITIVE_INFINITY)) {
      throw new UsageError(
        `Activations cannot be clamped to ± ${convClamp}.`,
        "Give a positive number, or 0 for none.",
      );
    }
    return convClamp || undefined;
  }
  const stored = attributes.get("synthesis.b4.conv1.conv_clamp") ?? attributes.get("static_kwargs.conv_clamp");
  if (typeof stored === "number") return stored;
  // A pickle of TensorFlow names it where there is one.
  if (
    stored === undefined &&
    !attributes.has("synthesis.b4.conv1.conv_clamp") &&
    !attributes.has("static_kwargs.resolution")
  ) {
    warn(
      onWarning,
      "The file does not say whether activations were clamped in training (to ± 256 where it was in float16); none are. Give `convClamp` if they were.",
    );
  }
  return undefined;
}

/** The mapping's learning rate, relative to the synthesis', with which its weights are stored. */
export function mappingRate(attributes: Attributes): number {
  const stored = attributes.get("mapping.fc0.bias_gain") ?? attributes.get("static_kwargs.mapping_lrmul");
  return typeof stored === "number" ? stored : MAPPING_RATE;
}

/** That of every published mapping. */
const MAPPING_RATE = 0.01;

/** @throws WeightsError when a pickle says that an activation is no leaky ReLU. */
export function checkActivations(attributes: Attributes): void {
  for (const [name, value] of attributes) {
    if (
      !/^(mapping\.fc\d+|synthesis\.b\d+\.conv[01])\.activation$|^static_kwargs\.(act|mapping_nonlinearity|nonlinearity)$/.test(
        name,
      )
    )
      continue;
    if (value === "lrelu") continue;
    throw new WeightsError(
      "weights-shape",
      `This StyleGAN has another activation than leaky ReLU: ${name} is ${value}.`,
      "Only leaky ReLU is known, which all published ones have.",
    );
  }
}
