import { KernelError, ShapeError, UsageError } from "../errors.ts";
import { type EditOptions, type EditValues, LINES_BEFORE_RULE, ruled } from "../kernels/edit/edit.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { LayerInfo } from "../networks/network.ts";
import type { Device } from "../runtime/device.ts";
import { padded, type Value } from "../runtime/graph.ts";
import { specialize } from "../runtime/kernel.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { isFraction, type Mask, mapsFor, type PooledMask } from "./mask.ts";

/**
 * An intervention in one layer: x becomes x (1 − a) + v a, with a = alpha · mask (Bau et al. 2019,
 * §3.2).
 */
export interface Edit {
  /** Its name, as in `generator.layers`. */
  readonly layer: string;
  /** Channels of the layer, from 0, or all of them. */
  readonly units: readonly number[] | "all";
  /** How much of each unit is replaced, 0…1: one number, or one per unit; 1 unless given. */
  readonly alpha?: number | readonly number[];
  /**
   * What replaces it: one number, one per unit, or the same place of another image; 0, ablation,
   * unless given.
   */
  readonly value?: number | readonly number[] | Copied;
  /**
   * Where, 0…1; everywhere unless given. Numbers alone are row-major at the layer's resolution.
   * They are for all images, or for each of the batch. What `Generator.poolMask` made is taken as
   * it is; everything else is checked and pooled whenever the edit is set.
   */
  readonly mask?: ArrayLike<number> | Mask | PooledMask;
}

const EDIT_NAMES: NamesOf<Edit> = { layer: true, units: true, alpha: true, value: true, mask: true };

/** Features to copy from, as a run retained them. */
export interface Copied {
  /** [n, h, w, c] of the edited layer, read when the edit is set. */
  readonly features: Tensor<"f32">;
  /** Which of the n; 0 unless given. */
  readonly image?: number;
}

/** A layer that a plan can edit, and how: what cannot be changed without compiling anew. */
export interface EditableLayer extends EditOptions {
  /** Its name, as in `generator.layers`. */
  readonly layer: string;
}

const EDITABLE_NAMES: NamesOf<EditableLayer> = { layer: true, edits: true, copies: true, rule: true, dense: true };

/**
 * Layers by name with what is to be compiled for each.
 * @throws UsageError for a layer named twice or no number of edits.
 */
export function editable(layers: readonly (string | EditableLayer)[]): Map<string, EditOptions> {
  const result = new Map<string, EditOptions>();
  for (const entry of layers) {
    const given: EditableLayer = typeof entry === "string" ? { layer: entry } : entry;
    checkNames("An editable layer", given, EDITABLE_NAMES);
    const { layer, ...options } = given;
    const { edits = 1, dense = false } = options;
    if (result.has(layer)) throw new UsageError(`"${layer}" is named twice in \`editable\`.`, "Name it once.");
    if (!Number.isInteger(edits) || edits < 1) {
      throw new UsageError(`${edits} edits of ${layer} make no sense.`, "Use a whole number from 1.");
    }
    const others = Object.keys(options).filter(
      (name) => name !== "dense" && options[name as keyof EditOptions] !== undefined,
    );
    if (dense && others.length > 0) {
      throw new UsageError(
        `The dense edits of ${layer} have no ${others.join(" or ")}.`,
        "They are any number, copied or not, by no rule of their own: leave it out.",
      );
    }
    result.set(layer, options);
  }
  return result;
}

/** What must be compiled so that these edits can be set. */
export function editableBy(
  edits: readonly Edit[],
  rules: Readonly<Partial<Record<string, string>>> = {},
): EditableLayer[] {
  return [...new Set([...edits.map(({ layer }) => layer), ...Object.keys(rules)])].map((layer) => {
    const own = edits.filter((edit) => edit.layer === layer);
    const rule = rules[layer];
    return {
      layer,
      edits: Math.max(1, own.length),
      copies: own.some(({ value }) => isCopied(value)),
      ...(rule !== undefined && { rule }),
    };
  });
}

/**
 * Compiles a caller's rule by itself.
 * @throws UsageError with the compiler's words, lines counted from the rule's first.
 */
export async function checkRule(device: Device, layer: string, { rule, copies = false }: EditOptions): Promise<void> {
  if (rule === undefined) return;
  const kernel = ruled(rule);
  try {
    await device.pipeline(kernel, specialize(kernel, { COPIES: copies }));
  } catch (cause) {
    if (!(cause instanceof KernelError)) throw cause;
    const [, ...said] = cause.message.replace(cause.fix, "").trim().split("\n");
    const lines = said.map((line) =>
      line.replace(/^the rule\.wgsl:(\d+)/, (_, n: string) => `line ${Number(n) - LINES_BEFORE_RULE}`),
    );
    throw new UsageError(
      `The edit rule of ${layer} does not compile.\n${lines.join("\n")}\n`,
      "It is WGSL that ends with `return f32;` and may read x, value, unit, row, column and image.",
      { cause },
    );
  }
}

