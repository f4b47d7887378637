import { GanatomyError, KernelError, UnsupportedError, UsageError } from "../errors.ts";
import { init } from "../load.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { canvasEncoder } from "../report/encode-canvas.ts";
import type { ImageEncoder } from "../report/image.ts";
import type { Device } from "../runtime/device.ts";
import { abortable } from "../weights/abort.ts";
import { checkCells } from "./cells.ts";
import { fraction, whole } from "./checks.ts";
import { rankedConcepts } from "./concepts.ts";
import { dissecting } from "./dissecting.ts";
import { coveredPixels, EffectCount } from "./effect.ts";
import { Emitter } from "./emitter.ts";
import { readThumbnail } from "./examples.ts";
import type { RankedUnit } from "./findings.ts";
import { rankedUnits } from "./findings.ts";
import { type Adopted, Holdings } from "./holdings.ts";
import {
  CONCEPTS_NAMES,
  checkTop,
  DISSECT_NAMES,
  EFFECT_NAMES,
  LEVELS_NAMES,
  PICTURE_NAMES,
  PIXEL_NAMES,
  REGION_NAMES,
  THUMBNAIL_NAMES,
  TOP_NAMES,
  UNITS_NAMES,
} from "./options.ts";
import { Painter, wantedBy } from "./painter.ts";
import { statePicture } from "./pictures.ts";
import { mapsNamed, readPixel, readRegion } from "./questions.ts";
import { type EditedImage, MAX_IMAGE } from "./recipe.ts";
import type {
  ConceptsOptions,
  DissectProgress,
  DissectRequest,
  Effect,
  EffectOptions,
  LevelsOptions,
  Listener,
  Loaded,
  LoadRequest,
  PictureBytes,
  PictureOptions,
  Pixel,
  PixelOptions,
  RankedConcept,
  RegionFeatures,
  RegionOptions,
  Rendered,
  Session,
  SessionEvents,
  Thumbnail,
  ThumbnailOptions,
  TopImage,
  TopImagesOptions,
  UnitName,
  UnitsOptions,
  UnloadRequest,
  View,
  ViewOptions,
  ViewState,
} from "./session.ts";
import { changedState, FIRST_STATE, SessionView } from "./view.ts";

// Tests: test/session/session.test.ts, test/session/views.test.ts, test/session/lost.test.ts

/** Options of `createSession`. */
export interface SessionOptions {
  /**
   * Makes the device; `init()` unless given. In Node: `async () => init({ gpu: await findGpu() })`.
   * It is called when something is loaded, and again when the device is lost; the session lets go
   * of what it makes.
   */
  readonly device?: () => Promise<Device>;
  /** Makes PNGs; the browser's own unless given. In Node: `nodeEncoder()` of "ganatomy/node". */
  readonly encoder?: ImageEncoder;
}

const SESSION_NAMES: NamesOf<SessionOptions> = { device: true, encoder: true };

/** A session here: in this page, this worker, this process. */
export function createSession(options: SessionOptions = {}): Session {
  checkNames("createSession", options, SESSION_NAMES);
  return new InProcessSession(options);
}

/** A session of networks that are somebody else's: a server's. They are left when it ends. */
export const adoptingSession = (adopted: Adopted, options: Pick<SessionOptions, "encoder">): Session =>
  new InProcessSession(options, adopted);

class InProcessSession implements Session {
  readonly #encoder: ImageEncoder | undefined;
  readonly #emitter = new Emitter<SessionEvents>();
  readonly #holdings: Holdings;
  readonly #painter: Painter;
  readonly #ended = new AbortController();
  #loaded: Loaded | undefined;

