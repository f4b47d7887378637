import { DeviceLostError, type GanatomyError, KernelError } from "../errors.ts";
import { checkNames, type NamesOf, warn } from "../names.ts";
import { type Adapter, describe, targetOf } from "./adapter.ts";
import { Beat } from "./beat.ts";
import type { Target, Tuned } from "./graph.ts";
import { isFirefox } from "./host.ts";
import { type Kernel, paramsSize, sourceLine } from "./kernel.ts";
import { Memory } from "./memory.ts";
import { Pace } from "./pace.ts";
import { type AdapterOptions, requestAdapter, requestDevice } from "./request.ts";
import { Tuning, type TuningOptions } from "./tuning.ts";
import { waitable } from "./wait.ts";

const COMPUTE_STAGE = 0x4;

/** Options of `Device.adopt`. */
export interface AdoptOptions extends TuningOptions {
  /** Told what is done otherwise than asked: fewer images at a time where memory ran out. */
  readonly onWarning?: (message: string) => void;
}

/** Options of `Device.request`. */
export interface DeviceOptions extends AdoptOptions, AdapterOptions {
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const ADOPT_NAMES: NamesOf<AdoptOptions> = { tune: true, tuningCache: true, onWarning: true };
const DEVICE_NAMES: NamesOf<DeviceOptions> = {
  ...ADOPT_NAMES,
  gpu: true,
  powerPreference: true,
  requireHardware: true,
  signal: true,
};

/** A GPU device with its pipelines, its live memory and its fate. */
export class Device {
  /** WebGPU's own device. */
  readonly gpu: GPUDevice;
  /** What its adapter says of itself. */
  readonly adapter: Adapter;
  /** Which kernels graphs for it should use. */
  readonly target: Target;
  /** How operations that can run in several ways run here. */
  readonly tuning: Tuning;
  /**
   * Settles with the reason when the device is lost; never for a device this library let go itself.
   */
  readonly lost: Promise<DeviceLostError>;
  /** How much work goes into one submit. */
  readonly pace = new Pace();
  /** Tells its `onWarning`. */
  readonly warn: (message: string) => void;
  /** Buffers alive that were made through this device. */
  readonly live: {
    /** How many. */
    readonly buffers: number;
    /** Their sizes, added up. */
    readonly bytes: number;
  };

  #loss: DeviceLostError | undefined;
  #uncaptured: GanatomyError | undefined;
  #disposed = false;
  readonly #owned: boolean;
  readonly #memory: Memory;
  /** Settles when all error scopes of single buffers have. */
  #heard: Promise<unknown> = Promise.resolve();
  /** Whether something hears of allocations that fail. */
  #isScoped: boolean;
  readonly #beat: Beat | undefined;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  private constructor(gpu: GPUDevice, adapter: Adapter, owned: boolean, tuning: Tuning, { onWarning }: AdoptOptions) {
    this.warn = (message) => warn(onWarning, message);
    this.gpu = gpu;
    this.adapter = adapter;
    this.target = targetOf(adapter, gpu);
    this.tuning = tuning;
    this.#owned = owned;
    // What happens to a device of our own an event says.
    this.#isScoped = owned;
    this.#memory = new Memory(gpu);
    this.live = this.#memory.live;
    this.#beat = isFirefox() ? new Beat(gpu) : undefined;
    this.lost = new Promise((resolve) => {
      gpu.lost.then((info) => {
        this.#beat?.stop();
        if (this.#disposed) return;
        const error = new DeviceLostError(
          "device-lost",
          `The GPU device was lost${info.message ? ` (${info.message.trim()})` : ""}.`,
          "Request a new device and load the models again; results already delivered stay valid.",
        );
        this.#loss = error;
        resolve(error);
      });
    });
    // An adopted device's uncaptured errors may be its owner's.
    if (owned) {
      gpu.addEventListener?.("uncapturederror", (event) => {
        const { error } = event as GPUUncapturedErrorEvent;
        this.#uncaptured ??= isOutOfMemory(error)
          ? this.#memory.exhausted("a buffer")
          : new KernelError(`WebGPU reported: ${error.message}`);
      });
    }
  }

