import { DeviceLostError, type GanatomyError, KernelError, UnsupportedError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { type Adapter, describe, SUBGROUPS, targetOf } from "./adapter.ts";
import { Beat } from "./beat.ts";
import type { Target, Tuned } from "./graph.ts";
import { entryPoint, isFirefox, noAdapter } from "./host.ts";
import { type Kernel, paramsSize, sourceLine } from "./kernel.ts";
import { Pace } from "./pace.ts";
import { Tuning, type TuningOptions } from "./tuning.ts";
import { waitable } from "./wait.ts";

/** WebGPU's flag values, written out because Node has no globals for them. */
export const BUFFER = {
  MAP_READ: 0x1,
  COPY_SRC: 0x4,
  COPY_DST: 0x8,
  UNIFORM: 0x40,
  STORAGE: 0x80,
} as const;
const COMPUTE_STAGE = 0x4;

/** Limits worth raising to what the adapter has; everything else stays at WebGPU's defaults. */
const RAISED = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
] as const;

/** Options of `Device.request`. */
export interface DeviceOptions extends TuningOptions {
  /**
   * A WebGPU entry point; `navigator.gpu` unless given. In Node, `await findGpu()` of
   * "ganatomy/node".
   */
  readonly gpu?: GPU;
  /** Which adapter is preferred where there are several; WebGPU's choice unless given. */
  readonly powerPreference?: GPUPowerPreference;
  /** Refuse software adapters. */
  readonly requireHardware?: boolean;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const TUNING_NAMES: NamesOf<TuningOptions> = { tune: true, tuningCache: true };
const DEVICE_NAMES: NamesOf<DeviceOptions> = {
  ...TUNING_NAMES,
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
  /** Buffers alive that were made through this device. */
  readonly live: {
    /** How many. */
    buffers: number;
    /** Their sizes, added up. */
    bytes: number;
  } = { buffers: 0, bytes: 0 };

  #loss: DeviceLostError | undefined;
  #uncaptured: GanatomyError | undefined;
  #disposed = false;
  readonly #owned: boolean;
  readonly #beat: Beat | undefined;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  private constructor(gpu: GPUDevice, adapter: Adapter, owned: boolean, tuning: Tuning) {
    this.gpu = gpu;
    this.adapter = adapter;
    this.target = targetOf(adapter, gpu);
    this.tuning = tuning;
    this.#owned = owned;
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
        this.#uncaptured ??= new KernelError(`WebGPU reported: ${(event as GPUUncapturedErrorEvent).error.message}`);
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
    const gpu = options.gpu ?? entryPoint();
    let adapter: GPUAdapter | null;
    try {
      adapter = await gpu.requestAdapter(options.powerPreference ? { powerPreference: options.powerPreference } : {});
    } catch (cause) {
      throw noAdapter({ cause });
    }
    if (!adapter) throw noAdapter();
    const info = describe(adapter.info);
    if (info.software && options.requireHardware) {
      throw new UnsupportedError(
        "no-adapter",
        `Only a software adapter was found (${info.description || info.architecture}).`,
        "Enable hardware acceleration, or drop `requireHardware`.",
      );
    }
    const tuning = new Tuning(info, options);
    const requiredLimits: Record<string, number> = {};
    for (const name of RAISED) requiredLimits[name] = adapter.limits[name];
    const requiredFeatures: GPUFeatureName[] = info.software && adapter.features?.has(SUBGROUPS) ? [SUBGROUPS] : [];
    options.signal?.throwIfAborted();
    let device: GPUDevice;
    try {
      device = await waitable(
        () => adapter.requestDevice({ label: "ganatomy", requiredLimits, requiredFeatures }),
        info.software,
      );
    } catch (cause) {
      throw new UnsupportedError(
        "no-adapter",
        "The adapter refused to make a device.",
        "Reload, or restart the browser.",
        {
          cause,
        },
      );
    }
    return new Device(device, info, true, tuning);
  }

  /** Uses a device somebody else made; it is never destroyed here. */
  static adopt(gpu: GPUDevice, options: TuningOptions = {}): Device {
    checkNames("Device.adopt", options, TUNING_NAMES);
    const info = describe(gpu.adapterInfo);
    return new Device(gpu, info, false, new Tuning(info, options));
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
    if (this.#loss) throw this.#loss;
    if (this.#disposed) throw new DeviceLostError("device-lost", "This device was disposed.", "Make a new one.");
    const uncaptured = this.#uncaptured;
    this.#uncaptured = undefined;
    if (uncaptured) throw uncaptured;
  }

  /** A storage buffer, counted in `live`; `release` it when done. Throws `limit` if too large. */
  createBuffer(label: string, size: number, usage: number): GPUBuffer {
    this.check();
    const { maxBufferSize, maxStorageBufferBindingSize } = this.gpu.limits;
    const limit = usage & BUFFER.STORAGE ? Math.min(maxBufferSize, maxStorageBufferBindingSize) : maxBufferSize;
    if (size > limit) {
      throw new UnsupportedError(
        "limit",
        `"${label}" needs ${mebibytes(size)}, and this adapter binds at most ${mebibytes(limit)}.`,
        "Use a smaller batch, fewer layers or a smaller model.",
      );
    }
    const buffer = this.gpu.createBuffer({ label, size, usage });
    this.live.buffers += 1;
    this.live.bytes += size;
    return buffer;
  }

  /** Destroys a buffer of `createBuffer`, and counts it no more. */
  release(buffer: GPUBuffer): void {
    this.live.buffers -= 1;
    this.live.bytes -= buffer.size;
    buffer.destroy();
  }

  /** Runs `allocate` and fails with `out-of-memory` instead of leaving invalid buffers behind. */
  async allocating<T>(what: string, allocate: () => T): Promise<T> {
    this.check();
    this.gpu.pushErrorScope("out-of-memory");
    let result: T;
    try {
      result = allocate();
    } finally {
      const error = await this.#hear(() => this.gpu.popErrorScope());
      this.check(); // after a loss every allocation looks like a lack of memory
      if (error) {
        // biome-ignore lint/correctness/noUnsafeFinally: the scope is popped on every path
        throw new DeviceLostError(
          "out-of-memory",
          `The GPU has no memory left for ${what}.`,
          "Use a smaller batch, fewer layers or a smaller model, or close other tabs.",
        );
      }
    }
    return result;
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
    this.check();
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
      this.check();
      return pipeline;
    } catch (cause) {
      this.check();
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
      await Promise.resolve(); // let `lost` settle first: it knows the reason
      this.check();
      throw cause;
    }
  }

  /** Everything submitted so far has run. */
  async idle(): Promise<void> {
    this.check();
    const done = this.pace.waiting();
    // A lost device need not settle this promise.
    await Promise.race([this.waitFor(() => this.gpu.queue.onSubmittedWorkDone()), this.lost]);
    this.check();
    done();
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

  /** Destroys the device, unless it is the caller's; what is asked of it from then on throws. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#beat?.stop();
    if (this.#owned) this.gpu.destroy();
  }

  /** The same as `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
