import type { Device } from "../../src/runtime/device.ts";
import { type Extent, padded } from "../../src/runtime/graph.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { imageOf, type Map64, pack, random } from "../kernels/reference.ts";

/**
 * The maps of a data set as the statistics see them, a batch at a time; what is not valid in the
 * last one is rubbish.
 */
export class Batches {
  readonly maps: Tensor<"f32">;
  readonly batch: Tensor<"u32">;
  readonly labels: Tensor<"u32">;
  readonly #all: Map64;
  readonly #allLabels: readonly Uint32Array[];
  readonly #size: number;

  constructor(
    device: Device,
    all: Map64,
    size: number,
    allLabels: readonly Uint32Array[] = [],
    /** Of the label maps; square ones unless given. */
    grid?: Extent,
  ) {
    const { height, width, channels } = all;
    this.maps = Tensor.create(device, "maps", [size, height, width, padded(channels)], "f32");
    this.batch = Tensor.create(device, "batch", [2], "u32");
    const edge = Math.sqrt((allLabels[0]?.length ?? CHANNELS) / CHANNELS);
    this.labels = Tensor.create(device, "labels", [size, CHANNELS, ...(grid ?? [edge, edge])], "u32");
    this.#all = all;
    this.#allLabels = allLabels;
    this.#size = size;
  }

  /** Loads every batch in turn, or from the last to the first, and calls `add` for it. */
  each(add: () => void, order: "forwards" | "backwards" = "forwards"): void {
    const count = Math.ceil(this.#all.n / this.#size);
    for (let index = 0; index < count; index += 1) {
      const first = this.#size * (order === "forwards" ? index : count - 1 - index);
      const valid = Math.min(this.#size, this.#all.n - first);
      this.maps.write(new Float32Array(this.maps.bytes / 4).fill(1e9));
      this.labels.write(new Uint32Array(this.labels.bytes / 4).fill(1));
      const images = Array.from({ length: valid }, (_, i) => [...pack(imageOf(this.#all, first + i))]);
      this.maps.write(Float32Array.from(images.flat()));
      this.labels.write(Uint32Array.from(this.#allLabels.slice(first, first + valid).flatMap((map) => [...map])));
      this.batch.write(Uint32Array.of(first, valid));
      add();
    }
  }

  dispose(): void {
    for (const tensor of [this.maps, this.batch, this.labels]) tensor.dispose();
  }
}

/** Labels a pixel can have at once. */
export const CHANNELS = 2;

export const LABELS = [
  { name: "-", category: "object" },
  { name: "tree", category: "object" },
  { name: "sky", category: "object" },
  { name: "wood", category: "material" },
  { name: "stone", category: "material" },
  { name: "door", category: "object" }, // never occurs
];
export const CATEGORIES = ["object", "material"];

/**
 * Label maps [channels, rows, columns] of images: smooth or speckled, objects in one channel,
 * materials in the other, some with neither. In speckled ones a pixel may have its object in both.
 */
export function labelMaps(seed: number, images: number, grid: number | Extent): Uint32Array[] {
  const next = random(seed);
  const [rows, columns] = typeof grid === "number" ? [grid, grid] : grid;
  const area = rows * columns;
  return Array.from({ length: images }, (_, image) => {
    const map = new Uint32Array(CHANNELS * area);
    for (let p = 0; p < area; p += 1) {
      const speckled = image % 2 === 0;
      map[p] = image === 3 ? 0 : speckled ? Math.floor(3 * next()) : p < columns ? 1 : 2;
      map[area + p] = image % 3 === 1 ? 0 : speckled ? [0, 3, 4, map[p]!][Math.floor(4 * next())]! : 3;
    }
    return map;
  });
}

/** Whether a pixel of a map [channels, pixels] bears a label in any channel. */
export const bears = (map: Uint32Array, pixel: number, label: number): boolean =>
  [...Array(CHANNELS).keys()].some((channel) => map[(channel * map.length) / CHANNELS + pixel] === label);

/** Pixels of every label; label 0 is none. */
export const pixelsOf = (maps: readonly Uint32Array[]): Uint32Array<ArrayBuffer> =>
  Uint32Array.from(LABELS, (_, label) => {
    const on = (map: Uint32Array) => map.filter((_, p) => p < map.length / CHANNELS && bears(map, p, label)).length;
    return label === 0 ? 0 : maps.reduce((sum, map) => sum + on(map), 0);
  });
