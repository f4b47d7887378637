import type { Phase } from "../dissect/events.ts";
import type { AdapterDescription } from "../dissect/result.ts";
import type { GanatomyError } from "../errors.ts";
import type { SegmenterFiles } from "../models/segmenter-files.ts";
import type { GeneratorOptions } from "../networks/generators/family.ts";
import type { LayerInfo } from "../networks/network.ts";
import type { Label } from "../networks/segmenters/network.ts";
import type { Rgb } from "../report/colors.ts";
import type { Report } from "../report-json.ts";
import type { SourceLike } from "../weights/source.ts";
import type {
  DissectProgress,
  DissectRequest,
  Effect,
  EffectOptions,
  LevelsOptions,
  PictureBytes,
  PictureOptions,
  Pixel,
  PixelOptions,
  RegionFeatures,
  RegionOptions,
  Thumbnail,
  ThumbnailOptions,
  TopImage,
  TopImagesOptions,
  UnitsOptions,
} from "./answers.ts";
import type { ConceptsOptions, RankedConcept } from "./concepts.ts";
import type { RankedUnit } from "./findings.ts";
import type { LatentsName, ModelName } from "./recipe.ts";
import type { Listener, View, ViewOptions } from "./shown.ts";

export type * from "./answers.ts";
export type * from "./shown.ts";
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
   * Lets go of a file of latents, and of what it was drawn with; on a server, for all who ask
   * there. Views keep its picture until they are drawn again, which is then an "error" event.
   * @throws GanatomyError `not-found` for latents that are not held; UsageError.
   */
  unload(options: UnloadRequest): Promise<Loaded>;
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
  /** The same as `dispose`, for `using`. */
  [Symbol.dispose](): void;
}

/** What happens in a session, by the name of the event. */
export interface SessionEvents {
  /** `done` of `total` bytes or images; the total is undefined where nobody knows it. */
  readonly progress: Progress;
  /** Something new was loaded, or found out by a dissection. */
  readonly loaded: Loaded;
  /** What failed that no call waits for, such as a stroke. */
  readonly error: {
    /** What went wrong. */
    readonly error: GanatomyError;
    /** The view that it was drawn for, if it was one. */
    readonly view?: View;
  };
  /** The GPU went away. The models are loaded anew and every view drawn again: "restored". */
  readonly lost: {
    /** Why. */
    readonly error: GanatomyError;
  };
  /** Everything is there again after a loss. */
  readonly restored: {
    /** The GPU that there is now. */
    readonly adapter: AdapterDescription;
  };
}

/** How far something is. */
export interface Progress {
  /** What is loaded, in bytes, or computed, in images. */
  readonly phase: "generator" | "segmenter" | "report" | "latents" | "activations" | Phase;
  /** Bytes or images so far. */
  readonly done: number;
  /** Bytes or images in all; undefined where nobody knows it. */
  readonly total: number | undefined;
}

/** What a session is to load; what is not named stays as it was. */
export interface LoadRequest {
  /**
   * A checkpoint's address, file or bytes. A string is a URL, relative to the page. Bytes that are
   * given across a port are transferred: the caller has them no more.
   */
  readonly generator?: SourceLike;
  /** What names the things in images: its files, or "self". */
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
   * Images of one's own, to be drawn where `latents` names their file: an `inversion.safetensors`
   * of `ganatomy invert`, or rows of z or w of this generator, as `ganatomy --latents` takes them.
   * The last 16 files are held, up to 256 MiB in all, until another generator is loaded, or they
   * are unloaded.
   */
  readonly latents?: SourceLike;
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
  /** Told as bytes arrive; as are listeners to "progress". */
  readonly onProgress?: Listener<Progress>;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What a session is to hold no longer. */
export interface UnloadRequest {
  /** A file of latents, one of `loaded.latents`. */
  readonly latents: LatentsName;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A segmenter's files, or "self": the labels that a generator of tiles gives its own images. */
export type SegmenterSource = SegmenterFiles | "self";

/** Images of one's own that a session can draw. */
export interface LoadedLatents extends LatentsName {
  /** How many images they are. */
  readonly size: number;
  /** The layer whose features they are; absent for z. Layers before it are not computed. */
  readonly layer?: string;
  /** Whether they are drawn with weights that were fitted to them. */
  readonly weights: boolean;
}

/** What a session has at hand. */
export interface Loaded {
  /** The generator, once one was loaded. */
  readonly model?: ModelName & {
    /** What it is, for people: "Progressive GAN". */
    readonly architecture: string;
    /** Of its images, in pixels. */
    readonly height: number;
    /** Of its images, in pixels. */
    readonly width: number;
    /** In the order in which they are computed; "vector" ones have no place to paint. */
    readonly layers: readonly LayerInfo[];
    /** Names of the classes that images can be of. */
    readonly classes: readonly string[];
  };
  /** What names the things in images, once one was loaded. */
  readonly segmenter?: ModelName & {
    /** What it is, for people. */
    readonly architecture: string;
    /** Labels that a pixel can have at once. */
    readonly channels: number;
  };
  /** The segmenter's or, without one, the report's; index 0 is none. */
  readonly labels: readonly (Label & {
    /** In which it is drawn. */
    readonly color: Rgb;
  })[];
  /** What units detect, as far as it is known. */
  readonly report?: Report;
  /** Images of one's own, the newest file last; absent where there are none. */
  readonly latents?: readonly LoadedLatents[];
  /** Names of the rankings that `units` and strokes can name, by layer. */
  readonly rankings: Readonly<Record<string, readonly string[]>>;
  /** The GPU, once one was needed. */
  readonly adapter?: AdapterDescription;
}
