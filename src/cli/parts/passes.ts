import type { Share } from "../../dissect/checkpoint.ts";
import { countingPasses } from "../../dissect/groups.ts";
import { FRACTIONS } from "../../dissect/levels.ts";
import { ruleOf } from "../../dissect/rules.ts";
import { selectionGroups } from "../../dissect/select.ts";
import { UsageError } from "../../errors.ts";
import { generatorNetwork } from "../../models/generator-network.ts";
import type { LayerInfo } from "../../networks/network.ts";
import { openCheckpoint } from "../../weights/checkpoint.ts";
import type { Source } from "../../weights/source.ts";
import { defaultLayer } from "../default-layer.ts";
import type { Job, JobSettings } from "../run.ts";
import type { Running } from "../with-folder.ts";

/** What a plan knows of a generator, without a GPU. */
export interface PlannedNetwork {
  /** Those that are dissected. */
  readonly layers: readonly LayerInfo[];
  /** The longer edge of images. */
  readonly resolution: number;
}

/** Labels that occur often enough to be counted, of the very large sets a fraction. */
const LABELS = 512;
/** What WebGPU promises at least. */
const LIMITS = { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27 };
/** Bytes of joint histograms at once. */
const HISTOGRAM_BYTES = 512 * 2 ** 20;

/**
 * The generator of a job.
 * @throws UsageError for a layer that it has not.
 */
export async function networkOf({ model, settings }: Job<Source>, { signal, note }: Running): Promise<PlannedNetwork> {
  const { classes: _, key, ...asked } = model.options ?? {};
  const checkpoint = await openCheckpoint(model.source, { signal, onWarning: note, ...(key !== undefined && { key }) });
  const network = await generatorNetwork(checkpoint, asked, { signal, onWarning: note });
  const named = { name: model.name, layers: network.layers };
  const chosen = settings.layers.length > 0 ? settings.layers : [defaultLayer(named, "--layers")];
  const layers = chosen.map((name) => {
    const layer = network.layers.find((one) => one.name === name && !one.vector);
    if (layer) return layer;
    const known = network.layers.filter(({ vector }) => !vector).map((one) => one.name);
    throw new UsageError(
      `There is no layer "${name}" of maps in ${model.name}.`,
      `Its layers are ${known.join(", ")}.`,
    );
  });
  const { height = 1, width = 1 } = network.outputs.find(({ kind }) => kind === "image") ?? {};
  return { layers, resolution: Math.max(height, width) };
}

/**
 * Passes that a dissection takes.
 * @throws UsageError for parts of more images than counters of 32 bits hold.
 */
export function passesOf(
  { layers, resolution }: PlannedNetwork,
  { quantileThreshold, rule: name = "gan-dissection" }: JobSettings,
  parts: readonly Share[],
): number {
  const rule = ruleOf(name);
  const searched = typeof (quantileThreshold ?? rule.quantile) !== "number";
  const finest = Math.max(Math.ceil(resolution * rule.grid) ** 2, ...layers.map(({ height, width }) => height * width));
  const most = Math.floor((2 ** 32 - 1) / finest);
  const largest = Math.max(...parts.map(({ first, end }) => end - first));
  if (largest > most) {
    const size = Math.max(...parts.map(({ end }) => end));
    throw new UsageError(
      `A part of ${largest} images is too large: of these layers a machine can count ${most}.`,
      `Use --split ${Math.ceil(size / most)} or more.`,
    );
  }
  const shapes = new Map(
    layers.map(({ name, height, width, channels }) => [name, [1, height, width, 4 * Math.ceil(channels / 4)]]),
  );
  const targets = 2 * (searched ? FRACTIONS.length : 1);
  const selections = 3 * selectionGroups([...shapes.keys()], shapes, targets).length;
  const labels = Array.from({ length: LABELS }, (_, label) => label + 1);
  const limits = {
    levels: FRACTIONS.length,
    categories: 1,
    device: { gpu: { limits: LIMITS } },
    bytes: HISTOGRAM_BYTES,
  };
  const counting = searched ? countingPasses(shapes, labels, limits as never).length : 0;
  // (Quantiles of units take three meanwhile.)
  return selections + counting + 1;
}
