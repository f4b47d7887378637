import { DeviceLostError, type GanatomyError, UsageError } from "../errors.ts";
import type { Edit } from "../models/edits.ts";
import type { Generator } from "../models/generator.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { checkNames } from "../names.ts";
import { labelColors, type Rgb } from "../report/colors.ts";
import type { Device } from "../runtime/device.ts";
import { Examples } from "./examples.ts";
import { type Findings, joined, renumbered } from "./findings.ts";
import { OwnLatents } from "./latents.ts";
import { checkFindings, describeLoaded, loadFindings, loadQuantiles } from "./loaded.ts";
import { Models } from "./models.ts";
import { checkUnload, LOAD_NAMES } from "./options.ts";
import type { Drawing } from "./painter.ts";
import { statePicture } from "./pictures.ts";
import type { KnownUnits } from "./questions.ts";
import type { Listener, Loaded, LoadRequest, Progress, SessionEvents, UnloadRequest, ViewState } from "./session.ts";
import type { Frame, Scene, Wanted } from "./stage.ts";
import { Stages } from "./stages.ts";
import { type Measure, type Quantiles, Strokes } from "./strokes.ts";

// Tests: test/session/session.test.ts, test/session/lost.test.ts

/** A device that is lost more often in a row is not asked for again. */
export const MAX_LOSSES = 3;
/**
 * Milliseconds after which a loss is none of the row, if something was drawn meanwhile: a driver
 * that gives up on what is drawn would else be woken for it for ever.
 */
const ROW = 60_000;
/** A unit is active above this quantile of its activations, where nothing better is known. */
const ACTIVE = 0.99;

/** What somebody else has, and remains the owner of. */
export interface Adopted {
  readonly generator: Generator;
  readonly segmenter?: Segmenter | undefined;
  readonly findings?: Findings | undefined;
  /** Where levels of units come from, if not from images that are looked at. */
  readonly quantiles?: Measure;
}

/** Of which image a scene is, and with what done to it. */
type Shown = Pick<ViewState, "seed" | "image" | "latents" | "toward" | "layer" | "strokes">;

/** Whoever is told what happens. */
type Tell = <Type extends keyof SessionEvents>(type: Type, event: SessionEvents[Type]) => void;

/**
 * What a session has, and what it shows it with: all that goes with a lost device, and comes back.
 */
export class Holdings {
  readonly models: Models;
  readonly #tell: Tell;
  /** As they came; `findings` has the segmenter's numbers for labels. */
  #found: Findings | undefined;
  #findings: Findings | undefined;
  #device: Device | undefined;
  #measure: Measure | undefined;
  /** Those that were loaded for this generator. */
  #quantiles: ReadonlyMap<string, Quantiles> = new Map();
  /** Images of somebody's own, of this generator. */
  readonly latents = new OwnLatents();
  #drawing: (Drawing & Readonly<{ stage: Stages; strokes: Strokes; examples: Examples }>) | undefined;
  /** Settles when what the device was lost with is there again, or cannot be had. */
  #restored: Promise<void> = Promise.resolve();
  /** Settles when nobody asks anything. */
  #asking: Promise<unknown> = Promise.resolve();
  /** How often the device was lost in a row, and when last, as `performance.now()` counts. */
  #losses = 0;
  #lostAt = Number.NEGATIVE_INFINITY;
  /** Whether something was drawn since. */
  #hasDrawn = false;
  #isGivenUp = false;
  #disposed = false;

  constructor(request: () => Promise<Device>, tell: Tell) {
    this.#tell = tell;
    this.models = new Models(request, (error) => {
      this.#restored = this.#restored.then(() => this.#restore(error as DeviceLostError));
    });
  }

  /** Shows what somebody else has. */
  adopt({ generator, segmenter, findings, quantiles }: Adopted): void {
    this.models.adopt(generator, segmenter);
    this.#device = generator.device;
    this.#measure = quantiles;
    this.findings = findings;
  }

  get findings(): Findings | undefined {
    return this.#findings;
  }

  /** What was found out about these units. */
  set findings(found: Findings | undefined) {
    this.#found = found;
    this.#renew(this.models.hasGenerator);
  }

  /** What there is to draw with; nothing before a generator is loaded. */
  get drawing(): Drawing | undefined {
    return this.#drawing;
  }