/** One edit in numbers. */
export interface EditNumbers {
  /** `[c]`: of every unit, zero where it is not edited. */
  readonly alpha: Float32Array;
  readonly value: Float32Array;
  /** [h · w], of each of n images. */
  readonly masks: readonly Float32Array[];
  readonly copied?: Required<Copied>;
}

/**
 * An edit of a layer in numbers, for n images.
 * @throws UsageError, ShapeError for what does not fit.
 */
export function editNumbers(layer: LayerInfo, edit: Edit, n: number): EditNumbers {
  const { name, channels, height, width } = layer;
  const stored = padded(channels);
  checkNames(`An edit of ${name}`, edit, EDIT_NAMES);
  if (edit.units !== "all" && !Array.isArray(edit.units)) {
    throw new UsageError(`An edit of ${name} does not say of which units.`, 'Give `units`: an array, or "all".');
  }
  const units = edit.units === "all" ? Array.from({ length: channels }, (_, unit) => unit) : edit.units;
  const alpha = new Float32Array(stored);
  const value = new Float32Array(stored);
  const replacement = edit.value ?? 0;
  units.forEach((unit, index) => {
    if (!Number.isInteger(unit) || unit < 0 || unit >= channels) {
      throw new UsageError(`${name} has no unit ${unit}.`, `Its units are 0…${channels - 1}.`);
    }
    alpha[unit] = pick(edit.alpha ?? 1, index, units.length, "alpha");
    if (!isCopied(replacement)) value[unit] = pick(replacement, index, units.length, "value");
  });
  if (isCopied(replacement)) {
    const { features, image = 0 } = replacement;
    const [of = 0, ...shape] = features.shape;
    const held = Number.isInteger(image) && image >= 0 && image < of;
    if (!held || `${shape}` !== `${[height, width, stored]}`) {
      throw new ShapeError(
        `[${features.shape}] has no features of ${name} for image ${image}.`,
        "Name an image that it has.",
      );
    }
    return { alpha, value, masks: mapsFor(edit.mask, layer, n), copied: { features, image } };
  }
  return { alpha, value, masks: mapsFor(edit.mask, layer, n) };
}

/** Copies one image's features [h, w, c] to where so many bytes of another tensor begin. */
export function copyFeatures({ features, image }: Required<Copied>, target: Tensor, to = 0): void {
  const bytes = features.bytes / features.shape[0]!;
  features.copyTo(target, bytes, image * bytes, to);
}

/**
 * Checks all edits of a layer that has slots for them; what is returned writes them, for the next
 * run on. Nothing is changed before.
 * @throws UsageError, ShapeError for what does not fit.
 */
export function prepareEdits(
  layer: LayerInfo,
  values: EditValues,
  edits: readonly Edit[],
  tensorOf: (value: Value) => Tensor<"f32">,
): () => void {
  const { name, channels, height, width } = layer;
  const stored = padded(channels);
  const [slots = 1] = values.alpha.shape;
  const [n = 1] = values.mask.shape;
  const pixels = height * width;
  if (edits.length > slots) {
    throw new UsageError(
      `This plan composes ${slots} edits of ${name}, not ${edits.length}.`,
      "Say `edits` where you compile it, or `dense` for any number.",
    );
  }
  const alpha = new Float32Array(slots * stored);
  const value = new Float32Array(slots * stored);
  const mask = new Float32Array(n * slots * pixels);
  const copies = edits.map((edit, slot) => {
    const numbers = editNumbers(layer, edit, n);
    if (numbers.copied && !values.source) {
      throw new UsageError(`This plan copies no values into ${name}.`, "Say `copies` where you compile it.");
    }
    alpha.set(numbers.alpha, slot * stored);
    value.set(numbers.value, slot * stored);
    numbers.masks.forEach((map, image) => {
      mask.set(map, (image * slots + slot) * pixels);
    });
    return numbers.copied;
  });
  return () => {
    tensorOf(values.alpha).write(alpha);
    tensorOf(values.value).write(value);
    tensorOf(values.mask).write(mask);
    if (!values.source) return;
    const source = tensorOf(values.source);
    source.clear();
    copies.forEach((copied, slot) => {
      if (copied) copyFeatures(copied, source, 4 * pixels * stored * slot);
    });
  };
}

const isCopied = (value: Edit["value"]): value is Copied =>
  typeof value === "object" && value !== null && "features" in value;

/** Whether a number is one on the GPU too, where 1e39 is infinite. */
export const isFloat32 = (value: number): boolean => Number.isFinite(value) && Number.isFinite(Math.fround(value));

function pick(values: number | readonly number[], index: number, count: number, what: "alpha" | "value"): number {
  if (typeof values !== "number" && values.length !== count) {
    throw new ShapeError(
      `An edit of ${count} units has ${values.length} values of ${what}.`,
      "Give one, or one a unit.",
    );
  }
  const value = typeof values === "number" ? values : values[index]!;
  if (what === "alpha" && !isFraction(value)) throw new UsageError(`${value} is no alpha.`, "Use 0…1.");
  if (!isFloat32(value)) throw new UsageError(`${value} is no ${what}.`, "Use a number within ±3.4e38.");
  return value;
}
