import type { Dissection, UnitPictures } from "../dissect/result.ts";
import { areaOf, coverOf, type Extent, imageExtent, labelExtent, scaled } from "./extents.ts";
import { PackedBytes } from "./packed.ts";
import type { EmbeddedPicture, PageDrawing, PageFeatures } from "./page-draw.ts";
import type { PagePlan } from "./page-plan.ts";
import type { PageLayer, PagePictures } from "./viewer/data.ts";

/**
 * The pictures of a page, gathered unit by unit. Each image is kept once, as a picture and a label
 * map, however many units show it; each unit adds its raw feature maps, one signed byte a value.
 * The page upsamples and draws the masks itself. Only packed bytes are held, so memory is bounded
 * by the page and not by the number of units.
 */
export class PageGallery {
  readonly drawing: PageDrawing;
  readonly #dissection: Dissection;
  readonly #features = new PackedBytes();
  readonly #labels = new PackedBytes();
  readonly #files: string[] = [];
  readonly #place = new Map<number, number>();
  readonly #units: PageLayer["features"][number][][];

  constructor(dissection: Dissection, { examples, size, featureSize }: PagePlan) {
    this.#dissection = dissection;
    this.drawing = {
      examples,
      shape: scaled(imageExtent(dissection), size),
      labelShape: scaled(labelExtent(dissection), Math.min(size, dissection.settings.segmentationSize)),
      featureSize,
      labelBytes: dissection.labels.length <= 256 ? 1 : 2,
      channels: dissection.segmenter.channels ?? 1,
      tiles: dissection.model.tiles !== undefined,
    };
    this.#units = dissection.layers.map(({ units }) => units.map(() => null));
  }

  /**
   * Which of a unit's pictures no unit before it has shown, by rank: those are to be embedded, in
   * this order.
   */
  claim({ tops }: UnitPictures): number[] {
    const ranks: number[] = [];
    tops.slice(0, this.drawing.examples).forEach(({ picture }, rank) => {
      if (this.#place.has(picture.image)) return;
      this.#place.set(picture.image, this.#place.size);
      ranks.push(rank);
    });
    return ranks;
  }

  /** Adds a unit's pictures as they were drawn, in the order in which they were claimed. */
  async add(
    pictures: UnitPictures,
    drawn: { readonly features: PageFeatures; readonly embedded: readonly EmbeddedPicture[] },
  ): Promise<void> {
    const layerIndex = this.#dissection.layers.findIndex(({ layer }) => layer === pictures.layer);
    const layer = this.#dissection.layers[layerIndex];
    const index = layer?.units.findIndex(({ unit }) => unit === pictures.unit) ?? -1;
    const shown = pictures.tops.slice(0, this.drawing.examples);
    if (!layer || index < 0 || shown.length === 0) return;
    const { scale, bytes } = drawn.features;
    const images = shown.map(({ picture }) => picture.image);
    this.#units[layerIndex]![index] = { at: this.#features.length, scale, images };
    await this.#features.append(bytes);
    for (const { file, labels } of drawn.embedded) {
      this.#files.push(file);
      for (const map of labels) await this.#labels.append(map);
    }
  }

  async finish(): Promise<{
    pictures: PagePictures;
    features: string;
    labels: string;
    units: PageLayer["features"][];
  }> {
    return {
      pictures: {
        shape: this.drawing.shape,
        labelShape: this.drawing.labelShape,
        ...(this.#dissection.model.uncropped && { cover: coverOf(this.#dissection) }),
        labelBytes: this.drawing.labelBytes,
        channels: this.drawing.channels,
        place: Object.fromEntries(this.#place),
        files: this.#files,
        ...(this.drawing.tiles && { tiles: true }),
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
    const { layers } = this.#dissection;
    const { examples, shape, labelShape, featureSize } = this.drawing;
    const [image, labels] = [imageExtent(this.#dissection), labelExtent(this.#dissection)];
    const most = layers.flatMap(({ units }) => units).reduce((max, { top }) => Math.max(max, top.length), 0);
    const left: string[] = [];
    if (examples < most) left.push(`${examples} of the ${most} top images of each unit`);
    if (areaOf(shape) < areaOf(image)) left.push(`pictures of ${edges(shape)} instead of ${edges(image)} pixels`);
    if (areaOf(labelShape) < areaOf(labels)) left.push(`label maps of ${edges(labelShape)} pixels`);
    if (layers.some(({ shape }) => Math.max(...shape) > featureSize)) {
      left.push(`feature maps averaged to at most ${featureSize} × ${featureSize}`);
    }
    return left.length === 0 ? "" : `To stay small, this page holds ${left.join(", ")}.`;
  }
}

/** One number for the edges of a square. */
const edges = ([height, width]: Extent): string => (height === width ? `${height}` : `${width} × ${height}`);
