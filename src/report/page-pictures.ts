import type { Dissection, SamplePicture, UnitPictures } from "../dissect/result.ts";
import { type ImageEncoder, resizeNearest, resizeRgb } from "./image.ts";
import { PackedBytes, toBase64 } from "./packed.ts";
import type { PagePlan } from "./page-plan.ts";
import { labelMapsOf } from "./segmentation.ts";
import type { PageLayer, PagePictures } from "./viewer/data.ts";

const JPEG_QUALITY = 85;

/**
 * The pictures of a page, gathered unit by unit. Each image is kept once, as a JPEG and a label map, however many units
 * show it; each unit adds its raw feature maps, one signed byte a value. The page upsamples and draws the masks itself.
 * Only packed bytes are held, so memory is bounded by the page and not by the number of units.
 */
export class PageGallery {
  readonly #dissection: Dissection;
  readonly #plan: PagePlan;
  readonly #encoder: ImageEncoder;
  readonly #features = new PackedBytes();
  readonly #labels = new PackedBytes();
  readonly #jpegs: string[] = [];
  readonly #place = new Map<number, number>();
  readonly #units: PageLayer["features"][number][][];

  constructor(dissection: Dissection, plan: PagePlan, encoder: ImageEncoder) {
    this.#dissection = dissection;
    this.#plan = plan;
    this.#encoder = encoder;
    this.#units = dissection.layers.map(({ units }) => units.map(() => null));
  }

  /** Adds one unit's pictures: the first few, as planned. */
  async add(pictures: UnitPictures): Promise<void> {
    const layerIndex = this.#dissection.layers.findIndex(({ layer }) => layer === pictures.layer);
    const layer = this.#dissection.layers[layerIndex];
    const index = layer?.units.findIndex(({ unit }) => unit === pictures.unit) ?? -1;
    const shown = pictures.tops.slice(0, this.#plan.examples);
    if (!layer || index < 0 || shown.length === 0) return;
    const level = layer.units[index]!.level;
    const shape = pageShape(layer.shape, this.#plan.featureSize);
    const maps = shown.map(({ feature }) => average(feature, layer.shape, shape));
    const farthest = maps.reduce((most, map) => map.reduce((far, v) => Math.max(far, Math.abs(v - level)), most), 0);
    const scale = farthest / 127 || 1;
    const bytes = new Int8Array(maps.length * shape[0] * shape[1]);
    maps.forEach((map, i) => {
      map.forEach((value, j) => {
        bytes[i * map.length + j] = toByte((value - level) / scale);
      });
    });
    this.#units[layerIndex]![index] = {
      at: this.#features.length,
      scale,
      images: shown.map(({ picture }) => picture.image),
    };
    await this.#features.append(new Uint8Array(bytes.buffer));
    for (const { picture } of shown) if (!this.#place.has(picture.image)) await this.#embed(picture);
  }

  async #embed(picture: SamplePicture): Promise<void> {
    this.#place.set(picture.image, this.#jpegs.length);
    const { size } = this.#plan;
    const edge = this.#labelSize();
    const { segmentationSize } = this.#dissection.settings;
    const data = resizeRgb(picture.rgb, picture.size, size);
    this.#jpegs.push(
      toBase64(await this.#encoder.jpeg({ width: size, height: size, channels: 3, data }, JPEG_QUALITY)),
    );
    for (const map of labelMapsOf(picture, segmentationSize, this.#channels())) {
      const labels = resizeNearest(map, segmentationSize, edge);
      await this.#labels.append(
        this.#labelBytes() === 1 ? Uint8Array.from(labels) : new Uint8Array(Uint16Array.from(labels).buffer),
      );
    }
  }

  #labelSize(): number {
    return Math.min(this.#plan.size, this.#dissection.settings.segmentationSize);
  }

  #channels(): number {
    return this.#dissection.segmenter.channels ?? 1;
  }

  #labelBytes(): 1 | 2 {
    return this.#dissection.labels.length <= 256 ? 1 : 2;
  }

  async finish(): Promise<{
    pictures: PagePictures;
    features: string;
    labels: string;
    units: PageLayer["features"][];
  }> {
    return {
      pictures: {
        size: this.#plan.size,
        labelSize: this.#labelSize(),
        labelBytes: this.#labelBytes(),
        channels: this.#channels(),
        place: Object.fromEntries(this.#place),
        jpegs: this.#jpegs,
        note: this.#note(),
      },
      features: await this.#features.finish(),
      labels: await this.#labels.finish(),
      units: this.#units,
    };
  }

  /** Releases the compressors when the page is given up. */
  async abort(): Promise<void> {
    await Promise.all([this.#features.abort(), this.#labels.abort()]);
  }

  #note(): string {
    const { model, settings, layers } = this.#dissection;
    const { examples, size, featureSize } = this.#plan;
    const most = layers.flatMap(({ units }) => units).reduce((max, { top }) => Math.max(max, top.length), 0);
    const left: string[] = [];
    if (examples < most) left.push(`${examples} of the ${most} top images of each unit`);
    if (size < model.resolution) left.push(`pictures of ${size} instead of ${model.resolution} pixels`);
    if (this.#labelSize() < settings.segmentationSize) left.push(`label maps of ${this.#labelSize()} pixels`);
    if (layers.some(({ shape }) => Math.max(...shape) > featureSize)) {
      left.push(`feature maps averaged to at most ${featureSize} × ${featureSize}`);
    }
    return left.length === 0 ? "" : `To stay small, this page holds ${left.join(", ")}.`;
  }
}

/** The shape of the feature maps in the page: the largest whole fraction that is small enough. */
export function pageShape([height, width]: readonly [number, number], largest: number): [number, number] {
  return [shrink(height), shrink(width)];

  function shrink(edge: number): number {
    const factor = Math.ceil(edge / largest);
    return Math.ceil(edge / factor);
  }
}

/** Box average of a feature map; the map itself when the shapes agree. */
function average(
  map: Float32Array,
  [height, width]: readonly [number, number],
  [h, w]: readonly [number, number],
): Float32Array {
  if (h === height && w === width) return map;
  const out = new Float32Array(h * w);
  const count = new Float32Array(h * w);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = Math.floor((y * h) / height) * w + Math.floor((x * w) / width);
      out[to]! += map[y * width + x]!;
      count[to]!++;
    }
  }
  return out.map((sum, i) => sum / count[i]!);
}

/** To the nearest signed byte, but never onto the level: what is above it stays above. */
function toByte(value: number): number {
  if (!Number.isFinite(value)) return 0;
  return Math.max(-127, Math.min(127, Math.round(value) || Math.sign(value)));
}