  /**
   * Asks for an adapter and a device of our own.
   * @throws UnsupportedError saying which of the usual causes it is: insecure page, no WebGPU, no
   *   adapter.
   */
  static async request(options: DeviceOptions = {}): Promise<Device> {
    checkNames("Device.request", options, DEVICE_NAMES);
    options.signal?.throwIfAborted();
    const { adapter, info } = await requestAdapter(options);
    const tuning = new Tuning(info, options);
    options.signal?.throwIfAborted();
    const device = await requestDevice(adapter, info);
    return new Device(device, info, true, tuning, options);
  }

  /** Uses a device somebody else made; it is never destroyed here. */
  static adopt(gpu: GPUDevice, options: AdoptOptions = {}): Device {
    checkNames("Device.adopt", options, ADOPT_NAMES);
    const info = describe(gpu.adapterInfo);
    return new Device(gpu, info, false, new Tuning(info, options), options);
  }

  /**
   * How operations run that can run in several ways: given to another device as `tune`, they run
   * there alike.
   */
  get tuned(): Tuned {
    return this.tuning.tuned;
  }

  /** Throws what went wrong since the last call: every entry point asks before it works. */
  check(): void {
    this.#checkThere();
    const uncaptured = this.#uncaptured;
    this.#uncaptured = undefined;
    if (uncaptured) throw uncaptured;
  }

  /** Throws if it was lost or disposed; whatever else went wrong is left to `check`. */
  #checkThere(): void {
    if (this.#loss) throw this.#loss;
    if (this.#disposed) throw new DeviceLostError("device-lost", "This device was disposed.", "Make a new one.");
  }

  /**
   * A storage buffer, counted in `live`; `release` it when done. Where there is no memory for it
   * `allocating` throws, or else whatever comes next.
   * @throws UnsupportedError `limit` for one that is too large.
   */
  createBuffer(label: string, size: number, usage: number): GPUBuffer {
    this.check();
    if (this.#isScoped) return this.#memory.create(label, size, usage);
    this.gpu.pushErrorScope("out-of-memory");
    try {
      return this.#memory.create(label, size, usage);
    } finally {
      const heard = this.#exhausted(`"${label}"`).then(
        (error) => {
          this.#uncaptured ??= error;
        },
        () => {},
      );
      this.#heard = Promise.all([this.#heard, heard]);
    }
  }

  /** Destroys a buffer of `createBuffer`, and counts it no more. */
  release(buffer: GPUBuffer): void {
    this.#memory.release(buffer);
  }

  /** Runs `allocate` and fails with `out-of-memory` instead of leaving invalid buffers behind. */
  async allocating<T>(what: string, allocate: () => T): Promise<T> {
    this.check();
    this.gpu.pushErrorScope("out-of-memory");
    const before = this.#isScoped;
    this.#isScoped = true;
    let result: T;
    try {
      result = allocate();
    } finally {
      this.#isScoped = before;
      const error = await this.#exhausted(what);
      this.check(); // after a loss every allocation looks like a lack of memory
      // biome-ignore lint/correctness/noUnsafeFinally: the scope is popped on every path
      if (error) throw error;
    }
    return result;
  }

  /** What is thrown where there was no memory for something. */
  exhausted(what: string): DeviceLostError {
    return this.#memory.exhausted(what);
  }

  /** Ends an error scope: what there is to throw if there was no memory. */
  async #exhausted(what: string): Promise<DeviceLostError | undefined> {
    const error = await this.#hear(() => this.gpu.popErrorScope());
    return error ? this.exhausted(what) : undefined;
  }

