import type { Dissection, UnitPictures } from "../dissect/result.ts";
import { OutputError } from "../errors.ts";
import { labelColors, type Rgb } from "./colors.ts";
import { areaOf, type Extent, imageExtent, labelExtent, type Placed, placeOf } from "./extents.ts";
import type { ImageEncoder } from "./image.ts";
import { type EmbeddedPicture, embedPicture, type PageDrawing, type PageFeatures, pageFeatures } from "./page-draw.ts";
import { StripArtist, type StripFile, stripExtent, stripFiles } from "./strips.ts";
import { Tiles } from "./tiles.ts";

/**
 * What is to be drawn for a report, but for the pictures: plain data, which a worker can be sent.
 */
export interface DrawingPlan {
  /** Those whose units are drawn. */
  readonly layers: readonly {
    /** The layer's name, as in `generator.layers`. */
    readonly layer: string;
    /** Height and width of its feature map. */
    readonly shape: readonly [number, number];
    /** Where on pictures it lies. */
    readonly placed: Placed;
  }[];
  /** Height and width of the label maps. */
  readonly labelExtent: Extent;
  /** Of each label. */
  readonly colors: readonly Rgb[];
  /** Of the pictures in strips; that of the pictures themselves unless given. */
  readonly height: number | undefined;
  /** How the page shows pictures. */
  readonly page: PageDrawing;
  /** Pixels of all strips together, from which one can tell whether help is worth while. */
  readonly pixels: number;
  /** Pixels of the longest strip. */
  readonly largest: number;
}

/** One unit to draw. */
export interface UnitDrawing {
  /** The unit's top images, and its feature map in each. */
  readonly pictures: UnitPictures;
  /** Activation above which the unit is "on". */
  readonly level: number;
  /** Ranks of the pictures that the page is to hold and does not yet. */
  readonly embed: readonly number[];
}

/** A unit drawn. */
export interface DrawnUnit {
  /** Of its strips, within the layer's folder. */
  readonly files: readonly StripFile[];
  /** Its feature maps as the page holds them. */
  readonly features: PageFeatures;
  /** The pictures of the ranks in `UnitDrawing.embed`, in their order. */
  readonly embedded: readonly EmbeddedPicture[];
}

/** Where units are drawn: on this thread, or on several. */
export interface DrawingPool {
  /** As many units at a time are worth asking for. */
  readonly width: number;
  /**
   * Draws one unit.
   * @throws OutputError for a layer that is not in the plan; what the encoder throws.
   */
  draw(unit: UnitDrawing): Promise<DrawnUnit>;
  /** Lets everything go. What is still being drawn rejects. */
  close(): Promise<void>;
}

/** What is to be drawn of a dissection, for strips of this height and this page. */
export function drawingPlan(dissection: Dissection, height: number | undefined, page: PageDrawing): DrawingPlan {
  const { layers, labels } = dissection;
  const area = areaOf(stripExtent(imageExtent(dissection), height));
  const pictures = layers.flatMap(({ units }) => units.map(({ top }) => top.length));
  return {
    layers: layers.map((layer) => ({ layer: layer.layer, shape: layer.shape, placed: placeOf(dissection, layer) })),
    labelExtent: labelExtent(dissection),
    colors: labelColors(labels, dissection.model.tiles),
    height,
    page,
    pixels: area * pictures.reduce((sum, count) => sum + count, 0),
    largest: area * pictures.reduce((most, count) => Math.max(most, count), 0),
  };
}

/** Draws on the thread it is on, one unit after the other. */
export class Desk implements DrawingPool {
  readonly width = 1;
  readonly #plan: DrawingPlan;
  readonly #encoder: ImageEncoder;
  readonly #layers: ReadonlyMap<string, { readonly shape: readonly [number, number]; readonly artist: StripArtist }>;

  constructor(plan: DrawingPlan, encoder: ImageEncoder) {
    const { layers, labelExtent, colors, height } = plan;
    const tiles = new Tiles(labelExtent, colors);
    this.#plan = plan;
    this.#encoder = encoder;
    this.#layers = new Map(
      layers.map(({ layer, shape, placed }) => {
        return [layer, { shape, artist: new StripArtist({ shape, tiles, placed, height }) }];
      }),
    );
  }

  async draw({ pictures, level, embed }: UnitDrawing): Promise<DrawnUnit> {
    const { page, labelExtent } = this.#plan;
    const layer = this.#layers.get(pictures.layer);
    if (!layer)
      throw new OutputError(`There is nothing known of ${pictures.layer}.`, "Pass pictures of the same dissection.");
    const files = await stripFiles(layer.artist, pictures, level, this.#encoder);
    const features = pageFeatures(pictures, level, layer.shape, page);
    const embedded: EmbeddedPicture[] = [];
    for (const rank of embed) {
      embedded.push(await embedPicture(pictures.tops[rank]!.picture, labelExtent, page, this.#encoder));
    }
    return { files, features, embedded };
  }

  async close(): Promise<void> {}
}
