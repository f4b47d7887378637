import type { Phase } from "../dissect/events.ts";
import type { AdapterDescription } from "../dissect/result.ts";
import type { GanatomyError } from "../errors.ts";
import type { SegmenterFiles } from "../models/segmenter-files.ts";
import type { GeneratorOptions } from "../networks/generators/family.ts";
import type { LayerInfo } from "../networks/network.ts";
import type { Label } from "../networks/segmenters/network.ts";
import type { Rgb } from "../report/colors.ts";
import type { Report } from "../report/report.ts";
import type { SourceLike } from "../weights/source.ts";
import type { Cells } from "./cells.ts";
import type { ConceptsOptions, RankedConcept } from "./concepts.ts";
import type { RankedUnit } from "./findings.ts";
import type { ConceptUnits, EditedImage, ModelName, Recipe, Stroke } from "./recipe.ts";

export type { ConceptsOptions, RankedConcept };

/**
 * One generator, and whoever shows it: what there is to see of it, edits that keep up with a hand,
 * and questions about units. The same in process (`createSession`), behind a MessagePort
 * (`connect`), and over HTTP; callers do not see which. All that comes out is plain data, all that
 * goes on can be aborted, and whatever fails rejects with a `GanatomyError`.
 *
 * Pictures are of an `EditedImage`: an image of a seed, with strokes on one layer. A session keeps
 * no history: who undoes a stroke tells it the strokes that are left (`History`).
 */
export interface Session {
  /** What is loaded: undefined until the first `load` has settled. */
  readonly loaded: Loaded | undefined;
  /**
   * Loads what is named; what is not stays as it was. Without a segmenter there are pictures, units
   * and strokes on units by number; concepts need a report too, or a `dissect`.
   * @throws UsageError, WeightsError, LabelsError, UnsupportedError; the signal's reason.
   */
  load(options: LoadRequest): Promise<Loaded>;
  /**
   * Calls back on every event of a kind; returns what ends that.
   */
  on<Type extends keyof SessionEvents>(type: Type, listener: Listener<SessionEvents[Type]>): () => void;
  /**
   * Draws on a canvas from now on. Its size in pixels is set to the image's. A canvas of a page can
   * be given to one session only, for ever: behind a port it is transferred.
   */
  view(canvas: HTMLCanvasElement | OffscreenCanvas, options?: ViewOptions): View;
  /** What is at a pixel: its labels, and in each layer the units that are most active there. */
  pixel(options: PixelOptions): Promise<Pixel>;
  /** Every unit's activations within a mask: to find who draws it, or to copy it elsewhere. */
  region(options: RegionOptions): Promise<RegionFeatures>;
  /** The units of a concept, the best first, or all units of a layer in the order of a ranking. */
  units(options: UnitsOptions): Promise<readonly RankedUnit[]>;
  /** The concepts of a layer's units, those with most units first, or of one unit by its scores. */
  concepts(options: ConceptsOptions): Promise<readonly RankedConcept[]>;
  /**
   * The levels of every unit of a layer at some quantiles of its own activations,
   * [quantiles][units]: what strokes insert. Where they were not loaded they are counted on 200
   * images when somebody first asks for a layer.
   */
  levels(options: LevelsOptions): Promise<readonly Float32Array[]>;
  /** Small pictures of units, in the order asked for. */
  thumbnails(options: ThumbnailOptions): AsyncIterable<Thumbnail>;
  /** The images of a seed in which a unit is most active, best first. */
  topImages(options: TopImagesOptions): Promise<readonly TopImage[]>;
  /** Finds what units detect; its report is the session's from then on. */
  dissect(options?: DissectRequest): AsyncIterable<DissectProgress>;
  /** What strokes do to every concept. */
  effect(options: EffectOptions): Promise<Effect>;
  /** An image as bytes: RGBA, or a PNG. */
  picture(options?: PictureOptions): Promise<PictureBytes>;
  /** Frees everything; what is under way rejects. */
  dispose(): void;
  [Symbol.dispose](): void;
}

export type Listener<Event> = (event: Event) => void;

