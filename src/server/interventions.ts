import type { Edit } from "../models/edits.ts";
import { adaptivePool, type MaskPooling, uncropped } from "../models/mask.ts";
import { andMore } from "../names.ts";
import type { LayerInfo } from "../networks/network.ts";
import { fieldsOf, fractionOf, listOf, numberOf, textOf, wholeOf } from "./fields.ts";
import type { Limits } from "./limits.ts";
import type { ClientMask, MaskReader } from "./masks.ts";
import { badRequest } from "./refused.ts";

// Tests: test/server/masks.test.ts

/** What of a generator is asked for. */
export interface Edited {
  readonly name: string;
  readonly hiddenLayers: readonly LayerInfo[];
  readonly height: number;
  readonly width: number;
  readonly uncropped: readonly [height: number, width: number];
}

/** A layer that is known. @throws Refused 400 */
export function layerOf(generator: Pick<Edited, "name" | "hiddenLayers">, name: string): LayerInfo {
  const layer = generator.hiddenLayers.find((known) => known.name === name);
  if (layer) return layer;
  const known = andMore(
    generator.hiddenLayers.map((each) => each.name),
    24,
  );
  throw badRequest(`${generator.name} has no layer "${name.slice(0, 60)}".`, `Its layers are ${known}.`);
}

/**
 * The edits of a request's interventions, in their order; each is
 * {ablations: [{layer, unit, alpha = 1, value = 0}], mask?, maskpooling?: "max" | "mean"}, as
 * `decode_intervention_array` of gandissect takes it: the last record of a unit counts, one with
 * neither alpha nor value is none, and of several interventions the later lies over the earlier.
 * @throws Refused 400.
 */
export async function readInterventions(
  given: unknown,
  generator: Edited,
  masks: MaskReader,
  limits: Limits,
): Promise<Edit[]> {
  if (given === undefined || given === null) return [];
  const edits: Edit[] = [];
  let records = 0;
  for (const [i, one] of listOf(given, "interventions", limits.interventions).entries()) {
    const what = `interventions[${i}]`;
    const { ablations, mask, maskpooling } = fieldsOf(one, what);
    const list = listOf(ablations ?? [], `${what}.ablations`, limits.ablations);
    records += list.length;
    if (records > limits.ablations) {
      throw badRequest(`There are ${records} ablations.`, `Send up to ${limits.ablations} in all interventions.`);
    }
    const layers = unitsOf(list, `${what}.ablations`, generator);
    const where = mask ? await masks.read(mask, `${what}.mask`) : undefined;
    const pooling = maskpooling === "mean" ? "mean" : "max";
    for (const [layer, units] of layers) {
      edits.push({
        layer: layer.name,
        units: [...units.keys()],
        alpha: Array.from(units.values(), ({ alpha }) => alpha),
        value: Array.from(units.values(), ({ value }) => value),
        ...(where && { mask: pooled(where, pooling, layer, generator) }),
      });
    }
  }
  return edits;
}

interface Replaced {
  readonly alpha: number;
  readonly value: number;
}

/** What becomes of which unit, by layer. */
function unitsOf(
  records: readonly unknown[],
  what: string,
  generator: Edited,
): ReadonlyMap<LayerInfo, ReadonlyMap<number, Replaced>> {
  const layers = new Map<LayerInfo, Map<number, Replaced>>();
  for (const [i, one] of records.entries()) {
    const each = `${what}[${i}]`;
    const record = fieldsOf(one, each);
    const layer = layerOf(generator, textOf(record["layer"], `${each}.layer`));
    const unit = wholeOf(record["unit"], `${each}.unit`, 0, layer.channels - 1);
    const alpha = fractionOf(record["alpha"] ?? 1, `${each}.alpha`);
    const value = numberOf(record["value"] ?? 0, `${each}.value`);
    if (alpha === 0 && value === 0) continue;
    if (!layers.has(layer)) layers.set(layer, new Map());
    layers.get(layer)!.set(unit, { alpha, value });
  }
  return layers;
}

/** A mask of the images at a layer's resolution. */
export function pooled(
  mask: ClientMask,
  pooling: MaskPooling,
  { height, width }: Pick<LayerInfo, "height" | "width">,
  generator: Pick<Edited, "height" | "width" | "uncropped">,
): Float32Array {
  return adaptivePool(uncropped({ ...mask, pooling }, generator), height, width);
}