  constructor({ device = () => init(), encoder }: SessionOptions, adopted?: Adopted) {
    this.#encoder = encoder;
    this.#holdings = new Holdings(device, (type, event) => {
      if (type === "loaded") this.#loaded = event as Loaded; // before anybody is told
      this.#emitter.emit(type, event);
      if (type === "restored" || type === "loaded") this.#painter.redraw();
    });
    this.#painter = new Painter(() => this.#holdings.drawing);
    if (!adopted) return;
    this.#holdings.adopt(adopted);
    this.#loaded = this.#holdings.loaded;
  }

  get loaded(): Loaded | undefined {
    return this.#loaded;
  }

  on<Type extends keyof SessionEvents>(type: Type, listener: Listener<SessionEvents[Type]>): () => void {
    return this.#emitter.on(type, listener);
  }

  load(options: LoadRequest): Promise<Loaded> {
    return this.#work(options?.signal, () => this.#holdings.load(options));
  }

  unload(options: UnloadRequest): Promise<Loaded> {
    return this.#work(options?.signal, async () => {
      this.#loaded = await this.#holdings.unload(options);
      this.#emitter.emit("loaded", this.#loaded); // and what is drawn stays as it is
      return this.#loaded;
    });
  }

  view(canvas: HTMLCanvasElement | OffscreenCanvas, options: ViewOptions = {}): View {
    this.#check();
    const state = changedState(FIRST_STATE, options, "session.view");
    const context = canvas?.getContext?.("webgpu") as GPUCanvasContext | null | undefined;
    if (!context) {
      throw new UnsupportedError(
        "no-webgpu",
        "This is no canvas that WebGPU can draw on.",
        "Give a canvas that nothing else has a context of, in a browser with WebGPU.",
      );
    }
    const told = {
      rendered: (event: Rendered) => {
        this.#holdings.drawn();
        view.rendered(event);
      },
      failed: (error: unknown) => this.#failed(error, view),
    };
    const view: SessionView = new SessionView(state, {
      set: (_, state) => painted.changed(state),
      stroke: ({ id }, state) => painted.changed(state, id),
      dispose: () => painted.dispose(),
      loaded: () => this.#loaded,
    });
    const painted = this.#painter.add(canvas, context, told, state);
    return view;
  }

  /** What failed in drawing is told; what is lost is drawn again. */
  #failed(error: unknown, view: View): void {
    if (error instanceof GanatomyError && error.code === "device-lost") return;
    const known = error instanceof GanatomyError ? error : new KernelError(String(error), undefined, { cause: error });
    this.#emitter.emit("error", { error: known, view });
  }

  pixel(options: PixelOptions): Promise<Pixel> {
    return this.#work(options?.signal, async () => {
      checkNames("session.pixel", options, PIXEL_NAMES);
      const { y, x, layers, top = 8, signal, ...edited } = options;
      const state = stateOf(edited, "session.pixel");
      const { generator, segmenter } = this.#holdings.models;
      whole(y, "y", generator.height - 1);
      whole(x, "x", generator.width - 1);
      whole(top, "top", 8192, 1);
      const own = state.layer === undefined ? [] : [state.layer];
      const all = this.#holdings.latents.reached(generator, state.latents);
      const maps = mapsNamed(generator, layers ?? (own.length > 0 ? own : all));
      const names = maps.map(({ name }) => name);
      const knownOf = (layer: string) => this.#holdings.known(layer);
      return this.#holdings.show(state, { layers: names, labels: segmenter !== undefined, signal }, (frame) =>
        readPixel(generator, frame, maps, { y, x, top, knownOf }),
      );
    });
  }

  region(options: RegionOptions): Promise<RegionFeatures> {
    return this.#work(options?.signal, async () => {
      checkNames("session.region", options, REGION_NAMES);
      const { mask, layers, signal, ...edited } = options;
      const cells = checkCells(mask, "the region");
      const maps = mapsNamed(this.#holdings.models.generator, layers);
      const names = maps.map(({ name }) => name);
      return this.#holdings.show(stateOf(edited, "session.region"), { layers: names, signal }, (frame) =>
        readRegion(frame, maps, cells),
      );
    });
  }

  units(options: UnitsOptions): Promise<readonly RankedUnit[]> {
    return this.#work(options?.signal, async () => {
      checkNames("session.units", options, UNITS_NAMES);
      const { layer, concept, ranking, top } = options;
      if (top !== undefined) whole(top, "top", 8192, 1);
      return rankedUnits(this.#holdings.findings, layer, { concept, ranking, top });
    });
  }

  concepts(options: ConceptsOptions): Promise<readonly RankedConcept[]> {
    return this.#work(options?.signal, async () => {
      checkNames("session.concepts", options, CONCEPTS_NAMES);
      return rankedConcepts(this.#holdings.findings, options);
    });
  }

  levels(options: LevelsOptions): Promise<readonly Float32Array[]> {
    return this.#work(options?.signal, async () => {
      checkNames("session.levels", options, LEVELS_NAMES);
      const { layer, quantiles } = options;
      for (const quantile of quantiles) fraction(quantile, "A quantile");
      mapsNamed(this.#holdings.models.generator, [layer]);
      const table = await this.#holdings.table(layer);
      return quantiles.map((quantile) => table.levels(quantile));
    });
  }

  topImages(options: TopImagesOptions): Promise<readonly TopImage[]> {
    return this.#work(options?.signal, async () => {
      checkNames("session.topImages", options, TOP_NAMES);
      const { layer, unit, ...rest } = options;
      checkTop(rest);
      const { channels } = this.#holdings.models.generator.layer(layer);
      whole(unit, "unit", channels - 1);
      return (await this.#holdings.examples.top({ layer, ...rest }))[unit]!;
    });
  }

  async *thumbnails(options: ThumbnailOptions): AsyncGenerator<Thumbnail, void, undefined> {
    this.#check();
    checkNames("session.thumbnails", options, THUMBNAIL_NAMES);
    const { layer, size = 72, signal } = options;
    const { generator } = this.#holdings.models;
    const { channels } = generator.layer(layer);
    whole(size, "size", 1024, 8);
    const { units = Array.from({ length: channels }, (_, unit) => unit) } = options;
    for (const unit of units) whole(unit, "unit", channels - 1);
    mapsNamed(generator, [layer]);
    for (const unit of units) {
      yield await this.#work(signal, () => this.#thumbnail({ layer, unit, size, signal }));
    }
  }

  async #thumbnail(wanted: UnitName & { readonly size: number; readonly signal: AbortSignal | undefined }) {
    const { layer, unit, size, signal } = wanted;
    const [first] = (await this.#holdings.examples.top({ layer, signal }))[unit]!;
    const { seed = 1, image = 0 } = first ?? {};
    const level = await this.#holdings.level(layer, unit);
    const state = { ...FIRST_STATE, seed, image };
    return this.#holdings.show(state, { layers: [layer], signal }, (frame) =>
      readThumbnail(frame, { layer, unit, image, level, size }),
    );
  }

  async *dissect(options: DissectRequest = {}): AsyncGenerator<DissectProgress, void, undefined> {
    this.#check();
    checkNames("session.dissect", options, DISSECT_NAMES);
    const ended = this.#ended.signal;
    const loaded = (): Loaded | undefined => this.#loaded;
    const wait = <T>(work: () => Promise<T>): Promise<T> => this.#work(options.signal, work);
    yield* dissecting({ holdings: this.#holdings, ended, loaded, wait }, options, () => {
      this.#loaded = this.#holdings.loaded;
      this.#emitter.emit("loaded", this.#loaded);
      this.#painter.redraw();
    });
  }

  effect(options: EffectOptions): Promise<Effect> {
    return this.#work(options?.signal, async () => {
      checkNames("session.effect", options, EFFECT_NAMES);
      const { size = 1, signal, ...edited } = options;
      const state = stateOf(edited, "session.effect");
      whole(size, "size", 1000, 1);
      whole(state.image + size - 1, "The last image", MAX_IMAGE);
      const { generator, neededSegmenter: segmenter } = this.#holdings.models;
      const count = new EffectCount(coveredPixels(generator, state.strokes), segmenter.labels.length);
      for (let i = 0; i < size; i += 1) {
        const image = state.image + i;
        const labels = (strokes: ViewState["strokes"]): Promise<Uint32Array> =>
          this.#holdings.show({ ...state, image, strokes }, { labels: true, signal }, (frame) => frame.labels!.read());
        // First with strokes: an image without any then comes from the same plans, to the bit.
        const after = await labels(state.strokes);
        count.add(await labels([]), after);
      }
      return count.effect;
    });
  }

  picture(options: PictureOptions = {}): Promise<PictureBytes> {
    return this.#work(options?.signal, async () => {
      checkNames("session.picture", options, PICTURE_NAMES);
      const { type = "rgba", signal, ...edited } = options;
      if (type !== "rgba" && type !== "png") {
        throw new UsageError(`session.picture knows no type "${type}".`, "Use rgba or png.");
      }
      const state = stateOf(edited, "session.picture");
      const wanted = { ...wantedBy(state), signal };
      if (wanted.labels) this.#holdings.models.neededSegmenter;
      const rgba = await this.#holdings.show(state, wanted, (frame) =>
        statePicture(frame, state, this.#holdings.colors),
      );
      const { height, width } = this.#holdings.models.generator;
      const data = new Uint8Array(rgba.buffer);
      if (type === "rgba") return { height, width, data };
      const encoder = this.#encoder ?? canvasEncoder();
      const png = await encoder.png({ height, width, channels: 4, data });
      return { height, width, data: new Uint8Array(png) };
    });
  }

  /** Whatever the caller's signal and the session's end do not stop. */
  #work<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#ended.signal.aborted) return Promise.reject(this.#ended.signal.reason);
    return abortable(abortable(work(), signal), this.#ended.signal);
  }

  #check(): void {
    this.#ended.signal.throwIfAborted();
  }

  dispose(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(new UsageError("This session was disposed.", "Create another."));
    this.#holdings.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

const stateOf = (edited: EditedImage & ViewOptions, what: string): ViewState => changedState(FIRST_STATE, edited, what);