export interface SessionEvents {
  /** `done` of `total` bytes or images; the total is undefined where nobody knows it. */
  readonly progress: Progress;
  /** Something new was loaded, or found out by a dissection. */
  readonly loaded: Loaded;
  /** What failed that no call waits for, such as a stroke. */
  readonly error: { readonly error: GanatomyError; readonly view?: View };
  /** The GPU went away. The models are loaded anew and every view drawn again: "restored". */
  readonly lost: { readonly error: GanatomyError };
  readonly restored: { readonly adapter: AdapterDescription };
}

export interface Progress {
  readonly phase: "generator" | "segmenter" | "report" | "activations" | Phase;
  readonly done: number;
  readonly total: number | undefined;
}

export interface LoadRequest {
  /**
   * A checkpoint's address, file or bytes. A string is a URL, relative to the page. Bytes that are
   * given across a port are transferred: the caller has them no more.
   */
  readonly generator?: SourceLike;
  readonly segmenter?: SegmenterSource;
  /** `report.json`, or a `dissect.json` of ours or gandissect's: its address, file, or contents. */
  readonly report?: SourceLike | object;
  /**
   * Quantiles of units, by layer: `LAYER/quantiles.npz` of a report of this generator, ours or
   * gandissect's. Strokes insert at them; those of other layers are counted on 200 images when
   * somebody first asks.
   */
  readonly quantiles?: Readonly<Record<string, SourceLike>>;
  /**
   * What the generator is called; its file's name unless given, or its folder's, where the file is
   * a mere "generator" of an address.
   */
  readonly name?: string;
  /** The generator's, which is checked; it comes back in `Loaded`, for recipes. */
  readonly sha256?: string;
  /** How the generator is read; see `loadGenerator`. */
  readonly network?: GeneratorOptions;
  /** Classes that images are drawn of; see `loadGenerator`. */
  readonly classes?: readonly (number | string)[];
  readonly onProgress?: Listener<Progress>;
  readonly signal?: AbortSignal | undefined;
}

/** A segmenter's files, or "self": the labels that a generator of tiles gives its own images. */
export type SegmenterSource = SegmenterFiles | "self";

/** What a session has at hand. */
export interface Loaded {
  readonly model?: ModelName & {
    readonly architecture: string;
    /** Of its images, in pixels. */
    readonly height: number;
    readonly width: number;
    /** In the order in which they are computed; "vector" ones have no place to paint. */
    readonly layers: readonly LayerInfo[];
    /** Names of the classes that images can be of. */
    readonly classes: readonly string[];
  };
  readonly segmenter?: ModelName & {
    readonly architecture: string;
    /** Labels that a pixel can have at once. */
    readonly channels: number;
  };
  /** The segmenter's or, without one, the report's; index 0 is none. */
  readonly labels: readonly (Label & { readonly color: Rgb })[];
  /** What units detect, as far as it is known. */
  readonly report?: Report;
  /** Names of the rankings that `units` and strokes can name, by layer. */
  readonly rankings: Readonly<Record<string, readonly string[]>>;
  /** The GPU, once one was needed. */
  readonly adapter?: AdapterDescription;
}

/** Something that is drawn anew when it changes: the newest state, as soon as the GPU can. */
export interface View {
  /** What it shows now, or will as soon as it is drawn. */
  readonly state: ViewState;
  /** Changes some of the state; fire and forget. What cannot be drawn is an "error" event. */
  set(change: ViewOptions): void;
  /** Adds a stroke, or replaces the one of its id; fire and forget, the latest wins. */
  stroke(stroke: Stroke): void;
  /**
   * Shows a recipe: its image, with its strokes.
   * @throws UsageError for a recipe of another generator.
   */
  setRecipe(recipe: Recipe): void;
  /** Its image and strokes as a recipe of what is loaded. */
  recipe(): Recipe;
  /** Calls back after every drawing. */
  on(type: "rendered", listener: Listener<Rendered>): () => void;
  /** Draws no more; the canvas keeps its last picture. */
  dispose(): void;
}

export interface ViewOptions extends EditedImage {
  /** The image ("rgb", unless given), the segmenter's labels, or a unit's activations. */
  readonly view?: "rgb" | "labels" | "unit";
  /** Which unit; needed to see one. */
  readonly unit?: UnitName;
  /**
   * Whether it goes before the session's other views, every other time: for the one that somebody
   * paints on. In turn with them unless given.
   */
  readonly foreground?: boolean;
}

export interface ViewState extends Required<Omit<ViewOptions, "unit" | "layer">> {
  readonly layer: string | undefined;
  readonly unit: UnitName | undefined;
}

