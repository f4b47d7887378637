import { UnsupportedError, UsageError } from "../errors.ts";
import { Generator } from "../models/generator.ts";
import { modelName } from "../models/model-name.ts";
import { prepare } from "../models/prepare.ts";
import { Segmenter } from "../models/segmenter.ts";
import type { Device } from "../runtime/device.ts";
import { prepareDrawing } from "../runtime/draw.ts";
import { canvasFormat } from "../runtime/host.ts";
import type { LoadProgress, SourceLike } from "../weights/source.ts";
import type { Listener, LoadRequest, Progress, SegmenterSource } from "./session.ts";
import { shownPlan } from "./stage.ts";

// Tests: test/session/session.test.ts, test/session/lost.test.ts

/**
 * Milliseconds until an adapter is asked for again: browsers have none for a moment after what they
 * drive the GPU with has crashed.
 */
const WAKING = [100, 400, 1000, 2000, 4000];
/** How something is loaded. */
interface Loading {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: Listener<Progress>;
}

/** A session's device and the networks on it, which another device can be given. */
export class Models {
  readonly #request: () => Promise<Device>;
  readonly #onLost: Listener<Error>;
  #device: Promise<Device> | undefined;
  #generator: Generator | undefined;
  #segmenter: Segmenter | undefined;
  /** How often each was asked for. */
  readonly #asked = { generator: 0, segmenter: 0 };
  /** Whether they were loaded here, to be let go of. */
  #own = true;
  #disposed = false;
  /** SHA-256 of the generator's file, where it was given, and so checked. */
  sha256: string | undefined;

  /** @param request makes a device; called again when it is lost, which `onLost` is told of. */
  constructor(request: () => Promise<Device>, onLost: Listener<Error>) {
    this.#request = request;
    this.#onLost = onLost;
  }

  /** Takes networks that are somebody else's, who sees to it when their device is lost. */
  adopt(generator: Generator, segmenter: Segmenter | undefined): void {
    this.#own = false;
    this.#device = Promise.resolve(generator.device);
    this.#generator = generator;
    this.#segmenter = segmenter;
  }

