import { UsageError } from "../errors.ts";
import type { Generator } from "../models/generator.ts";
import { adaptivePool } from "../models/mask.ts";
import type { LayerInfo } from "../networks/network.ts";
import { padded } from "../runtime/graph.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { type Cells, unpackCells } from "./cells.ts";
import type { ActiveUnit, Pixel, RegionFeatures } from "./session.ts";
import type { Frame } from "./stage.ts";
import type { Quantiles } from "./strokes.ts";

// Tests: test/session/session.test.ts

/** What is known of a layer's units. */
export interface KnownUnits {
  /** By unit: the number of the label it detects; 0 where it detects none. */
  readonly detects: readonly number[] | undefined;
  readonly table: Quantiles | undefined;
}

/** The maps of these names. @throws UsageError for one that has no place, or is not there. */
export function mapsNamed(generator: Generator, names: readonly string[]): LayerInfo[] {
  return names.map((name) => {
    const layer = generator.layer(name);
    if (!layer.vector) return layer;
    throw new UsageError(`"${name}" is a vector of the whole image, which has no place to look at.`, "Name maps.");
  });
}

/** The tensor of a layer of a frame, which was asked for. */
const mapOf = ({ layers }: Frame, name: string): Tensor<"f32"> => layers.get(name)!;

/** Starts to read what is at a pixel. */
export async function readPixel(
  generator: Generator,
  frame: Frame,
  layers: readonly LayerInfo[],
  {
    y,
    x,
    top,
    knownOf,
  }: {
    readonly y: number;
    readonly x: number;
    readonly top: number;
    knownOf(layer: string): KnownUnits;
  },
): Promise<Pixel> {
  const [rows, columns] = generator.uncropped;
  const read = layers.map(async ({ name, height, width, channels }) => {
    const row = Math.floor((y * height) / rows);
    const column = Math.floor((x * width) / columns);
    const stored = padded(channels);
    const values = await mapOf(frame, name).read(stored, (row * width + column) * stored);
    const { detects, table } = knownOf(name);
    const quantiles = table && values.subarray(0, channels).map((value, unit) => table.quantile(unit, value));
    // (Beyond all that were counted many are equal.)
    const compare = (a: number, b: number): number =>
      (quantiles ? quantiles[b]! - quantiles[a]! : 0) || values[b]! - values[a]! || a - b;
    const units = Array.from({ length: channels }, (_, unit) => unit)
      .sort(compare)
      .slice(0, top)
      .map(
        (unit): ActiveUnit => ({
          unit,
          value: values[unit]!,
          ...(quantiles && { quantile: quantiles[unit]! }),
          ...(detects?.[unit] && { label: detects[unit] }),
        }),
      );
    return { layer: name, row, column, units };
  });
  const { labels } = frame;
  const [, maps = 0, height = 1, width = 1] = labels?.shape ?? [];
  const seen = Array.from({ length: maps }, async (_, map) => {
    const [label] = await labels!.read(1, (map * height + y) * width + x);
    return label!;
  });
  return {
    y,
    x,
    labels: (await Promise.all(seen)).filter((label) => label > 0),
    layers: await Promise.all(read),
  };
}

/** Starts to read every unit's activations within a mask (as gandissect's `/features`, §6.2). */
export async function readRegion(
  frame: Frame,
  layers: readonly LayerInfo[],
  { size: [height, width], cells }: Cells,
): Promise<RegionFeatures> {
  const mask = { height, width, data: unpackCells({ size: [height, width], cells }) };
  const read = layers.map(async (layer) => {
    const map = await mapOf(frame, layer.name).read();
    const pooled = (pooling: "max" | "mean") => adaptivePool({ ...mask, pooling }, layer.height, layer.width);
    const [most, share] = [pooled("max"), pooled("mean")];
    const stored = padded(layer.channels);
    const mean = new Float32Array(layer.channels);
    const max = new Float32Array(layer.channels).fill(Number.NEGATIVE_INFINITY);
    const total = share.reduce((sum, part) => sum + part, 0);
    if (total === 0) throw new UsageError("The mask covers nothing.", "Give one that is on somewhere.");
    for (let unit = 0; unit < layer.channels; unit += 1) {
      let sum = 0;
      for (let cell = 0; cell < share.length; cell += 1) {
        const value = map[cell * stored + unit]!;
        sum += value * share[cell]!;
        if (most[cell]! > 0 && value > max[unit]!) max[unit] = value;
      }
      mean[unit] = sum / total;
    }
    return { layer: layer.name, mean, max };
  });
  return { layers: await Promise.all(read) };
}