export interface UnitName {
  readonly layer: string;
  readonly unit: number;
}

export interface Rendered {
  /** The last stroke that is in the picture. */
  readonly id?: string;
  /** From the change until the GPU had drawn it. */
  readonly ms: number;
}

export interface PixelOptions extends EditedImage {
  /** In pixels of the image. */
  readonly y: number;
  readonly x: number;
  /** All maps but the image unless given. */
  readonly layers?: readonly string[];
  /** How many units of each; 8 unless given. */
  readonly top?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Pixel {
  readonly y: number;
  readonly x: number;
  /** Numbers of the labels that it has; empty without a segmenter. */
  readonly labels: readonly number[];
  readonly layers: readonly PixelLayer[];
}

export interface PixelLayer {
  readonly layer: string;
  /** The cell that the pixel lies in. */
  readonly row: number;
  readonly column: number;
  /** Most active first, by quantile where quantiles are known, else by value. */
  readonly units: readonly ActiveUnit[];
}

export interface ActiveUnit {
  readonly unit: number;
  readonly value: number;
  /** The fraction of the unit's activations that lie below; absent until they were counted. */
  readonly quantile?: number;
  /** Number of the label it detects; absent where it is not known or it detects none. */
  readonly label?: number;
}

export interface RegionOptions extends EditedImage {
  readonly mask: Cells;
  /** Whose features. Not `layer`, which says where the strokes are. */
  readonly layers: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

export interface RegionFeatures {
  readonly layers: readonly {
    readonly layer: string;
    /** Of every unit over the cells of the mask. */
    readonly mean: Float32Array;
    readonly max: Float32Array;
  }[];
}

export interface UnitsOptions extends Partial<ConceptUnits> {
  readonly layer: string;
  readonly signal?: AbortSignal | undefined;
}

export interface LevelsOptions {
  readonly layer: string;
  /** 0…1 */
  readonly quantiles: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/** RGBA bytes, row by row: what `ImageData` takes. */
export interface RgbaPicture {
  readonly height: number;
  readonly width: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

export interface ThumbnailOptions {
  readonly layer: string;
  /** In the order in which they are wanted: those in view first. All unless given. */
  readonly units?: readonly number[];
  /** Longer edge in pixels; 72 unless given. */
  readonly size?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A unit at the image that activates it most, dimmed where it is not active. */
export interface Thumbnail extends UnitName, RgbaPicture {
  readonly image: number;
}

export interface TopImagesOptions extends UnitName {
  /** How many; 8 unless given. */
  readonly top?: number;
  /** Of how many images of the seed; the report's, or 200, unless given. */
  readonly size?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface TopImage {
  readonly seed: number;
  readonly image: number;
  /** The largest in that image. */
  readonly activation: number;
}

/** As `DissectOptions`: those that make sense to somebody who waits for it. */
export interface DissectRequest {
  readonly layers?: readonly string[];
  readonly size?: number;
  readonly seed?: number;
  readonly trainSeed?: number;
  readonly quantileThreshold?: "iqr" | "maxiou" | number;
  readonly signal?: AbortSignal | undefined;
}

export type DissectProgress =
  | { readonly type: "progress"; readonly phase: Phase; readonly done: number; readonly total: number }
  /** Of the test images seen so far, or of all. */
  | { readonly type: "partial" | "result"; readonly report: Report };

export interface EffectOptions extends EditedImage {
  /** Measures on so many images from `image` on, all with the same strokes; 1 unless given. */
  readonly size?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Effect {
  /** Of all labels, in pixels of the images. */
  readonly labels: readonly { readonly label: number; readonly before: number; readonly after: number }[];
  /** Pixels that the strokes' masks cover, and how many of them have other labels than before. */
  readonly inside: Changed;
  readonly outside: Changed;
}

export interface Changed {
  readonly pixels: number;
  readonly changed: number;
}

export interface PictureOptions extends Omit<ViewOptions, "foreground"> {
  /** "rgba" unless given. */
  readonly type?: "rgba" | "png";
  readonly signal?: AbortSignal | undefined;
}

export interface PictureBytes {
  readonly height: number;
  readonly width: number;
  /** RGBA, row by row, or the PNG file. */
  readonly data: Uint8Array<ArrayBuffer>;
}