  device(): Promise<Device> {
    this.#device ??= this.#request().then((device) => {
      device.lost.then((error) => this.#onLost(error));
      return device;
    });
    this.#device.catch(() => {
      this.#device = undefined; // so that whoever asks again is not told of an old failure
    });
    return this.#device;
  }

  /** @throws UsageError before one is loaded. */
  get generator(): Generator {
    if (this.#generator) return this.#generator;
    throw new UsageError("This session has no generator.", "Load one: session.load({ generator }).");
  }

  get hasGenerator(): boolean {
    return this.#generator !== undefined;
  }

  get segmenter(): Segmenter | undefined {
    return this.#segmenter;
  }

  /** @throws UsageError before one is loaded. */
  get neededSegmenter(): Segmenter {
    if (this.#segmenter) return this.#segmenter;
    const fix = this.#own ? "Load one: session.load({ segmenter })." : "Start the server with one: --segmenter.";
    throw new UsageError("This session has no segmenter.", fix);
  }

  /** Returns the one before, for whoever still draws with it to let go. */
  async loadGenerator(
    source: NonNullable<LoadRequest["generator"]>,
    { name, sha256, network, classes }: LoadRequest,
    { signal, onProgress }: Loading,
  ): Promise<{ dispose(): void } | undefined> {
    const asked = this.#ask("generator");
    const device = await this.device();
    const options = {
      ...network,
      ...nameOf(source, name),
      ...(sha256 !== undefined && { sha256 }),
      ...(classes !== undefined && { classes }),
      device,
      signal,
      onProgress: bytesOf("generator", onProgress),
    };
    const generator = await Generator.load(source, options, (known) => {
      // While the weights are on their way: what draws an image as it is comes first.
      prepare(known, shownPlan(this.#segmenter));
      if (typeof OffscreenCanvas !== "undefined") void prepareDrawing(device, canvasFormat());
    });
    const before = this.#generator;
    this.#generator = this.#newest("generator", asked, generator);
    this.sha256 = sha256?.length === 64 ? sha256.toLowerCase() : undefined;
    return before;
  }

  /** Returns the one before, as `loadGenerator` does. */
  async loadSegmenter(source: SegmenterSource, loading: Loading): Promise<{ dispose(): void } | undefined> {
    const asked = this.#ask("segmenter");
    const segmenter = await this.#segmenterOf(source, loading);
    const before = this.#segmenter;
    this.#segmenter = this.#newest("segmenter", asked, segmenter);
    return before;
  }

  #ask(what: "generator" | "segmenter"): number {
    this.#asked[what] += 1;
    return this.#asked[what];
  }

  /**
   * What was loaded, unless another was asked for meanwhile: which of them is there does not hang
   * on which comes first.
   * @throws DeviceLostError for what is on a device that is gone: `restore` knows nothing of it.
   */
  #newest<T extends Generator | Segmenter>(what: "generator" | "segmenter", asked: number, loaded: T): T {
    try {
      loaded.device.check();
      if (asked === this.#asked[what]) return loaded;
      throw new UsageError(`Another ${what} was asked for meanwhile.`, "Load one at a time, or abort the first.");
    } catch (error) {
      loaded.dispose();
      throw error;
    }
  }

  async #segmenterOf(source: SegmenterSource, { signal, onProgress }: Loading): Promise<Segmenter> {
    if (source === "self") return Segmenter.self(this.generator, { ...(signal && { signal }) });
    const device = await this.device();
    return Segmenter.load(source, { device, signal, onProgress: bytesOf("segmenter", onProgress) });
  }

  /**
   * The same networks on a new device, as soon as there is an adapter; what is left of the old one
   * is let go. Weights come from where they came from before: memory, a file, the browser's cache.
   */
  async restore(): Promise<Device> {
    for (const pause of WAKING) {
      const device = await this.#restore().catch((error: unknown) => {
        if (!(error instanceof UnsupportedError && error.code === "no-adapter") || this.#disposed) throw error;
      });
      if (device) return device;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    return this.#restore();
  }

  async #restore(): Promise<Device> {
    const [generator, segmenter] = [this.#generator, this.#segmenter];
    const before = this.#device; // at once: what is loaded meanwhile is loaded on the new one
    this.#device = undefined;
    const device = await this.device();
    const copies = [await generator?.copyTo(device), await segmenter?.copyTo(device)] as const;
    this.#generator = inPlaceOf(generator, copies[0], this.#generator);
    this.#segmenter = inPlaceOf(segmenter, copies[1], this.#segmenter);
    before?.then(
      (lost) => lost.dispose(),
      () => {},
    );
    return device;
  }

  dispose(): void {
    this.#disposed = true;
    if (!this.#own) return;
    this.#generator?.dispose();
    this.#segmenter?.dispose();
    this.#device?.then(
      (device) => device.dispose(),
      () => {},
    );
  }
}

/** A network's copy, unless another was loaded meanwhile: that is on the new device already. */
function inPlaceOf<T extends { dispose(): void }>(before: T | undefined, copy: T | undefined, now: T | undefined) {
  const isOther = now !== before;
  (isOther ? copy : before)?.dispose();
  return isOther ? now : copy;
}

/** What it is called: as the command line would, where it has an address. */
function nameOf(source: SourceLike, name: string | undefined): { readonly name?: string } {
  if (name !== undefined) return { name };
  const address = typeof source === "string" || source instanceof URL ? `${source}` : "data:";
  // Names are not in what has another scheme.
  if (/^(?!https?:)\w+:/i.test(address)) return {};
  const called = modelName(address.replace(/[?#].*$/, ""));
  try {
    return { name: decodeURIComponent(called) };
  } catch {
    return { name: called };
  }
}

const bytesOf =
  (phase: Progress["phase"], onProgress: Listener<Progress>) =>
  ({ loaded, total }: LoadProgress): void =>
    onProgress({ phase, done: loaded, total });