  get loaded(): Loaded {
    return describeLoaded(this.models, this.#findings, this.latents.about, this.#device?.adapter);
  }

  get colors(): readonly Rgb[] {
    return labelColors(this.models.segmenter?.labels ?? this.#findings?.labels ?? []);
  }

  /** Loads what is asked for; once more where the device is lost meanwhile. */
  async load(request: LoadRequest): Promise<Loaded> {
    checkNames("session.load", request, LOAD_NAMES);
    for (let losses = 0; ; losses += 1) {
      await this.revived();
      try {
        return await this.#load(request);
      } catch (error) {
        if (!isLoss(error) || losses >= MAX_LOSSES || this.#disposed || request.signal?.aborted) throw error;
      }
    }
  }

  async #load(request: LoadRequest): Promise<Loaded> {
    const { generator, segmenter, report, quantiles, latents, signal } = request;
    const onProgress: Listener<Progress> = (progress) => {
      request.onProgress?.(progress);
      this.#tell("progress", progress);
    };
    const loading = { signal, onProgress };
    const found = report === undefined ? undefined : await loadFindings(report, loading);
    let isNew = false;
    try {
      if (generator !== undefined) {
        const before = await this.models.loadGenerator(generator, request, loading);
        isNew = true;
        this.#found = undefined; // it is of another
        this.#quantiles = new Map();
        this.latents.clear();
        await this.#replaced(before);
      }
      if (segmenter !== undefined) await this.#replaced(await this.models.loadSegmenter(segmenter, loading));
      if (found) {
        checkFindings(found, this.models);
        this.findings = joined(this.#found, found);
      }
      if (quantiles !== undefined) {
        const known = await loadQuantiles(quantiles, this.models.generator, loading);
        this.#quantiles = new Map([...this.#quantiles, ...known]);
        this.#drawing?.strokes.know(known);
      }
      if (latents !== undefined) await this.latents.load(latents, this.models.generator, loading);
    } catch (error) {
      // A generator that is here can be shown, whatever becomes of the rest.
      if (isNew && !this.#disposed) this.#tell("loaded", this.loaded);
      throw error;
    }
    const { loaded } = this;
    this.#tell("loaded", loaded);
    return loaded;
  }

  /** As `Session.unload`, once what was asked before is answered. */
  async unload(request: UnloadRequest): Promise<Loaded> {
    const latents = checkUnload(request);
    await this.#asking;
    request.signal?.throwIfAborted();
    this.latents.forget(latents);
    this.#drawing?.stage.forget(latents.sha256);
    return this.loaded;
  }

  /** Draws with what there is now, and lets go of what there was. */
  async #replaced(before: { dispose(): void } | undefined): Promise<void> {
    this.#device = await this.models.device();
    this.#renew(this.models.hasGenerator);
    before?.dispose();
  }

  /**
   * What is shown with what there is now.
   * @param reason what those are told who wait for what there was.
   */
  #renew(draws: boolean, reason: Error = new UsageError("Something else was loaded.", "Ask again.")): void {
    const { segmenter } = this.models;
    this.#findings = this.#found && segmenter ? renumbered(this.#found, segmenter.labels) : this.#found;
    const before = this.#drawing;
    this.#drawing = undefined;
    before?.stage.dispose(reason);
    const counted = draws && before?.strokes.areOf(this.models.generator) ? before.strokes : undefined;
    if (!counted) {
      before?.strokes.dispose(reason);
      before?.examples.dispose(reason);
    }
    if (!draws || !this.#device) return;
    const { generator } = this.models;
    const onProgress: Listener<Progress> = (progress) => this.#tell("progress", progress);
    const strokes = new Strokes(generator, this.#findings, onProgress, { measure: this.#measure, before: counted });
    strokes.know(this.#quantiles);
    this.#drawing = {
      device: this.#device,
      stage: new Stages(generator, segmenter),
      strokes,
      examples: new Examples(generator, this.#findings, onProgress),
      height: generator.height,
      width: generator.width,
      edits: ({ layer, strokes: made }) => strokes.edits(layer, made),
      knownEdits: ({ layer, strokes: made }) => strokes.knownEdits(layer, made),
      scene: (state, edits) => this.#scene(state, edits),
      rgba: (frame, state) => statePicture(frame, state, this.colors),
    };
  }

  /**
   * Runs an edited image and hands it to `use`, as `Stage.show` does, once there is something to
   * run it with. One after the other: the GPU's queue has no end, and what is drawn stands in it
   * behind all questions, those that nobody wants answered any more, too.
   */
  show<T>(state: Shown, wanted: Wanted, use: (frame: Frame) => T | Promise<T>): Promise<T> {
    const shown = this.#asking.then(() => this.#show(state, wanted, use));
    this.#asking = shown.catch(() => {});
    return shown;
  }

  async #show<T>(state: Shown, wanted: Wanted, use: (frame: Frame) => T | Promise<T>): Promise<T> {
    wanted.signal?.throwIfAborted();
    await this.#restored;
    const drawing = this.#needed;
    const edits = await drawing.edits(state as ViewState);
    const shown = await drawing.stage.show(this.#scene(state, edits), wanted, use);
    this.drawn();
    return shown;
  }

  /** What is to be run. @throws GanatomyError `not-found` for latents that are not held. */
  #scene({ seed, image, latents, toward, layer }: Shown, edits: readonly Edit[]): Scene {
    const own = latents && this.latents.named(latents);
    return { seed, image, own, toward, layer: edits.length > 0 ? layer : undefined, edits };
  }

  /** Quantiles of a layer's units, which are counted where nobody asked before. */
  async table(layer: string): Promise<Quantiles> {
    await this.#restored;
    return this.#needed.strokes.table(layer);
  }

  /** What is known of a layer's units by now. */
  known(layer: string): KnownUnits {
    return { detects: this.#findings?.layers.get(layer)?.detects, table: this.#drawing?.strokes.knownTable(layer) };
  }

  /** The images that units are most active in. */
  get examples(): Examples {
    return this.#needed.examples;
  }

  /** Where a unit is active, it is above. */
  async level(layer: string, unit: number): Promise<number> {
    const found = this.#findings?.layers.get(layer)?.levels[unit];
    return found ?? (await this.table(layer)).levels(ACTIVE)[unit]!;
  }

  get #needed() {
    const { generator } = this.models; // which says what is missing
    if (this.#drawing) return this.#drawing;
    throw new UsageError(`${generator.name} is not shown yet.`, "Wait for `load`.");
  }

  /** Something was drawn: the device works. */
  drawn(): void {
    this.#hasDrawn = true;
  }

  async #restore(error: DeviceLostError): Promise<void> {
    if (this.#disposed) return;
    this.#tell("lost", { error });
    const now = performance.now();
    this.#losses = this.#hasDrawn && now - this.#lostAt > ROW ? 1 : this.#losses + 1;
    this.#lostAt = now;
    this.#hasDrawn = false;
    this.#renew(false, error);
    try {
      if (this.#losses > MAX_LOSSES) {
        throw new DeviceLostError(
          "device-lost",
          `The GPU device was lost ${this.#losses} times, each soon after the one before.`,
          "Close other pages that use the GPU, show fewer pictures at once, update the graphics driver, and reload.",
          { cause: error },
        );
      }
      this.#device = await this.models.restore();
    } catch (failure) {
      this.#device = undefined;
      // One that was lost meanwhile is restored next.
      const next = failure instanceof DeviceLostError && this.#losses <= MAX_LOSSES;
      this.#isGivenUp = !next;
      if (!next) this.#tell("error", { error: failure as GanatomyError });
      return;
    }
    this.#isBack(this.#device);
  }

  #isBack({ adapter }: Device): void {
    this.#isGivenUp = false;
    if (this.#disposed) {
      this.models.dispose();
      return;
    }
    this.#renew(this.models.hasGenerator);
    this.#tell("restored", { adapter });
  }

  /**
   * Settles when what was lost is there again. Where it could not be had, it is tried once more:
   * else what is loaded next would be on another device than what is there.
   */
  async revived(): Promise<void> {
    const revived = this.#restored.then(async () => {
      if (!this.#isGivenUp || this.#disposed) return;
      this.#device = await this.models.restore();
      this.#isBack(this.#device);
    });
    this.#restored = revived.catch(() => {});
    await revived;
  }

  dispose(): void {
    this.#disposed = true;
    this.#renew(false);
    this.models.dispose();
  }
}

/** Whether it is that the device was lost. */
export const isLoss = (error: unknown): error is DeviceLostError =>
  error instanceof DeviceLostError && error.code === "device-lost";