  /**
   * The kernel's bind group layout, explicit because `auto` drops bindings a variant does not use.
   */
  layout(kernel: Kernel): GPUBindGroupLayout {
    const entries: GPUBindGroupLayoutEntry[] = Object.values(kernel.bindings).map((access, index) => ({
      binding: index + 1,
      visibility: COMPUTE_STAGE,
      buffer: { type: access === "read" ? "read-only-storage" : "storage" },
    }));
    if (paramsSize(kernel) > 0) entries.push({ binding: 0, visibility: COMPUTE_STAGE, buffer: { type: "uniform" } });
    const key = JSON.stringify(entries);
    let layout = this.#layouts.get(key);
    if (!layout) {
      layout = this.gpu.createBindGroupLayout({ label: kernel.name, entries });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  /**
   * The pipeline of a specialised kernel; one compilation serves all who ask for the same source.
   */
  pipeline(kernel: Kernel, code: string): Promise<GPUComputePipeline> {
    let pipeline = this.#pipelines.get(code);
    if (!pipeline) {
      pipeline = this.#compile(kernel, code);
      this.#pipelines.set(code, pipeline);
      pipeline.catch(() => this.#pipelines.delete(code));
    }
    return pipeline;
  }

  async #compile(kernel: Kernel, code: string): Promise<GPUComputePipeline> {
    this.#checkThere(); // nobody may wait for what is compiled ahead, and hear what else went wrong
    // The scope keeps a bad kernel from being reported a second time, as an uncaptured error of
    // whatever comes next.
    this.gpu.pushErrorScope("validation");
    const module = this.gpu.createShaderModule({ label: kernel.name, code });
    this.#hear(() => this.gpu.popErrorScope()).catch(() => {});
    try {
      const pipeline = await this.#hear(() =>
        this.gpu.createComputePipelineAsync({
          label: kernel.name,
          layout: this.gpu.createPipelineLayout({ label: kernel.name, bindGroupLayouts: [this.layout(kernel)] }),
          compute: { module, entryPoint: "main" },
        }),
      );
      // A lost device resolves with a pipeline that does nothing.
      this.#checkThere();
      return pipeline;
    } catch (cause) {
      this.#checkThere();
      const { messages } = await this.#hear(() => module.getCompilationInfo());
      const said = messages.map((message) => `${sourceLine(kernel, code, message.lineNum)}: ${message.message}`);
      throw new KernelError([`${kernel.name}.wgsl does not compile.`, ...said].join("\n"), undefined, { cause });
    }
  }

  /**
   * Makes a call whose promise settles when the GPU has done something: a buffer's `mapAsync`,
   * `onSubmittedWorkDone`. Firefox is kept looking for it meanwhile. What the GPU need not work
   * for, as compilations and error scopes, Firefox tells at once.
   */
  waitFor<T>(call: () => Promise<T>): Promise<T> {
    const promise = this.#hear(call);
    return this.#beat?.during(promise) ?? promise;
  }

  /** Makes a call of WebGPU; whatever it rejects with when the device is lost, that is the loss. */
  async #hear<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await waitable(call, this.adapter.software);
    } catch (cause) {
      await this.#heard; // `lost` settles first, too: it knows the reason
      this.check();
      throw cause;
    }
  }

  /** Everything submitted so far has run. */
  async idle(): Promise<void> {
    this.check();
    const waited = this.pace.waiting();
    // A lost device need not settle these promises.
    const done = Promise.all([this.waitFor(() => this.gpu.queue.onSubmittedWorkDone()), this.#heard]);
    await Promise.race([done, this.lost]);
    this.check();
    waited();
  }

  /**
   * Waits until the memory of buffers let go before is given back, which Dawn does with what is
   * submitted next.
   */
  async reclaim(): Promise<void> {
    this.check();
    this.gpu.queue.submit([]);
    await this.idle();
  }

  /**
   * Frees all memory that was made through it, and destroys the device unless it is the caller's;
   * what is asked of it from then on throws.
   */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#beat?.stop();
    this.#memory.dispose();
    this.#pipelines.clear();
    this.#layouts.clear();
    if (this.#owned) this.gpu.destroy();
  }

  /** The same as `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** By its name: Node has no such class. */
const isOutOfMemory = (error: GPUError): boolean => error.constructor.name === "GPUOutOfMemoryError";
