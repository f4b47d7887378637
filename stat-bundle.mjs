var __defProp = Object.defineProperty;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __esm = (fn, res, err) => function __init() {
  if (err) throw err[0];
  try {
    return fn && (res = (0, fn[__getOwnPropNames(fn)[0]])(fn = 0)), res;
  } catch (e) {
    throw err = [e], e;
  }
};
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};

// src/errors.ts
var GanatomyError, UnsupportedError, DeviceLostError, KernelError, ShapeError, WeightsError, LabelsError, UsageError;
var init_errors = __esm({
  "src/errors.ts"() {
    "use strict";
    GanatomyError = class extends Error {
      // Written out in every class: minifiers rename classes.
      name = "GanatomyError";
      code;
      /** What the caller can do about it. */
      fix;
      constructor(code, message, fix, options) {
        super(`${message} ${fix}`.trim(), options);
        this.code = code;
        this.fix = fix;
      }
    };
    UnsupportedError = class extends GanatomyError {
      name = "UnsupportedError";
    };
    DeviceLostError = class extends GanatomyError {
      name = "DeviceLostError";
    };
    KernelError = class extends GanatomyError {
      name = "KernelError";
      constructor(message, fix = "This is a fault of ganatomy, please report it.", options) {
        super("kernel", message, fix, options);
      }
    };
    ShapeError = class extends GanatomyError {
      name = "ShapeError";
      constructor(message, fix = "", options) {
        super("shape", message, fix, options);
      }
    };
    WeightsError = class extends GanatomyError {
      name = "WeightsError";
    };
    LabelsError = class extends GanatomyError {
      name = "LabelsError";
      constructor(message, fix, options) {
        super("labels", message, fix, options);
      }
    };
    UsageError = class extends GanatomyError {
      name = "UsageError";
      constructor(message, fix, options) {
        super("usage", message, fix, options);
      }
    };
  }
});

// src/runtime/graph.ts
function fold(groups) {
  if (groups <= MAX_GROUPS) return [Math.max(1, groups), 1, 1];
  const rows = Math.ceil(groups / MAX_GROUPS);
  if (rows > MAX_GROUPS) throw new ShapeError(`${groups} workgroups are more than one dispatch can hold.`);
  return [Math.ceil(groups / rows), rows, 1];
}
function assignSlots(graph, pinned) {
  const first = /* @__PURE__ */ new Map();
  const last = /* @__PURE__ */ new Map();
  graph.steps.forEach((step, index) => {
    for (const { id } of Object.values(step.bindings)) {
      if (!first.has(id)) first.set(id, index);
      last.set(id, index);
    }
  });
  const slotOf = /* @__PURE__ */ new Map();
  const sizes = [];
  const free = [];
  graph.steps.forEach((step, index) => {
    const used = new Map(Object.values(step.bindings).map((value) => [value.id, value]));
    for (const id of pinned) used.delete(id);
    for (const value of used.values()) {
      if (slotOf.has(value.id)) continue;
      const need = bytesOf(value);
      free.sort((a, b) => Math.abs(sizes[a] - need) - Math.abs(sizes[b] - need));
      const slot = free.shift() ?? sizes.push(0) - 1;
      sizes[slot] = Math.max(sizes[slot], need);
      slotOf.set(value.id, slot);
    }
    for (const id of used.keys()) if (last.get(id) === index) free.push(slotOf.get(id));
  });
  return { slotOf, sizes };
}
var elements, bytesOf, padded, MAX_GROUPS, Graph;
var init_graph = __esm({
  "src/runtime/graph.ts"() {
    "use strict";
    init_errors();
    elements = (shape) => shape.reduce((product2, extent) => product2 * extent, 1);
    bytesOf = (value) => 4 * elements(value.shape);
    padded = (channels) => 4 * Math.ceil(channels / 4);
    MAX_GROUPS = 65535;
    Graph = class {
      values = [];
      steps = [];
      parameters = [];
      /** In the order in which they run. */
      operations = [];
      /** Operations with more ways than one, by a name for all of their kind and shape. */
      tunables = /* @__PURE__ */ new Map();
      target;
      storage;
      tuned;
      #owner;
      constructor(target, storage = "f32", tuned = /* @__PURE__ */ new Map()) {
        this.target = target;
        this.storage = storage;
        this.tuned = tuned;
      }
      /** One of several ways to run an operation: the tuned one, or the first where none was found or it is none of these. */
      choose(name, ways, alone) {
        if (ways.size > 1) this.tunables.set(name, { ways: [...ways.keys()], alone, storage: this.storage });
        const [untuned] = ways.values();
        return ways.get(this.tuned.get(name) ?? "") ?? untuned;
      }
      /** A new value; `channels` defaults to the last extent. */
      value(label, shape, dtype = "f32", channels = shape.at(-1) ?? 1) {
        for (const extent of shape) {
          if (!Number.isInteger(extent) || extent < 1) throw new ShapeError(`"${label}" cannot have the shape [${shape}].`);
        }
        const value = { id: this.values.length, shape, dtype, label, channels };
        this.values.push(value);
        return value;
      }
      /** A feature map [n, height, width, channels], its channels padded to whole vec4s. */
      map(label, n, height, width, channels) {
        return this.value(label, [n, height, width, padded(channels)], "f32", channels);
      }
      /** The same memory under another shape. */
      view(value, label, shape, channels) {
        if (elements(shape) !== elements(value.shape)) {
          throw new ShapeError(`"${value.label}" [${value.shape}] cannot be seen as [${shape}].`);
        }
        return { id: value.id, shape, dtype: value.dtype, label, channels };
      }
      /** A learned value, packed from checkpoint tensors when the graph is loaded. */
      parameter(label, shape, sources, pack) {
        const value = this.value(label, shape);
        this.parameters.push({ value, sources, pack, half: false, owner: this.#owner });
        return value;
      }
      /** A convolution's weights: a parameter whose numbers are stored as the graph's `storage` says. */
      weights(label, shape, sources, pack) {
        if (this.storage === "f32") return this.parameter(label, shape, sources, pack);
        const value = this.value(`${label}.f16`, [4 * Math.ceil(elements(shape) / 8)], "u32");
        this.parameters.push({ value, sources, pack, half: true, owner: this.#owner });
        return value;
      }
      /** What `append` appends belongs to `owner`, such as the weights that its parameters are taken from. */
      owned(owner, append3) {
        const before = this.#owner;
        this.#owner = owner;
        try {
          return append3();
        } finally {
          this.#owner = before;
        }
      }
      /** Notes what the steps appended last compute together. Operations made of recorded ones record nothing. */
      record(kind, inputs, output, attributes) {
        this.operations.push({ kind, inputs, output, attributes, owner: this.#owner });
      }
      step(kernel37, bindings, params, grid, options = {}) {
        if (grid.some((extent) => extent < 1 || extent > MAX_GROUPS)) {
          throw new ShapeError(`${kernel37.name}: a grid of [${grid}] workgroups is out of bounds.`);
        }
        this.steps.push({
          kernel: kernel37,
          bindings,
          params,
          choices: options.choices ?? {},
          grid,
          flops: options.flops ?? 0
        });
      }
      /** Floating-point operations of one run. */
      get flops() {
        return this.steps.reduce((sum, step) => sum + step.flops, 0);
      }
    };
  }
});

// src/runtime/kernel.ts
function specialize(kernel37, choices) {
  let source = kernel37.source;
  for (const [name, value] of Object.entries(choices)) {
    const declaration = new RegExp(`^((?:const|alias)\\s+${name}\\b[^=;]*=)[^;]+;`, "m");
    if (!declaration.test(source)) throw new KernelError(`${kernel37.name}.wgsl declares no const or alias "${name}".`);
    source = source.replace(declaration, `$1 ${value};`);
  }
  if (/^alias\s+\w+\s*=\s*f16\s*;/m.test(source)) source = `enable f16;
${source}`;
  return /\bsubgroup\w+\(/.test(source) ? `enable subgroups;
${source}` : source;
}
function paramsSize(kernel37) {
  return Math.ceil(Object.keys(kernel37.params).length / 4) * 16;
}
function packParams(kernel37, params) {
  const bytes2 = new DataView(new ArrayBuffer(paramsSize(kernel37)));
  for (const [index, [name, type]] of Object.entries(kernel37.params).entries()) {
    const value = params[name];
    if (value === void 0) throw new KernelError(`${kernel37.name}.wgsl needs the parameter "${name}".`);
    if (type === "f32") bytes2.setFloat32(4 * index, value, true);
    else if (type === "i32") bytes2.setInt32(4 * index, value, true);
    else bytes2.setUint32(4 * index, value, true);
  }
  return new Uint8Array(bytes2.buffer);
}
var init_kernel = __esm({
  "src/runtime/kernel.ts"() {
    "use strict";
    init_errors();
  }
});

// src/runtime/pace.ts
var SUBMIT_MS, UNTIMED, LEAST, MOST, Pace;
var init_pace = __esm({
  "src/runtime/pace.ts"() {
    "use strict";
    SUBMIT_MS = 8;
    UNTIMED = 1e10;
    LEAST = 1e8;
    MOST = 1e11;
    Pace = class {
      /** Operations submitted in all, those known to be done, and since when there are others. */
      #submitted = 0;
      #done = 0;
      #since = 0;
      #perMs = UNTIMED / SUBMIT_MS;
      /** Floating-point operations to put into one submit, of at least one dispatch. */
      get submitFlops() {
        return Math.min(MOST, Math.max(LEAST, SUBMIT_MS * this.#perMs));
      }
      submitted(flops) {
        if (this.#submitted === this.#done) this.#since = performance.now();
        this.#submitted += flops;
      }
      /** Call it whenever waiting begins, for a read too; what it returns, when everything submitted until then has run. */
      waiting() {
        const mark = this.#submitted;
        return () => {
          const now = performance.now();
          const flops = mark - this.#done;
          if (flops >= LEAST && now > this.#since) this.#perMs = flops / (now - this.#since);
          this.#done = Math.max(this.#done, mark);
          this.#since = now;
        };
      }
    };
  }
});

// src/version.ts
var VERSION;
var init_version = __esm({
  "src/version.ts"() {
    "use strict";
    VERSION = "0.1.0";
  }
});

// src/runtime/tuning.ts
function waysGiven(tune2) {
  try {
    const ways = new Map(Symbol.iterator in tune2 ? tune2 : Object.entries(tune2));
    if ([...ways].flat().every((name) => typeof name === "string")) return ways;
  } catch {
  }
  throw new UsageError("`tune` is no list of ways.", "Give true, false or another device's `tuned`.");
}
async function pageCache() {
  const caches = globalThis.caches;
  return caches?.open("ganatomy");
}
var FORMAT, Tuning;
var init_tuning = __esm({
  "src/runtime/tuning.ts"() {
    "use strict";
    init_errors();
    init_version();
    FORMAT = 3;
    Tuning = class {
      /** How operations run, both by their names. What a plan was made of stays as it is. */
      tuned;
      measures;
      /** Settles when whoever is measuring is done. */
      turn = Promise.resolve();
      #url;
      #cache;
      #restoring;
      /** Operations that run untuned although nobody knows whether that is the fastest. */
      #untimed = /* @__PURE__ */ new Set();
      constructor(adapter, { tune: tune2, tuningCache }) {
        const wanted = tune2 ?? !adapter.software;
        this.measures = wanted === true;
        this.tuned = typeof wanted === "boolean" ? /* @__PURE__ */ new Map() : waysGiven(wanted);
        const { vendor, architecture, description } = adapter;
        const name = [VERSION, FORMAT, vendor, architecture, description].map(encodeURIComponent).join("/");
        this.#url = `https://ganatomy.invalid/tuning/${name}`;
        this.#cache = async () => tuningCache ?? await pageCache();
      }
      /** Resolves once the cache was read. */
      restored = () => {
        this.#restoring ??= this.#restore();
        return this.#restoring;
      };
      async #restore() {
        try {
          const response = await (await this.#cache())?.match(this.#url);
          const kept = await response?.json();
          if (typeof kept !== "object" || kept === null) return;
          for (const [name, way] of Object.entries(kept)) {
            if (typeof way === "string" && !this.tuned.has(name)) this.tuned.set(name, way);
          }
        } catch {
        }
      }
      /** Whether it is not decided how an operation runs, or on a way that it no longer has. */
      isOpen = ([name, { ways }]) => !ways.includes(this.tuned.get(name) ?? "");
      /** Decides that operations run untuned where nothing else was decided: their results must not change on a device. */
      settle(tunables) {
        for (const operation of tunables) {
          if (!this.isOpen(operation)) continue;
          const [name, { ways }] = operation;
          this.tuned.set(name, ways[0]);
          this.#untimed.add(name);
        }
      }
      /** Puts what was found into the cache. */
      async keep() {
        try {
          const found2 = [...this.tuned].filter(([name]) => !this.#untimed.has(name));
          const text = JSON.stringify(Object.fromEntries(found2));
          await (await this.#cache())?.put(this.#url, new Response(text));
        } catch {
        }
      }
    };
  }
});

// src/runtime/wait.ts
function waitable(call2) {
  since = performance.now();
  if (put) {
    clearTimeout(put.timer);
    const { turn } = put;
    put = void 0;
    post(turn);
  }
  return inOurPlace(call2);
}
function inOurPlace(work) {
  const host = globalThis;
  const before = host.setImmediate;
  if (!before || before === paced || !Reflect.set(host, "setImmediate", paced)) return work();
  own = before;
  try {
    return work();
  } finally {
    host.setImmediate = before;
  }
}
function paced(turn, ...rest) {
  const isDawns = /\[native code\]\s*\}$/.test(Function.prototype.toString.call(turn));
  if (!isDawns) return own?.(turn, ...rest);
  return post(() => inOurPlace(turn));
}
function post(turn) {
  const waited = performance.now() - since;
  if (waited < EAGER) {
    (own ?? globalThis.setImmediate)?.(turn);
    return;
  }
  const timer = setTimeout(
    () => {
      put = void 0;
      turn();
    },
    Math.min(LONGEST, waited * SHARE)
  );
  put = { timer, turn };
}
var EAGER, SHARE, LONGEST, since, put, own;
var init_wait = __esm({
  "src/runtime/wait.ts"() {
    "use strict";
    EAGER = 1;
    SHARE = 1 / 16;
    LONGEST = 8;
    since = 0;
  }
});

// src/runtime/device.ts
function entryPoint() {
  const navigator = globalThis.navigator;
  if (navigator?.gpu) return navigator.gpu;
  if (globalThis.isSecureContext === false) {
    throw new UnsupportedError(
      "insecure-context",
      "WebGPU is hidden because this page is not a secure context.",
      "Serve it over https:// or from http://localhost."
    );
  }
  throw new UnsupportedError(
    "no-webgpu",
    "This environment has no WebGPU (`navigator.gpu` is missing).",
    'Use Chrome or Edge 113+, Safari 26+ or Firefox 141+; in Node pass `gpu` from "ganatomy/node".'
  );
}
function noAdapter(options) {
  return new UnsupportedError(
    "no-adapter",
    "WebGPU is here, but it offers no adapter.",
    "Check the graphics driver and chrome://gpu; headless Chrome needs --enable-unsafe-webgpu; `ganatomy doctor` says what to install.",
    options
  );
}
function describe(info = {}) {
  const { vendor = "", architecture = "", device = "", description = "" } = info;
  const said = `${vendor} ${architecture} ${device} ${description}`;
  const software = info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render|software/i.test(said);
  return { vendor, architecture, description, software };
}
function subgroupsOf(gpu) {
  const { subgroupMinSize: least, subgroupMaxSize: most } = gpu.adapterInfo ?? {};
  return gpu.features?.has(SUBGROUPS) && least === most && (least === 4 || least === 8) ? least : "";
}
var BUFFER, COMPUTE_STAGE, RAISED, SUBGROUPS, Device, mebibytes;
var init_device = __esm({
  "src/runtime/device.ts"() {
    "use strict";
    init_errors();
    init_kernel();
    init_pace();
    init_tuning();
    init_wait();
    BUFFER = {
      MAP_READ: 1,
      COPY_SRC: 4,
      COPY_DST: 8,
      UNIFORM: 64,
      STORAGE: 128
    };
    COMPUTE_STAGE = 4;
    RAISED = [
      "maxBufferSize",
      "maxStorageBufferBindingSize",
      "maxComputeWorkgroupStorageSize",
      "maxComputeInvocationsPerWorkgroup"
    ];
    SUBGROUPS = "subgroups";
    Device = class _Device {
      gpu;
      adapter;
      target;
      /** How operations that can run in several ways run here. */
      tuning;
      /** Settles with the reason when the device is lost; never for a device this library let go itself. */
      lost;
      /** How much work goes into one submit. */
      pace = new Pace();
      /** Buffers alive that were made through this device. */
      live = { buffers: 0, bytes: 0 };
      #loss;
      #uncaptured;
      #disposed = false;
      #owned;
      #pipelines = /* @__PURE__ */ new Map();
      #layouts = /* @__PURE__ */ new Map();
      constructor(gpu, adapter, owned, tuning) {
        this.gpu = gpu;
        this.adapter = adapter;
        this.target = adapter.software ? `software${subgroupsOf(gpu)}` : "gpu";
        this.tuning = tuning;
        this.#owned = owned;
        this.lost = new Promise((resolve) => {
          gpu.lost.then((info) => {
            if (this.#disposed) return;
            const error = new DeviceLostError(
              "device-lost",
              `The GPU device was lost${info.message ? ` (${info.message.trim()})` : ""}.`,
              "Request a new device and load the models again; results already delivered stay valid."
            );
            this.#loss = error;
            resolve(error);
          });
        });
        if (owned) {
          gpu.addEventListener?.("uncapturederror", (event) => {
            this.#uncaptured ??= new KernelError(`WebGPU reported: ${event.error.message}`);
          });
        }
      }
      /**
       * Asks for an adapter and a device of our own.
       * @throws UnsupportedError saying which of the usual causes it is: insecure page, no WebGPU, no adapter.
       */
      static async request(options = {}) {
        options.signal?.throwIfAborted();
        const gpu = options.gpu ?? entryPoint();
        let adapter;
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
            "Enable hardware acceleration, or drop `requireHardware`."
          );
        }
        const tuning = new Tuning(info, options);
        const requiredLimits = {};
        for (const name of RAISED) requiredLimits[name] = adapter.limits[name];
        const requiredFeatures = info.software && adapter.features?.has(SUBGROUPS) ? [SUBGROUPS] : [];
        options.signal?.throwIfAborted();
        let device;
        try {
          device = await waitable(() => adapter.requestDevice({ label: "ganatomy", requiredLimits, requiredFeatures }));
        } catch (cause) {
          throw new UnsupportedError(
            "no-adapter",
            "The adapter refused to make a device.",
            "Reload, or restart the browser.",
            {
              cause
            }
          );
        }
        return new _Device(device, info, true, tuning);
      }
      /** Uses a device somebody else made; it is never destroyed here. */
      static adopt(gpu, options = {}) {
        const info = describe(gpu.adapterInfo);
        return new _Device(gpu, info, false, new Tuning(info, options));
      }
      /** How operations run that can run in several ways: given to another device as `tune`, they run there alike. */
      get tuned() {
        return this.tuning.tuned;
      }
      /** Throws what went wrong since the last call: every entry point asks before it works. */
      check() {
        if (this.#disposed) throw new DeviceLostError("device-lost", "This device was disposed.", "Make a new one.");
        if (this.#loss) throw this.#loss;
        const uncaptured = this.#uncaptured;
        this.#uncaptured = void 0;
        if (uncaptured) throw uncaptured;
      }
      /** A storage buffer, counted in `live`; `release` it when done. */
      createBuffer(label, size, usage) {
        this.check();
        const { maxBufferSize, maxStorageBufferBindingSize } = this.gpu.limits;
        const limit = usage & BUFFER.STORAGE ? Math.min(maxBufferSize, maxStorageBufferBindingSize) : maxBufferSize;
        if (size > limit) {
          throw new UnsupportedError(
            "limit",
            `"${label}" needs ${mebibytes(size)}, and this adapter binds at most ${mebibytes(limit)}.`,
            "Use a smaller batch, fewer layers or a smaller model."
          );
        }
        const buffer = this.gpu.createBuffer({ label, size, usage });
        this.live.buffers += 1;
        this.live.bytes += size;
        return buffer;
      }
      release(buffer) {
        this.live.buffers -= 1;
        this.live.bytes -= buffer.size;
        buffer.destroy();
      }
      /** Runs `allocate` and fails with `out-of-memory` instead of leaving invalid buffers behind. */
      async allocating(what, allocate) {
        this.check();
        this.gpu.pushErrorScope("out-of-memory");
        let result;
        try {
          result = allocate();
        } finally {
          const error = await waitable(() => this.gpu.popErrorScope());
          this.check();
          if (error) {
            throw new DeviceLostError(
              "out-of-memory",
              `The GPU has no memory left for ${what}.`,
              "Use a smaller batch, fewer layers or a smaller model, or close other tabs."
            );
          }
        }
        return result;
      }
      /** The kernel's bind group layout, explicit because `auto` drops bindings a variant does not use. */
      layout(kernel37) {
        const entries = Object.values(kernel37.bindings).map((access, index) => ({
          binding: index + 1,
          visibility: COMPUTE_STAGE,
          buffer: { type: access === "read" ? "read-only-storage" : "storage" }
        }));
        if (paramsSize(kernel37) > 0) entries.push({ binding: 0, visibility: COMPUTE_STAGE, buffer: { type: "uniform" } });
        const key2 = JSON.stringify(entries);
        let layout = this.#layouts.get(key2);
        if (!layout) {
          layout = this.gpu.createBindGroupLayout({ label: kernel37.name, entries });
          this.#layouts.set(key2, layout);
        }
        return layout;
      }
      /** The pipeline of a specialised kernel; one compilation serves all who ask for the same source. */
      pipeline(kernel37, code) {
        let pipeline = this.#pipelines.get(code);
        if (!pipeline) {
          pipeline = this.#compile(kernel37, code);
          this.#pipelines.set(code, pipeline);
          pipeline.catch(() => this.#pipelines.delete(code));
        }
        return pipeline;
      }
      async #compile(kernel37, code) {
        this.check();
        this.gpu.pushErrorScope("validation");
        const module = this.gpu.createShaderModule({ label: kernel37.name, code });
        waitable(() => this.gpu.popErrorScope()).catch(() => {
        });
        try {
          const pipeline = await waitable(
            () => this.gpu.createComputePipelineAsync({
              label: kernel37.name,
              layout: this.gpu.createPipelineLayout({ label: kernel37.name, bindGroupLayouts: [this.layout(kernel37)] }),
              compute: { module, entryPoint: "main" }
            })
          );
          this.check();
          return pipeline;
        } catch (cause) {
          this.check();
          const { messages } = await waitable(() => module.getCompilationInfo());
          const said = messages.map((message) => `${kernel37.name}.wgsl:${message.lineNum}: ${message.message}`);
          throw new KernelError([`${kernel37.name}.wgsl does not compile.`, ...said].join("\n"), void 0, { cause });
        }
      }
      /** Everything submitted so far has run. */
      async idle() {
        this.check();
        const done = this.pace.waiting();
        await Promise.race([waitable(() => this.gpu.queue.onSubmittedWorkDone()), this.lost]);
        this.check();
        done();
      }
      dispose() {
        if (this.#disposed) return;
        this.#disposed = true;
        if (this.#owned) this.gpu.destroy();
      }
      [Symbol.dispose]() {
        this.dispose();
      }
    };
    mebibytes = (bytes2) => `${(bytes2 / 2 ** 20).toFixed(1)} MiB`;
  }
});

// src/runtime/tensor.ts
var Tensor;
var init_tensor = __esm({
  "src/runtime/tensor.ts"() {
    "use strict";
    init_errors();
    init_device();
    init_graph();
    init_wait();
    Tensor = class _Tensor {
      device;
      label;
      shape;
      dtype;
      buffer;
      #owned;
      #disposed = false;
      constructor(device, label, shape, dtype, buffer, owned) {
        this.device = device;
        this.label = label;
        this.shape = shape;
        this.dtype = dtype;
        this.buffer = buffer;
        this.#owned = owned;
      }
      /** A zeroed tensor. */
      static create(device, label, shape, dtype) {
        const usage = BUFFER.STORAGE | BUFFER.COPY_SRC | BUFFER.COPY_DST;
        return new _Tensor(device, label, shape, dtype, device.createBuffer(label, bytesOf({ shape }), usage), true);
      }
      /** A tensor with these contents. */
      static from(device, label, shape, dtype, data) {
        const tensor = _Tensor.create(device, label, shape, dtype);
        try {
          tensor.write(data);
        } catch (error) {
          tensor.dispose();
          throw error;
        }
        return tensor;
      }
      /** A tensor over a caller's buffer (usage STORAGE, and COPY_SRC to read it back); disposing it leaves the buffer alone. */
      static wrap(device, buffer, shape, dtype) {
        if (buffer.size < bytesOf({ shape })) {
          throw new ShapeError(`A buffer of ${buffer.size} bytes cannot hold [${shape}].`);
        }
        return new _Tensor(device, buffer.label, shape, dtype, buffer, false);
      }
      #check() {
        this.device.check();
        if (this.#disposed) throw new ShapeError(`"${this.label}" was disposed.`, "Read what you need before.");
      }
      get bytes() {
        return bytesOf(this);
      }
      /** Replaces the first `data.length` elements. Takes effect before anything submitted later. */
      write(data) {
        this.#check();
        if (data.length > elements(this.shape)) {
          throw new ShapeError(`${data.length} elements do not fit "${this.label}" [${this.shape}].`);
        }
        this.device.gpu.queue.writeBuffer(this.buffer, 0, data);
      }
      /** Sets every element to zero. */
      clear() {
        this.#check();
        const encoder = this.device.gpu.createCommandEncoder();
        encoder.clearBuffer(this.buffer);
        this.device.gpu.queue.submit([encoder.finish()]);
      }
      /** Copies `bytes` bytes between two tensors on the GPU. */
      copyTo(target, bytes2 = Math.min(this.bytes, target.bytes), from = 0, to = 0) {
        this.#check();
        target.#check();
        if (from + bytes2 > this.bytes || to + bytes2 > target.bytes) {
          throw new ShapeError(`${bytes2} bytes of "${this.label}" do not fit "${target.label}" there.`);
        }
        const encoder = this.device.gpu.createCommandEncoder();
        encoder.copyBufferToBuffer(this.buffer, from, target.buffer, to, bytes2);
        this.device.gpu.queue.submit([encoder.finish()]);
      }
      /** `count` elements from `first` on, all of them unless said otherwise, copied off the GPU. */
      async read(count2, first = 0) {
        const { device } = this;
        this.#check();
        const size = 4 * (count2 ?? elements(this.shape) - first);
        if (!(first >= 0 && size >= 0 && 4 * first + size <= this.bytes)) {
          throw new ShapeError(`"${this.label}" [${this.shape}] has no ${size / 4} elements from ${first} on.`);
        }
        const staging = device.createBuffer(`read ${this.label}`, size, BUFFER.COPY_DST | BUFFER.MAP_READ);
        try {
          const encoder = device.gpu.createCommandEncoder();
          encoder.copyBufferToBuffer(this.buffer, 4 * first, staging, 0, size);
          device.gpu.queue.submit([encoder.finish()]);
          const done = device.pace.waiting();
          try {
            await waitable(() => staging.mapAsync(1));
          } catch (cause) {
            await Promise.resolve();
            device.check();
            throw new DeviceLostError("device-lost", `"${this.label}" could not be read back.`, "Request a new device.", {
              cause
            });
          }
          done();
          const bytes2 = staging.getMappedRange().slice(0);
          return this.dtype === "f32" ? new Float32Array(bytes2) : new Uint32Array(bytes2);
        } finally {
          device.release(staging);
        }
      }
      dispose() {
        if (this.#disposed) return;
        this.#disposed = true;
        if (this.#owned) this.device.release(this.buffer);
      }
      [Symbol.dispose]() {
        this.dispose();
      }
    };
  }
});

// src/weights/abort.ts
function abortable(promise, signal) {
  if (signal === void 0) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}
var init_abort = __esm({
  "src/weights/abort.ts"() {
    "use strict";
  }
});

// src/weights/bytes.ts
function memorySource(bytes2, name = "buffer") {
  return {
    name,
    size: bytes2.length,
    async read(start, end, options) {
      options?.signal?.throwIfAborted();
      return bytes2.subarray(start, end);
    }
  };
}
function blobSource(blob) {
  const name = "name" in blob && typeof blob.name === "string" ? blob.name : "blob";
  return {
    name,
    size: blob.size,
    async read(start, end, options) {
      options?.signal?.throwIfAborted();
      return new Uint8Array(await abortable(blob.slice(start, end).arrayBuffer(), options?.signal));
    }
  };
}
function section(source, start, size, name) {
  return { name, size, read: (from, to, options) => readExactly(source, start + from, start + to, options) };
}
async function readExactly(source, start, end, options = {}) {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start || end > source.size) {
    throw truncated(source, `bytes ${start} to ${end} are needed, it has ${source.size}`);
  }
  options.signal?.throwIfAborted();
  const bytes2 = await abortable(source.read(start, end, options), options.signal);
  if (bytes2.length !== end - start) {
    throw truncated(source, `${end - start} bytes were asked for at ${start}, ${bytes2.length} came`);
  }
  return bytes2;
}
function truncated(source, detail) {
  return new WeightsError(
    "weights-format",
    `${source.name} is truncated or damaged: ${detail}.`,
    "Download or copy the file again."
  );
}
function allocateBytes(bytes2, what) {
  try {
    return new Uint8Array(bytes2);
  } catch (cause) {
    throw new GanatomyError(
      "out-of-memory",
      `${what} needs ${bytes2} bytes in one piece, which this machine or browser refuses.`,
      "Close other pages, or use a smaller checkpoint.",
      { cause }
    );
  }
}
function viewOf(bytes2) {
  return new DataView(bytes2.buffer, bytes2.byteOffset, bytes2.byteLength);
}
var init_bytes = __esm({
  "src/weights/bytes.ts"() {
    "use strict";
    init_errors();
    init_abort();
  }
});

// src/weights/float16.ts
function decodeFloat16(bits) {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i];
    const exponent = half >> 10 & 31;
    const fraction = half & 1023;
    let magnitude;
    if (exponent === 0) magnitude = fraction * 2 ** -24;
    else if (exponent === 31) magnitude = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
    else magnitude = (1024 + fraction) * POWERS[exponent];
    values[i] = half & 32768 ? -magnitude : magnitude;
  }
  return values;
}
function encodeFloat16(values) {
  const words = bitsOf(values);
  const halves2 = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const sign = word >>> 16 & 32768;
    const magnitude = word & 2147483647;
    let half;
    if (magnitude > 2139095040) half = 32256;
    else if (magnitude >= 1199570944) half = 31744;
    else if (magnitude >= 947912704) half = roundOff(magnitude, 13) - 114688 & 32767;
    else half = subnormalHalf(magnitude);
    halves2[i] = sign | half;
  }
  return halves2;
}
function subnormalHalf(magnitude) {
  const exponent = magnitude >>> 23;
  if (exponent < 102) return 0;
  return roundOff(magnitude & 8388607 | 8388608, 126 - exponent);
}
function roundOff(word, count2) {
  const odd = word >>> count2 & 1;
  return word + (1 << count2 - 1) - 1 + odd >>> count2;
}
function decodeBfloat16(bits) {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16;
  return new Float32Array(words.buffer);
}
function bitsOf(values) {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}
var POWERS;
var init_float16 = __esm({
  "src/weights/float16.ts"() {
    "use strict";
    POWERS = Array.from({ length: 31 }, (_, exponent) => 2 ** (exponent - 25));
  }
});

// src/weights/dtype.ts
function toFloat32(bytes2, dtype) {
  const width = BYTES_PER_ELEMENT[dtype];
  const { buffer, byteOffset } = bytes2.byteOffset % width === 0 ? bytes2 : bytes2.slice();
  const count2 = bytes2.length / width;
  switch (dtype) {
    case "float32":
      return new Float32Array(buffer, byteOffset, count2);
    case "float64":
      return new Float32Array(new Float64Array(buffer, byteOffset, count2));
    case "float16":
      return decodeFloat16(new Uint16Array(buffer, byteOffset, count2));
    case "bfloat16":
      return decodeBfloat16(new Uint16Array(buffer, byteOffset, count2));
    case "int64":
      return fromBigInts(new BigInt64Array(buffer, byteOffset, count2));
    case "uint64":
      return fromBigInts(new BigUint64Array(buffer, byteOffset, count2));
    case "int32":
      return new Float32Array(new Int32Array(buffer, byteOffset, count2));
    case "uint32":
      return new Float32Array(new Uint32Array(buffer, byteOffset, count2));
    case "int16":
      return new Float32Array(new Int16Array(buffer, byteOffset, count2));
    case "uint16":
      return new Float32Array(new Uint16Array(buffer, byteOffset, count2));
    case "int8":
      return new Float32Array(new Int8Array(buffer, byteOffset, count2));
    case "uint8":
      return new Float32Array(new Uint8Array(buffer, byteOffset, count2));
    case "bool":
      return Float32Array.from(bytes2, (byte) => byte === 0 ? 0 : 1);
  }
}
function fromBigInts(values) {
  const floats2 = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) floats2[i] = Number(values[i]);
  return floats2;
}
var BYTES_PER_ELEMENT;
var init_dtype = __esm({
  "src/weights/dtype.ts"() {
    "use strict";
    init_float16();
    BYTES_PER_ELEMENT = {
      float64: 8,
      float32: 4,
      float16: 2,
      bfloat16: 2,
      int64: 8,
      int32: 4,
      int16: 2,
      int8: 1,
      uint64: 8,
      uint32: 4,
      uint16: 2,
      uint8: 1,
      bool: 1
    };
  }
});

// src/weights/layout.ts
function elementCount(shape, name) {
  if (shape.length > MAX_RANK) throw misfit(name, `has ${shape.length} dimensions`);
  let count2 = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw misfit(name, `has the impossible shape [${shape}]`);
    count2 *= size;
  }
  if (!Number.isSafeInteger(count2)) throw misfit(name, `has the impossible shape [${shape}]`);
  return count2;
}
function contiguousStrides(shape, order = "C") {
  const strides = new Array(shape.length);
  let step = 1;
  for (let i = 0; i < shape.length; i++) {
    const axis = order === "C" ? shape.length - 1 - i : i;
    strides[axis] = step;
    step *= Math.max(1, shape[axis]);
  }
  return strides;
}
function isContiguous({ shape, strides }) {
  const wanted = contiguousStrides(shape);
  return shape.every((size, axis) => size === 1 || strides[axis] === wanted[axis]);
}
function elementRange(layout, available, name) {
  const { shape, strides, offset } = layout;
  const count2 = elementCount(shape, name);
  if (strides.length !== shape.length) throw misfit(name, `has ${shape.length} sizes but ${strides.length} strides`);
  for (const position of [offset, ...strides]) {
    if (!Number.isSafeInteger(position) || position < 0) {
      throw misfit(name, `has the impossible offset ${offset} or strides [${strides}]`);
    }
  }
  if (count2 === 0) return { start: 0, end: 0 };
  let last = offset;
  for (const [axis, size] of shape.entries()) last += (size - 1) * strides[axis];
  if (last >= available) {
    throw misfit(name, `reaches element ${last} of a storage of ${available} (shape [${shape}], strides [${strides}])`);
  }
  if (count2 > available && count2 > MAX_REPEATED) {
    throw misfit(name, `repeats a storage of ${available} elements to shape [${shape}]`);
  }
  return { start: offset, end: last + 1 };
}
function gather(storage, layout, gathered) {
  const { shape, strides } = layout;
  const inner = shape.length - 1;
  const innerSize = shape[inner] ?? 1;
  const innerStride = strides[inner] ?? 0;
  const index = new Array(Math.max(0, inner)).fill(0);
  let row = layout.offset;
  for (let at = 0; at < gathered.length; at += innerSize) {
    for (let i = 0; i < innerSize; i++) gathered[at + i] = storage[row + i * innerStride];
    for (let axis = inner - 1; axis >= 0; axis--) {
      row += strides[axis];
      index[axis] += 1;
      if (index[axis] < shape[axis]) break;
      row -= index[axis] * strides[axis];
      index[axis] = 0;
    }
  }
  return gathered;
}
function misfit(name, what) {
  return new WeightsError(
    "weights-shape",
    `Tensor "${name}" ${what}.`,
    "The file is damaged or was not written by torch.save, NumPy or safetensors."
  );
}
var MAX_RANK, MAX_REPEATED;
var init_layout = __esm({
  "src/weights/layout.ts"() {
    "use strict";
    init_errors();
    MAX_RANK = 64;
    MAX_REPEATED = 2 ** 26;
  }
});

// src/weights/tensor.ts
function checkpointTensor(stored) {
  const { name, dtype, bytes: bytes2, available } = stored;
  const shape = Object.freeze([...stored.shape]);
  const count2 = elementCount(shape, name);
  const layout = { shape, strides: stored.strides ?? contiguousStrides(shape), offset: stored.offset ?? 0 };
  const { start, end } = elementRange(layout, available, name);
  const width = BYTES_PER_ELEMENT[dtype];
  const contiguous = isContiguous(layout);
  return {
    name,
    dtype,
    shape,
    async read(options) {
      if (count2 === 0) return new Float32Array(0);
      const values = toFloat32(await readExactly(bytes2, start * width, end * width, options), dtype);
      if (contiguous) return values;
      return gather(values, { ...layout, offset: 0 }, allocateFloats(count2, name));
    }
  };
}
function allocateFloats(count2, name) {
  return new Float32Array(allocateBytes(count2 * 4, `Tensor "${name}"`).buffer);
}
var init_tensor2 = __esm({
  "src/weights/tensor.ts"() {
    "use strict";
    init_bytes();
    init_dtype();
    init_layout();
  }
});

// src/weights/python-literal.ts
function parsePythonLiteral(text) {
  const tokens = new Tokens(text.trimEnd());
  const value = parseValue(tokens, 0);
  if (!tokens.ended) throw malformed();
  return value;
}
function parseValue(tokens, depth) {
  if (depth > MAX_DEPTH) throw malformed();
  const token = tokens.next();
  if ("value" in token) return token.value;
  if (token.mark === "{") return parseDict(tokens, depth);
  if (token.mark === "(") return parseItems(tokens, ")", depth);
  if (token.mark === "[") return parseItems(tokens, "]", depth);
  throw malformed();
}
function parseDict(tokens, depth) {
  const dict = /* @__PURE__ */ new Map();
  while (!tokens.accept("}")) {
    const key2 = parseValue(tokens, depth + 1);
    tokens.expect(":");
    dict.set(key2, parseValue(tokens, depth + 1));
    if (tokens.accept(",")) continue;
    tokens.expect("}");
    break;
  }
  return dict;
}
function parseItems(tokens, close, depth) {
  const items = [];
  while (!tokens.accept(close)) {
    items.push(parseValue(tokens, depth + 1));
    if (tokens.accept(",")) continue;
    tokens.expect(close);
    break;
  }
  return items;
}
function malformed() {
  return new WeightsError(
    "weights-format",
    "The header of a NumPy array is damaged.",
    "Download or write the file again."
  );
}
var TOKEN, MAX_DEPTH, WORDS, Tokens;
var init_python_literal = __esm({
  "src/weights/python-literal.ts"() {
    "use strict";
    init_errors();
    TOKEN = /\s*(?:'([^'\\]*)'|"([^"\\]*)"|(-?\d+)L?|(True|False|None)|([{}()[\],:]))/y;
    MAX_DEPTH = 32;
    WORDS = { True: true, False: false, None: null };
    Tokens = class {
      #text;
      #at = 0;
      constructor(text) {
        this.#text = text;
      }
      get ended() {
        return this.#at === this.#text.length;
      }
      /** The next token: a value, or punctuation. */
      next() {
        TOKEN.lastIndex = this.#at;
        const match = TOKEN.exec(this.#text);
        if (!match) throw malformed();
        this.#at = TOKEN.lastIndex;
        const [, single, double, integer, word, mark] = match;
        if (mark !== void 0) return { mark };
        if (integer !== void 0) return { value: Number(integer) };
        if (word !== void 0) return { value: WORDS[word] ?? null };
        return { value: single ?? double ?? "" };
      }
      /** Consumes `mark` if it comes next. */
      accept(mark) {
        const before = this.#at;
        const token = this.next();
        if ("mark" in token && token.mark === mark) return true;
        this.#at = before;
        return false;
      }
      expect(mark) {
        if (!this.accept(mark)) throw malformed();
      }
    };
  }
});

// src/weights/npy.ts
async function openNpy(source, name, options = {}) {
  const { text, dataStart } = await readHeader(source, options);
  const { descr, fortran_order: fortran, shape } = parseHeader2(text, source.name);
  const { dtype, bigEndian } = parseType(descr, source.name);
  const count2 = elementCount(shape, name);
  const wanted = count2 * BYTES_PER_ELEMENT[dtype];
  if (source.size - dataStart !== wanted) {
    throw new WeightsError(
      "weights-shape",
      `${source.name} has ${source.size - dataStart} bytes of data where [${shape}] \xD7 ${dtype} needs ${wanted}.`,
      "The file is truncated or damaged; download or write it again."
    );
  }
  const stored = section(source, dataStart, wanted, source.name);
  const bytes2 = bigEndian ? swapped(stored, BYTES_PER_ELEMENT[dtype]) : stored;
  const strides = contiguousStrides(shape, fortran ? "F" : "C");
  return checkpointTensor({ name, dtype, shape, strides, available: count2, bytes: bytes2 });
}
async function readHeader(source, options) {
  const lengthAt = MAGIC_BYTES + VERSION_BYTES;
  const start = viewOf(await readExactly(source, 0, lengthAt + 4, options));
  const version = start.getUint8(MAGIC_BYTES);
  if (start.getUint32(0, false) !== 2471384397 || version < 1 || version > 3) {
    throw damaged2(source.name, "it is no .npy file of version 1 to 3");
  }
  const headerAt = lengthAt + (version === 1 ? 2 : 4);
  const headerBytes = version === 1 ? start.getUint16(lengthAt, true) : start.getUint32(lengthAt, true);
  if (headerBytes > MAX_HEADER_BYTES2) throw damaged2(source.name, `its header claims ${headerBytes} bytes`);
  const dataStart = headerAt + headerBytes;
  const text = new TextDecoder().decode(await readExactly(source, headerAt, dataStart, options));
  return { text, dataStart };
}
function parseHeader2(text, file) {
  const header = parsePythonLiteral(text);
  if (!(header instanceof Map)) throw damaged2(file, "its header is no dict");
  const order = header.get("fortran_order");
  const shape = header.get("shape");
  if (typeof order !== "boolean" || !Array.isArray(shape) || !shape.every((each) => typeof each === "number")) {
    throw damaged2(file, "its header lacks fortran_order or shape");
  }
  return { descr: header.get("descr"), fortran_order: order, shape };
}
function parseType(descr, file) {
  const [, order, code] = typeof descr === "string" && /^([<>|=])(.+)$/.exec(descr) || [];
  if (code?.startsWith("O")) {
    throw new WeightsError(
      "weights-unsafe",
      `${file} is an array of Python objects, which are stored as a pickle that could run code.`,
      "Save arrays of numbers: numpy.savez(path, **{name: tensor.numpy()})."
    );
  }
  if (code === void 0 || !Object.hasOwn(DTYPES2, code)) {
    throw new WeightsError(
      "weights-format",
      `${file} has elements of type ${JSON.stringify(descr)}, which are no plain numbers.`,
      "Save float, int or bool arrays."
    );
  }
  return { dtype: DTYPES2[code], bigEndian: order === ">" };
}
function swapped(source, width) {
  return {
    ...source,
    async read(start, end, options) {
      const bytes2 = (await readExactly(source, start, end, options)).slice();
      for (let at = 0; at < bytes2.length; at += width) bytes2.subarray(at, at + width).reverse();
      return bytes2;
    }
  };
}
function damaged2(file, what) {
  return new WeightsError("weights-format", `${file} is damaged: ${what}.`, "Download or write the file again.");
}
var MAGIC_BYTES, VERSION_BYTES, MAX_HEADER_BYTES2, DTYPES2;
var init_npy = __esm({
  "src/weights/npy.ts"() {
    "use strict";
    init_errors();
    init_bytes();
    init_dtype();
    init_layout();
    init_python_literal();
    init_tensor2();
    MAGIC_BYTES = 6;
    VERSION_BYTES = 2;
    MAX_HEADER_BYTES2 = 1e6;
    DTYPES2 = {
      f8: "float64",
      f4: "float32",
      f2: "float16",
      i8: "int64",
      i4: "int32",
      i2: "int16",
      i1: "int8",
      u8: "uint64",
      u4: "uint32",
      u2: "uint16",
      u1: "uint8",
      b1: "bool"
    };
  }
});

// src/weights/pickle-machine.ts
function damaged3(what) {
  return new WeightsError("weights-format", `The pickle is damaged: ${what}.`, AGAIN);
}
function unsafe(what) {
  return new WeightsError(
    "weights-unsafe",
    `The pickle contains ${what}, which a file of plain weights does not need; it could run code, so it was refused.`,
    "In Python, save only the weights: torch.save(model.state_dict(), path), or write safetensors."
  );
}
var PickleFunction, PickleTruncated, MAX_LINE, PickleMachine, AGAIN;
var init_pickle_machine = __esm({
  "src/weights/pickle-machine.ts"() {
    "use strict";
    init_errors();
    init_bytes();
    PickleFunction = class {
      name;
      call;
      constructor(name, call2) {
        this.name = name;
        this.call = call2;
      }
    };
    PickleTruncated = class extends WeightsError {
    };
    MAX_LINE = 512;
    PickleMachine = class {
      at;
      stopped = false;
      memo = /* @__PURE__ */ new Map();
      vocabulary;
      #bytes;
      #view;
      #stack = [];
      /** Heights of the stack where a MARK was set. */
      #marks = [];
      #utf8 = new TextDecoder();
      constructor(bytes2, vocabulary, start) {
        this.#bytes = bytes2;
        this.#view = viewOf(bytes2);
        this.vocabulary = vocabulary;
        this.at = start;
      }
      byte() {
        return this.#view.getUint8(this.#advance(1));
      }
      uint16() {
        return this.#view.getUint16(this.#advance(2), true);
      }
      int32() {
        return this.#view.getInt32(this.#advance(4), true);
      }
      uint32() {
        return this.#view.getUint32(this.#advance(4), true);
      }
      /** A 64-bit length. Above 2⁵³ it is inexact, but then no file is long enough either. */
      uint64() {
        return Number(this.#view.getBigUint64(this.#advance(8), true));
      }
      /** Pickle floats are big-endian. */
      float64() {
        return this.#view.getFloat64(this.#advance(8), false);
      }
      take(length) {
        const from = this.#advance(length);
        return this.#bytes.subarray(from, from + length);
      }
      text(length) {
        return this.#utf8.decode(this.take(length));
      }
      line() {
        const end = this.#bytes.subarray(0, this.at + MAX_LINE).indexOf(10, this.at);
        if (end < 0) {
          if (this.at + MAX_LINE > this.#bytes.length) this.#advance(MAX_LINE);
          throw damaged3(`a name at byte ${this.at} does not end`);
        }
        const line = this.text(end - this.at);
        this.at = end + 1;
        return line;
      }
      push(value) {
        this.#stack.push(value);
      }
      pop() {
        const top = this.top();
        this.#stack.pop();
        return top;
      }
      top() {
        if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw damaged3("its stack runs empty");
        return this.#stack.at(-1);
      }
      mark() {
        this.#marks.push(this.#stack.length);
      }
      /** Removes and returns everything above the last mark. */
      popMark() {
        const height = this.#marks.pop();
        if (height === void 0) throw damaged3("a mark is missing");
        return this.#stack.splice(height);
      }
      remember(key2) {
        this.memo.set(key2, this.top());
      }
      recall(key2) {
        if (!this.memo.has(key2)) throw damaged3(`it refers to memo ${key2}, which was never set`);
        return this.memo.get(key2);
      }
      global(module, name) {
        const value = this.vocabulary.global(`${module}.${name}`);
        if (value === void 0) throw unsafe(`the global ${module}.${name}`);
        return value;
      }
      call(callee, args) {
        if (!(callee instanceof PickleFunction)) throw unsafe("a call of something that is no function");
        if (!Array.isArray(args)) throw damaged3(`the arguments of ${callee.name} are no tuple`);
        return callee.call(args);
      }
      #advance(length) {
        const from = this.at;
        if (from + length > this.#bytes.length) {
          throw new PickleTruncated(
            "weights-format",
            `The pickle ends in the middle, at byte ${this.#bytes.length}.`,
            AGAIN
          );
        }
        this.at = from + length;
        return from;
      }
    };
    AGAIN = "Download or copy the file again.";
  }
});

// src/weights/opcodes.ts
function checkProtocol(protocol) {
  if (protocol > 5) throw damaged3(`it has protocol ${protocol}, which does not exist`);
}
function call(machine) {
  const args = machine.pop();
  machine.push(machine.call(machine.pop(), args));
}
function pushTuple(machine, length) {
  const tuple = Array.from({ length }, () => machine.pop());
  machine.push(tuple.reverse());
}
function append(machine, items) {
  const list2 = machine.top();
  if (!Array.isArray(list2)) throw damaged3("it appends to something that is no list");
  for (const item of items) list2.push(item);
}
function setItems(machine, items) {
  const dict = machine.top();
  if (!(dict instanceof Map)) throw damaged3("it sets items of something that is no dict");
  if (items.length % 2 !== 0) throw damaged3("a dict has a key without a value");
  for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
}
function addItems(machine, items) {
  const set = machine.top();
  if (!(set instanceof Set)) throw damaged3("it adds to something that is no set");
  for (const item of items) set.add(item);
}
function longInteger(bytes2) {
  if (bytes2.length > MAX_INTEGER_BYTES) throw damaged3(`it has an integer of ${bytes2.length} bytes`);
  let value = 0n;
  for (const [i, byte] of bytes2.entries()) value |= BigInt(byte) << BigInt(8 * i);
  value = BigInt.asIntN(8 * bytes2.length, value);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
var OPCODES, MAX_INTEGER_BYTES;
var init_opcodes = __esm({
  "src/weights/opcodes.ts"() {
    "use strict";
    init_pickle_machine();
    OPCODES = {
      // Framing and stack.
      /* PROTO */
      128: (m) => checkProtocol(m.byte()),
      /* FRAME: a hint for buffered readers */
      149: (m) => void m.uint64(),
      /* STOP */
      46: (m) => {
        m.stopped = true;
      },
      /* MARK */
      40: (m) => m.mark(),
      /* POP */
      48: (m) => void m.pop(),
      /* POP_MARK */
      49: (m) => void m.popMark(),
      /* DUP */
      50: (m) => m.push(m.top()),
      // Scalars.
      /* NONE */
      78: (m) => m.push(null),
      /* NEWTRUE */
      136: (m) => m.push(true),
      /* NEWFALSE */
      137: (m) => m.push(false),
      /* BININT */
      74: (m) => m.push(m.int32()),
      /* BININT1 */
      75: (m) => m.push(m.byte()),
      /* BININT2 */
      77: (m) => m.push(m.uint16()),
      /* LONG1 */
      138: (m) => m.push(longInteger(m.take(m.byte()))),
      /* LONG4 */
      139: (m) => m.push(longInteger(m.take(m.uint32()))),
      /* BINFLOAT */
      71: (m) => m.push(m.float64()),
      // Strings and bytes.
      /* SHORT_BINSTRING */
      85: (m) => m.push(m.text(m.byte())),
      /* BINSTRING */
      84: (m) => m.push(m.text(m.uint32())),
      /* SHORT_BINUNICODE */
      140: (m) => m.push(m.text(m.byte())),
      /* BINUNICODE */
      88: (m) => m.push(m.text(m.uint32())),
      /* BINUNICODE8 */
      141: (m) => m.push(m.text(m.uint64())),
      /* SHORT_BINBYTES */
      67: (m) => m.push(m.take(m.byte())),
      /* BINBYTES */
      66: (m) => m.push(m.take(m.uint32())),
      /* BINBYTES8 */
      142: (m) => m.push(m.take(m.uint64())),
      // Containers.
      /* EMPTY_LIST */
      93: (m) => m.push([]),
      /* APPEND */
      97: (m) => append(m, [m.pop()]),
      /* APPENDS */
      101: (m) => append(m, m.popMark()),
      /* LIST */
      108: (m) => m.push(m.popMark()),
      /* EMPTY_TUPLE */
      41: (m) => m.push([]),
      /* TUPLE */
      116: (m) => m.push(m.popMark()),
      /* TUPLE1 */
      133: (m) => pushTuple(m, 1),
      /* TUPLE2 */
      134: (m) => pushTuple(m, 2),
      /* TUPLE3 */
      135: (m) => pushTuple(m, 3),
      /* EMPTY_DICT */
      125: (m) => m.push(/* @__PURE__ */ new Map()),
      /* DICT */
      100: (m) => {
        const items = m.popMark();
        m.push(/* @__PURE__ */ new Map());
        setItems(m, items);
      },
      /* SETITEM */
      115: (m) => setItems(m, [m.pop(), m.pop()].reverse()),
      /* SETITEMS */
      117: (m) => setItems(m, m.popMark()),
      /* EMPTY_SET */
      143: (m) => m.push(/* @__PURE__ */ new Set()),
      /* ADDITEMS */
      144: (m) => addItems(m, m.popMark()),
      // Memo: what makes shared values shared.
      /* BINPUT */
      113: (m) => m.remember(m.byte()),
      /* LONG_BINPUT */
      114: (m) => m.remember(m.uint32()),
      /* MEMOIZE */
      148: (m) => m.remember(m.memo.size),
      /* BINGET */
      104: (m) => m.push(m.recall(m.byte())),
      /* LONG_BINGET */
      106: (m) => m.push(m.recall(m.uint32())),
      // Names from the vocabulary.
      /* GLOBAL */
      99: (m) => m.push(m.global(m.line(), m.line())),
      /* STACK_GLOBAL */
      147: (m) => {
        const name = m.pop();
        m.push(m.global(String(m.pop()), String(name)));
      },
      /* REDUCE */
      82: call,
      /* NEWOBJ */
      129: call,
      /* BUILD: attributes such as a state dict's _metadata; nothing that weights need */
      98: (m) => {
        m.pop();
        if (!(m.top() instanceof Map)) throw damaged3("it sets attributes on something other than a dict");
      },
      /* BINPERSID */
      81: (m) => m.push(m.vocabulary.persistentLoad(m.pop()))
    };
    MAX_INTEGER_BYTES = 255;
  }
});

// src/weights/pickle.ts
function unpickle(bytes2, vocabulary, start = 0) {
  const machine = new PickleMachine(bytes2, vocabulary, start);
  while (!machine.stopped) {
    const at = machine.at;
    const opcode = machine.byte();
    const step = OPCODES[opcode];
    if (step === void 0) throw unsafe(`opcode 0x${opcode.toString(16)} at byte ${at}`);
    step(machine);
  }
  return { value: machine.pop(), end: machine.at };
}
var PLAIN;
var init_pickle = __esm({
  "src/weights/pickle.ts"() {
    "use strict";
    init_opcodes();
    init_pickle_machine();
    PLAIN = {
      global: () => void 0,
      persistentLoad: () => {
        throw unsafe("a persistent id where none belongs");
      }
    };
  }
});

// src/weights/torch.ts
function storageView(root, [, offset, count2]) {
  const fits2 = isIndex(offset) && isIndex(count2) && offset + count2 <= root.count;
  if (!fits2) throw damaged3(`a view lies outside storage ${root.key}`);
  return new StorageView(root, offset, count2);
}
function rebuildTensor([storage, offset, shape, strides]) {
  const at = Number(offset);
  const sizes = numbers(shape);
  const steps = numbers(strides);
  if (storage instanceof StorageView) {
    return new TorchTensor(storage.root, storage.offset + at, sizes, steps);
  }
  if (!isStorage(storage)) throw damaged3("a tensor has no storage");
  return new TorchTensor(storage, at, sizes, steps);
}
function numbers(tuple) {
  if (!Array.isArray(tuple)) throw damaged3("a tensor lacks its shape or strides");
  return tuple.map(Number);
}
function orderedDict([pairs = []]) {
  if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) {
    throw damaged3("an OrderedDict is made from something other than pairs");
  }
  return new Map(pairs);
}
function isStorage(value) {
  return typeof value === "object" && value !== null && "key" in value && "dtype" in value && "count" in value;
}
function isIndex(value) {
  return Number.isSafeInteger(value) && value >= 0;
}
function damagedFile(name, what) {
  return new WeightsError("weights-format", `${name} is damaged: ${what}.`, "Download or copy the file again.");
}
var TorchTensor, StorageView, StorageClass, STORAGES, FUNCTIONS, GLOBALS, TorchVocabulary;
var init_torch = __esm({
  "src/weights/torch.ts"() {
    "use strict";
    init_errors();
    init_dtype();
    init_pickle_machine();
    TorchTensor = class {
      storage;
      /** In elements, like `strides`. */
      offset;
      shape;
      strides;
      constructor(storage, offset, shape, strides) {
        this.storage = storage;
        this.offset = offset;
        this.shape = shape;
        this.strides = strides;
      }
    };
    StorageView = class {
      root;
      offset;
      count;
      constructor(root, offset, count2) {
        this.root = root;
        this.offset = offset;
        this.count = count2;
      }
    };
    StorageClass = class {
      dtype;
      constructor(dtype) {
        this.dtype = dtype;
      }
    };
    STORAGES = {
      DoubleStorage: "float64",
      FloatStorage: "float32",
      HalfStorage: "float16",
      BFloat16Storage: "bfloat16",
      LongStorage: "int64",
      IntStorage: "int32",
      ShortStorage: "int16",
      CharStorage: "int8",
      ByteStorage: "uint8",
      BoolStorage: "bool"
    };
    FUNCTIONS = {
      "collections.OrderedDict": orderedDict,
      "torch.Size": ([sizes]) => sizes,
      "torch._utils._rebuild_tensor": rebuildTensor,
      // requires_grad, backward hooks and metadata follow in these; they say nothing about the values.
      "torch._utils._rebuild_tensor_v2": rebuildTensor,
      "torch._utils._rebuild_parameter": ([data]) => data
    };
    GLOBALS = new Map([
      ...Object.entries(STORAGES).map(([name, dtype]) => [`torch.${name}`, new StorageClass(dtype)]),
      ...Object.entries(FUNCTIONS).map(([name, call2]) => [name, new PickleFunction(name, call2)])
    ]);
    TorchVocabulary = class {
      storages = /* @__PURE__ */ new Map();
      global(name) {
        return GLOBALS.get(name);
      }
      /** ('storage', class, key, location, count[, view]) → storage. The location (cpu, cuda:0) does not matter here. */
      persistentLoad(id) {
        if (!Array.isArray(id) || id[0] !== "storage") throw damaged3("a persistent id is no storage");
        const [, type, key2, , count2, view] = id;
        if (!(type instanceof StorageClass)) throw damaged3("a storage has no element type");
        if (typeof key2 !== "string") throw damaged3("a storage has no key");
        const bytes2 = typeof count2 === "number" ? count2 * BYTES_PER_ELEMENT[type.dtype] : Number.NaN;
        if (!Number.isSafeInteger(count2) || !Number.isSafeInteger(bytes2) || bytes2 < 0) {
          throw damaged3(`storage ${key2} claims ${String(count2)} elements`);
        }
        const storage = this.#storage({ key: key2, dtype: type.dtype, count: count2 });
        return Array.isArray(view) ? storageView(storage, view) : storage;
      }
      #storage(claimed) {
        const known = this.storages.get(claimed.key);
        if (known === void 0) {
          this.storages.set(claimed.key, claimed);
          return claimed;
        }
        if (known.dtype !== claimed.dtype || known.count !== claimed.count) {
          throw damaged3(`storage ${claimed.key} is described in two ways`);
        }
        return known;
      }
    };
  }
});

// src/weights/pth-legacy.ts
async function readLegacy(source, maxBytes, options) {
  const { saved, storages, end } = await readPickles(source, maxBytes, options);
  const located = /* @__PURE__ */ new Map();
  let at = end;
  for (const storage of storages) {
    located.set(storage.key, storageSource(source, storage, at));
    at += COUNT_BYTES + storage.count * BYTES_PER_ELEMENT[storage.dtype];
  }
  if (at > source.size) throw damagedFile(source.name, `it ends after ${source.size} bytes of ${at}`);
  return { saved, storages: located };
}
async function readPickles(source, maxBytes, options) {
  const limit = Math.min(source.size, maxBytes);
  for (let size = Math.min(limit, FIRST_PIECE); ; size = Math.min(limit, size * 4)) {
    const bytes2 = await readExactly(source, 0, size, options);
    try {
      return parsePickles(bytes2, source.name);
    } catch (error) {
      if (!(error instanceof PickleTruncated) || size === limit) throw error;
    }
  }
}
function parsePickles(bytes2, name) {
  const magic = unpickle(bytes2, PLAIN);
  if (magic.value !== MAGIC) throw damagedFile(name, "it is a pickle, but not one that torch.save wrote");
  const version = unpickle(bytes2, PLAIN, magic.end);
  if (version.value !== PROTOCOL_VERSION) throw damagedFile(name, `its version is ${String(version.value)}, not 1001`);
  const system = unpickle(bytes2, PLAIN, version.end);
  if (!(system.value instanceof Map) || system.value.get("little_endian") !== true) {
    throw damagedFile(name, "only files from little-endian machines are read");
  }
  const vocabulary = new TorchVocabulary();
  const saved = unpickle(bytes2, vocabulary, system.end);
  const keys = unpickle(bytes2, PLAIN, saved.end);
  if (!Array.isArray(keys.value)) throw damagedFile(name, "the list of its storages is missing");
  const storages = keys.value.map((key2) => {
    const storage = vocabulary.storages.get(String(key2));
    if (storage === void 0) throw damagedFile(name, `storage ${String(key2)} has no description`);
    return storage;
  });
  if (new Set(storages).size !== storages.length) throw damagedFile(name, "a storage is listed twice");
  return { saved: saved.value, storages, end: keys.end };
}
function storageSource(source, { key: key2, dtype, count: count2 }, at) {
  const start = at + COUNT_BYTES;
  const elements2 = section(source, start, count2 * BYTES_PER_ELEMENT[dtype], `storage ${key2} of ${source.name}`);
  let checked = false;
  return {
    ...elements2,
    async read(from, to, options) {
      if (checked) return elements2.read(from, to, options);
      const bytes2 = await readExactly(source, at, start + to, options);
      const written = viewOf(bytes2).getBigInt64(0, true);
      if (written !== BigInt(count2)) {
        throw damagedFile(source.name, `storage ${key2} has ${written} elements where ${count2} are expected`);
      }
      checked = true;
      return bytes2.subarray(COUNT_BYTES + from);
    }
  };
}
var MAGIC, PROTOCOL_VERSION, FIRST_PIECE, COUNT_BYTES;
var init_pth_legacy = __esm({
  "src/weights/pth-legacy.ts"() {
    "use strict";
    init_bytes();
    init_dtype();
    init_pickle();
    init_pickle_machine();
    init_torch();
    MAGIC = 0x1950a86a20f9469cfc6cn;
    PROTOCOL_VERSION = 1001;
    FIRST_PIECE = 64 * 1024;
    COUNT_BYTES = 8;
  }
});

// src/weights/state-dict.ts
function findStateDict(saved, name) {
  const tensors = /* @__PURE__ */ new Map();
  const metadata = /* @__PURE__ */ new Map();
  if (saved instanceof TorchTensor) tensors.set("tensor", saved);
  if (saved instanceof Map) {
    const inner = saved.get("state_dict");
    collect(inner instanceof Map ? inner : saved, tensors);
    for (const [key2, value] of saved) {
      if (typeof value === "string" || typeof value === "number") metadata.set(String(key2), value);
    }
  }
  if (tensors.size === 0) throw noTensors(saved, name);
  return { tensors, metadata: Object.freeze(Object.fromEntries(metadata)) };
}
function collect(root, tensors) {
  const seen = /* @__PURE__ */ new Set([root]);
  const waiting = [
    { prefix: "", entries: root.entries() }
  ];
  while (waiting.length > 0) {
    const { prefix, entries } = waiting.at(-1);
    const next = entries.next();
    if (next.done) {
      waiting.pop();
      continue;
    }
    const [key2, value] = next.value;
    if (value instanceof TorchTensor) tensors.set(prefix + String(key2), value);
    else if (value instanceof Map && !seen.has(value) && waiting.length < MAX_DEPTH2) {
      seen.add(value);
      waiting.push({ prefix: `${prefix}${String(key2)}.`, entries: value.entries() });
    }
  }
}
function noTensors(saved, name) {
  const keys = saved instanceof Map ? [...saved.keys()].slice(0, 8).map((key2) => `"${String(key2)}"`) : [];
  const holds = keys.length > 0 ? ` (top-level keys: ${keys.join(", ")})` : "";
  return new WeightsError(
    "weights-format",
    `${name} holds no tensors${holds}.`,
    "Save a state dict: torch.save(model.state_dict(), path)."
  );
}
var MAX_DEPTH2;
var init_state_dict = __esm({
  "src/weights/state-dict.ts"() {
    "use strict";
    init_errors();
    init_torch();
    MAX_DEPTH2 = 16;
  }
});

// src/weights/pth.ts
async function openLegacyPth(source, options) {
  const { saved, storages } = await readLegacy(source, MAX_PICKLE_BYTES, options);
  return pthCheckpoint(source, "pth-legacy", saved, (storage) => storages.get(storage.key));
}
async function openZipPth(source, entries, pickleName, options) {
  const root = pickleName.slice(0, -"data.pkl".length);
  const order = entries.get(`${root}byteorder`);
  if (order !== void 0 && order.size <= 16) {
    const text = new TextDecoder().decode(await readExactly(order, 0, order.size, options));
    if (text.trim() !== "little")
      throw damagedFile(source.name, `its byte order is "${text.trim()}", only little-endian files are read`);
  }
  const pickle = entries.get(pickleName);
  if (pickle.size > MAX_PICKLE_BYTES) throw damagedFile(source.name, `its pickle has ${pickle.size} bytes`);
  const { value } = unpickle(await readExactly(pickle, 0, pickle.size, options), new TorchVocabulary());
  return pthCheckpoint(source, "pth-zip", value, ({ key: key2, dtype, count: count2 }) => {
    const entry = entries.get(`${root}data/${key2}`);
    const wanted = count2 * BYTES_PER_ELEMENT[dtype];
    if (entry !== void 0 && entry.size !== wanted) {
      throw damagedFile(source.name, `storage ${key2} has ${entry.size} bytes where ${count2} \xD7 ${dtype} need ${wanted}`);
    }
    return entry;
  });
}
function pthCheckpoint(source, format, saved, bytesOf2) {
  const found2 = findStateDict(saved, source.name);
  const tensors = /* @__PURE__ */ new Map();
  for (const [name, { storage, offset, shape, strides }] of found2.tensors) {
    const bytes2 = bytesOf2(storage);
    if (bytes2 === void 0) throw damagedFile(source.name, `storage ${storage.key} of tensor "${name}" is missing`);
    const { dtype, count: available } = storage;
    tensors.set(name, checkpointTensor({ name, dtype, shape, strides, offset, available, bytes: bytes2 }));
  }
  return { source, format, tensors, metadata: found2.metadata };
}
var MAX_PICKLE_BYTES;
var init_pth = __esm({
  "src/weights/pth.ts"() {
    "use strict";
    init_bytes();
    init_dtype();
    init_pickle();
    init_pth_legacy();
    init_state_dict();
    init_tensor2();
    init_torch();
    MAX_PICKLE_BYTES = 1e8;
  }
});

// src/weights/inflate.ts
async function inflate(compressed, range, options = {}) {
  const { declared, from, to } = range;
  if (declared > MAX_RATIO * (compressed.size + 1)) {
    throw broken(compressed.name, `${compressed.size} compressed bytes cannot hold the ${declared} it promises`);
  }
  const bytes2 = allocateBytes(to - from, compressed.name);
  const input = new DeflatedInput(compressed, options);
  const reader = input.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  let position = 0;
  try {
    while (position < to) {
      const { done, value } = await abortable(reader.read(), options.signal);
      if (done) throw broken(compressed.name, `it inflates to ${position} bytes where ${declared} were promised`);
      const start = Math.max(from, position);
      const wanted = value.subarray(start - position, Math.max(start, to) - position);
      if (wanted.length > 0) bytes2.set(wanted, start - from);
      position += value.length;
    }
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (input.error !== void 0) throw input.error;
    if (cause instanceof WeightsError) throw cause;
    throw broken(compressed.name, "its compressed data cannot be inflated", cause);
  } finally {
    reader.cancel().catch(() => {
    });
  }
  return bytes2;
}
function broken(name, what, cause) {
  const message = `Entry "${name}" is damaged: ${what}.`;
  return new WeightsError("weights-format", message, "Download or copy the file again.", { cause });
}
var MAX_RATIO, PIECE_BYTES, DeflatedInput;
var init_inflate = __esm({
  "src/weights/inflate.ts"() {
    "use strict";
    init_errors();
    init_abort();
    init_bytes();
    MAX_RATIO = 1032;
    PIECE_BYTES = 256 * 1024;
    DeflatedInput = class {
      error;
      #source;
      #options;
      #at = 0;
      constructor(source, options) {
        this.#source = source;
        this.#options = options;
      }
      stream() {
        return new ReadableStream({ pull: (controller) => this.#pull(controller) });
      }
      async #pull(controller) {
        const start = this.#at;
        if (start >= this.#source.size) return controller.close();
        this.#at = Math.min(this.#source.size, start + PIECE_BYTES);
        try {
          const piece = await readExactly(this.#source, start, this.#at, this.#options);
          controller.enqueue(piece);
        } catch (error) {
          this.error = error;
          throw error;
        }
      }
    };
  }
});

// src/weights/zip.ts
async function openZip(source, options = {}) {
  const { start, size, count: count2 } = await locateDirectory(source, options);
  const directory = await readExactly(source, start, start + size, options);
  const listed = parseDirectory(directory, count2, source.name).sort((a, b) => a.header - b.header);
  const entries = /* @__PURE__ */ new Map();
  for (const [i, entry] of listed.entries()) {
    if (entries.has(entry.name)) throw damaged4(source.name, `it has two entries named "${entry.name}"`);
    const limit = listed[i + 1]?.header ?? start;
    if (entry.header + LOCAL_HEADER_BYTES + entry.compressedSize > limit) {
      throw damaged4(source.name, `entry "${entry.name}" leaves the archive or overlaps the next one`);
    }
    entries.set(entry.name, openEntry(source, entry, limit));
  }
  return entries;
}
async function locateDirectory(source, options) {
  const tailStart = Math.max(0, source.size - END_BYTES - LOCATOR_BYTES - MAX_COMMENT_BYTES);
  const tail = viewOf(await readExactly(source, tailStart, source.size, options));
  const at = findEnd(tail);
  if (at < 0) throw damaged4(source.name, "the zip directory at its end is missing; it may be truncated");
  let count2 = tail.getUint16(at + 10, true);
  let size = tail.getUint32(at + 12, true);
  let start = tail.getUint32(at + 16, true);
  const locator = at - LOCATOR_BYTES;
  if (locator >= 0 && tail.getUint32(locator, true) === LOCATOR_64) {
    const at64 = Number(tail.getBigUint64(locator + 8, true));
    const end64 = viewOf(await readExactly(source, at64, at64 + 56, options));
    if (end64.getUint32(0, true) !== END_64) throw damaged4(source.name, "its zip64 directory is missing");
    count2 = Number(end64.getBigUint64(32, true));
    size = Number(end64.getBigUint64(40, true));
    start = Number(end64.getBigUint64(48, true));
  }
  if (size > MAX_DIRECTORY_BYTES) throw damaged4(source.name, `its zip directory claims ${size} bytes`);
  return { start, size, count: count2 };
}
function findEnd(tail) {
  for (let at = tail.byteLength - END_BYTES; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END) continue;
    if (at + END_BYTES + tail.getUint16(at + 20, true) === tail.byteLength) return at;
  }
  return -1;
}
function parseDirectory(bytes2, count2, archive) {
  const view = viewOf(bytes2);
  const utf8 = new TextDecoder();
  const entries = [];
  let at = 0;
  while (at + DIRECTORY_ENTRY_BYTES <= bytes2.length && view.getUint32(at, true) === DIRECTORY_ENTRY) {
    const nameAt = at + DIRECTORY_ENTRY_BYTES;
    const extraAt = nameAt + view.getUint16(at + 28, true);
    const end = extraAt + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (end > bytes2.length) break;
    const name = utf8.decode(bytes2.subarray(nameAt, extraAt));
    const method = view.getUint16(at + 10, true);
    if (view.getUint16(at + 8, true) & 1) throw damaged4(archive, `entry "${name}" is encrypted`);
    if (method !== STORED && method !== DEFLATED)
      throw damaged4(archive, `entry "${name}" uses compression method ${method}`);
    const [size, compressedSize, header] = zip64Sizes(
      [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)],
      new DataView(view.buffer, view.byteOffset + extraAt, view.getUint16(at + 30, true))
    );
    if (method === STORED && size !== compressedSize) throw damaged4(archive, `entry "${name}" has two sizes`);
    entries.push({ name, method, size, compressedSize, header });
    at = end;
  }
  if (entries.length !== count2)
    throw damaged4(archive, `its directory has ${entries.length} readable entries of ${count2}`);
  return entries;
}
function zip64Sizes(sizes, extra) {
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== ZIP64_EXTRA) continue;
    let value = at + 4;
    return sizes.map((size) => {
      if (size !== IN_EXTRA || value + 8 > extra.byteLength) return size;
      value += 8;
      return Number(extra.getBigUint64(value - 8, true));
    });
  }
  return sizes;
}
function openEntry(source, entry, limit) {
  const { name, method, size, compressedSize, header } = entry;
  let dataStart;
  async function readRaw(from, to, options) {
    if (dataStart === void 0) {
      const end = Math.min(limit, header + LOCAL_HEADER_BYTES + name.length + PADDING_BYTES + to);
      const bytes2 = await readExactly(source, header, end, options);
      dataStart = header + dataOffset(viewOf(bytes2));
      if (dataStart + to <= end) return bytes2.subarray(dataStart - header + from, dataStart - header + to);
    }
    return readExactly(source, dataStart + from, dataStart + to, options);
  }
  function dataOffset(local) {
    if (local.getUint32(0, true) !== LOCAL_HEADER) throw damaged4(source.name, `entry "${name}" has no header`);
    const offset = LOCAL_HEADER_BYTES + local.getUint16(26, true) + local.getUint16(28, true);
    if (header + offset + compressedSize > limit)
      throw damaged4(source.name, `entry "${name}" overlaps what follows it`);
    return offset;
  }
  if (method === STORED) return { name, size, read: readRaw };
  const read = (from, to, options) => inflate({ name, size: compressedSize, read: readRaw }, { declared: size, from, to }, options);
  return { name, size, read };
}
function damaged4(name, what) {
  return new WeightsError("weights-format", `${name} is damaged: ${what}.`, "Download or copy the file again.");
}
var LOCAL_HEADER, DIRECTORY_ENTRY, END, END_64, LOCATOR_64, END_BYTES, LOCATOR_BYTES, MAX_COMMENT_BYTES, MAX_DIRECTORY_BYTES, STORED, DEFLATED, DIRECTORY_ENTRY_BYTES, ZIP64_EXTRA, IN_EXTRA, LOCAL_HEADER_BYTES, PADDING_BYTES;
var init_zip = __esm({
  "src/weights/zip.ts"() {
    "use strict";
    init_errors();
    init_bytes();
    init_inflate();
    LOCAL_HEADER = 67324752;
    DIRECTORY_ENTRY = 33639248;
    END = 101010256;
    END_64 = 101075792;
    LOCATOR_64 = 117853008;
    END_BYTES = 22;
    LOCATOR_BYTES = 20;
    MAX_COMMENT_BYTES = 65535;
    MAX_DIRECTORY_BYTES = 64e6;
    STORED = 0;
    DEFLATED = 8;
    DIRECTORY_ENTRY_BYTES = 46;
    ZIP64_EXTRA = 1;
    IN_EXTRA = 4294967295;
    LOCAL_HEADER_BYTES = 30;
    PADDING_BYTES = 256;
  }
});

// src/weights/python.ts
var python_exports = {};
__export(python_exports, {
  openArchive: () => openArchive,
  openLegacyPth: () => openLegacyPth,
  openSingleArray: () => openSingleArray
});
async function openSingleArray(source, options) {
  const array = await openNpy(source, "arr_0", options);
  return { source, format: "npy", tensors: /* @__PURE__ */ new Map([[array.name, array]]), metadata: Object.freeze({}) };
}
async function openArchive(source, options) {
  const entries = await openZip(source, options);
  const names = [...entries.keys()];
  const pickle = names.find((name) => /^[^/]*\/?data\.pkl$/.test(name));
  if (pickle !== void 0) {
    if (names.some((name) => /(^|\/)constants\.pkl$/.test(name))) throw torchScript(source.name);
    return openZipPth(source, entries, pickle, options);
  }
  const arrays = names.filter((name) => name.endsWith(".npy"));
  if (arrays.length > 0) return openNpz(source, entries, arrays, options);
  const holds = names.slice(0, 5).map((name) => `"${name}"`);
  throw new WeightsError(
    "weights-format",
    `${source.name} is a zip archive, but neither of torch.save nor of numpy.savez (it holds ${holds.join(", ") || "nothing"}).`,
    "If a checkpoint is packed in it, unpack it first."
  );
}
async function openNpz(source, entries, names, options) {
  const arrays = await Promise.all(
    names.map((name) => openNpy(entries.get(name), name.slice(0, -".npy".length), options))
  );
  const tensors = new Map(arrays.map((array) => [array.name, array]));
  return { source, format: "npz", tensors, metadata: Object.freeze({}) };
}
function torchScript(name) {
  return new WeightsError(
    "weights-format",
    `${name} is a TorchScript program, not a checkpoint.`,
    "In Python: torch.save(torch.jit.load(path).state_dict(), new_path)."
  );
}
var init_python = __esm({
  "src/weights/python.ts"() {
    "use strict";
    init_errors();
    init_npy();
    init_pth();
    init_zip();
    init_pth();
  }
});

// src/kernels/bytes.wgsl.ts
var kernel2, bytes_wgsl_default;
var init_bytes_wgsl = __esm({
  "src/kernels/bytes.wgsl.ts"() {
    "use strict";
    kernel2 = {
      "name": "bytes",
      "params": {
        "total": "u32"
      },
      "bindings": {
        "x": "read",
        "rgba": "read_write"
      },
      "source": "\nstruct Params{total:u32}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read_write> rgba:array<u32>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet v=vec3u(clamp((x[at].xyz+1.0)/2.0*255.0,vec3f(),vec3f(255.0)));\nrgba[at]=v.x|(v.y << 8u)|(v.z << 16u)|0xff000000u;\n}\n"
    };
    bytes_wgsl_default = kernel2;
  }
});

// src/kernels/clamp.wgsl.ts
var kernel3, clamp_wgsl_default;
var init_clamp_wgsl = __esm({
  "src/kernels/clamp.wgsl.ts"() {
    "use strict";
    kernel3 = {
      "name": "clamp",
      "params": {
        "total": "u32"
      },
      "bindings": {
        "x": "read",
        "y": "read_write"
      },
      "source": "\nstruct Params{total:u32}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read_write> y:array<vec4f>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at < params.total){y[at]=clamp(x[at],vec4f(-1.0),vec4f(1.0));}\n}\n"
    };
    clamp_wgsl_default = kernel3;
  }
});

// src/kernels/pixelnorm.wgsl.ts
var kernel4, pixelnorm_wgsl_default;
var init_pixelnorm_wgsl = __esm({
  "src/kernels/pixelnorm.wgsl.ts"() {
    "use strict";
    kernel4 = {
      "name": "pixelnorm",
      "params": {
        "pixels": "u32",
        "vectors": "u32",
        "channels": "u32"
      },
      "bindings": {
        "x": "read",
        "y": "read_write"
      },
      "source": "\nstruct Params{pixels:u32,vectors:u32,channels:u32}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read_write> y:array<vec4f>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet pixel=id.x+id.y*groups.x*64u;\nif(pixel >=params.pixels){return;}\nlet start=pixel*params.vectors;\n\nvar sum=vec4f();\nfor(var i=0u;i < params.vectors;i++){let v=x[start+i];sum+=v*v;}\nlet mean=(sum.x+sum.y+sum.z+sum.w)/f32(params.channels);\nlet scale=1.0/sqrt(mean+1e-8);\nfor(var i=0u;i < params.vectors;i++){y[start+i]=x[start+i]*scale;}\n}\n"
    };
    pixelnorm_wgsl_default = kernel4;
  }
});

// src/kernels/pointwise.ts
function pixelnorm(graph, x) {
  const y = graph.value(`${x.label}.normed`, x.shape, "f32", x.channels);
  const vectors = x.shape.at(-1) / 4;
  const pixels = elements(x.shape) / (4 * vectors);
  graph.step(pixelnorm_wgsl_default, { x, y }, { pixels, vectors, channels: x.channels }, lanes(pixels));
  graph.record(PIXELNORM, [x], y, void 0);
  return y;
}
function clamp(graph, x) {
  const y = graph.value(`${x.label}.clamped`, x.shape, "f32", x.channels);
  const total = elements(x.shape) / 4;
  graph.step(clamp_wgsl_default, { x, y }, { total }, lanes(total));
  graph.record(CLAMP, [x], y, void 0);
  return y;
}
function bytes(graph, x) {
  if (x.channels !== 3) throw new ShapeError(`Only an RGB image becomes bytes; "${x.label}" is [${x.shape}].`);
  const rgba = graph.value(`${x.label}.rgba`, x.shape.slice(0, -1), "u32");
  const total = elements(rgba.shape);
  graph.step(bytes_wgsl_default, { x, rgba }, { total }, lanes(total));
  return rgba;
}
var lanes, PIXELNORM, CLAMP;
var init_pointwise = __esm({
  "src/kernels/pointwise.ts"() {
    "use strict";
    init_errors();
    init_graph();
    init_bytes_wgsl();
    init_clamp_wgsl();
    init_pixelnorm_wgsl();
    lanes = (invocations) => fold(Math.ceil(invocations / 64));
    PIXELNORM = { name: "pixelnorm" };
    CLAMP = { name: "clamp" };
  }
});

// src/kernels/activation.ts
var ACTIVATIONS;
var init_activation = __esm({
  "src/kernels/activation.ts"() {
    "use strict";
    ACTIVATIONS = { none: 0, leaky: 1, relu: 2, relu6: 3 };
  }
});

// src/kernels/conv-sum.wgsl.ts
var kernel5, conv_sum_wgsl_default;
var init_conv_sum_wgsl = __esm({
  "src/kernels/conv-sum.wgsl.ts"() {
    "use strict";
    kernel5 = {
      "name": "conv-sum",
      "params": {
        "split": "u32",
        "vectors": "u32",
        "first": "u32",
        "total": "u32",
        "residual": "u32",
        "activation": "u32"
      },
      "bindings": {
        "parts": "read",
        "bias": "read",
        "residual": "read",
        "y": "read_write"
      },
      "source": "\nstruct Params{\nsplit:u32,\nvectors:u32,\nfirst:u32,\ntotal:u32,\nresidual:u32,\nactivation:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> parts:array<vec4f>;\n@group(0)@binding(2)var<storage,read> bias:array<vec4f>;\n@group(0)@binding(3)var<storage,read> residual:array<vec4f>;\n@group(0)@binding(4)var<storage,read_write> y:array<vec4f>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet i=id.x+id.y*groups.x*64u;\nif(i >=params.total){return;}\nvar v=parts[i];\nfor(var part=1u;part < params.split;part++){v+=parts[part*params.total+i];}\nv+=bias[i%params.vectors];\nlet at=params.first+i;\nif(params.residual==1u){v+=residual[at];}\nif(params.activation==1u){v=select(0.2*v,v,v > vec4f());}\nif(params.activation==2u){v=max(v,vec4f());}\nif(params.activation==3u){v=clamp(v,vec4f(),vec4f(6.0));}\ny[at]=v;\n}\n"
    };
    conv_sum_wgsl_default = kernel5;
  }
});

// src/kernels/filter.ts
function packTaps(weight, scale, { inChannels, outChannels, kernel: kernel37 }) {
  const taps2 = kernel37 * kernel37;
  const rows = padded(inChannels);
  const columns = padded(outChannels);
  const packed2 = new Float32Array(taps2 * rows * columns);
  for (let o = 0; o < outChannels; o += 1) {
    const factor = scale[o];
    for (let i = 0; i < inChannels; i += 1) {
      const from = (o * inChannels + i) * taps2;
      for (let t = 0; t < taps2; t += 1) packed2[(t * rows + i) * columns + o] = weight[from + t] * factor;
    }
  }
  return packed2;
}
function packChannels(weight, scale, { outChannels, kernel: kernel37 }) {
  const taps2 = kernel37 * kernel37;
  const columns = padded(outChannels);
  const packed2 = new Float32Array(taps2 * columns);
  for (let c = 0; c < outChannels; c += 1) {
    for (let t = 0; t < taps2; t += 1) packed2[t * columns + c] = weight[c * taps2 + t] * scale[c];
  }
  return packed2;
}
function packPhases(weight, scale, { inChannels, outChannels }) {
  const rows = padded(inChannels);
  const columns = padded(outChannels);
  const packed2 = new Float32Array(16 * rows * columns);
  for (let phase = 0; phase < 4; phase += 1) {
    for (let tap = 0; tap < 4; tap += 1) {
      const ys = MERGED[phase >> 1][tap >> 1];
      const xs = MERGED[phase & 1][tap & 1];
      for (let o = 0; o < outChannels; o += 1) {
        for (let i = 0; i < inChannels; i += 1) {
          let sum = 0;
          for (const ky of ys) for (const kx of xs) sum += weight[((o * inChannels + i) * 3 + ky) * 3 + kx];
          packed2[((phase * 4 + tap) * rows + i) * columns + o] = sum * scale[o];
        }
      }
    }
  }
  return packed2;
}
function packColumns(weight, scale, { inChannels, outChannels }) {
  const columns = padded(outChannels);
  const packed2 = new Float32Array(padded(inChannels) * 9 * columns);
  for (let o = 0; o < outChannels; o += 1) {
    for (let i = 0; i < inChannels; i += 1) {
      for (let t = 0; t < 9; t += 1) {
        packed2[(i * 9 + t) * columns + o] = weight[(o * inChannels + i) * 9 + t] * scale[o];
      }
    }
  }
  return packed2;
}
var constant, packed, MERGED, G, packWinograd;
var init_filter = __esm({
  "src/kernels/filter.ts"() {
    "use strict";
    init_graph();
    constant = (factor, channels) => ({
      sources: [],
      of: () => new Float64Array(channels).fill(factor)
    });
    packed = (filter, pack) => (sources) => {
      const split = filter.weight.sources.length;
      return pack(filter.weight.of(sources.slice(0, split)), filter.scale.of(sources.slice(split)), filter);
    };
    MERGED = [
      [[0], [1, 2]],
      [[0, 1], [2]]
    ];
    G = {
      2: [
        [1, 0, 0],
        [0.5, 0.5, 0.5],
        [0.5, -0.5, 0.5],
        [0, 0, 1]
      ],
      4: [
        [1, 0, 0],
        [-2 / 3, -Math.SQRT2 / 3, -1 / 3],
        [-2 / 3, Math.SQRT2 / 3, -1 / 3],
        [1 / 6, Math.SQRT2 / 6, 1 / 3],
        [1 / 6, -Math.SQRT2 / 6, 1 / 3],
        [0, 0, 1]
      ]
    };
    packWinograd = (outputs) => (weight, scale, { inChannels, outChannels }) => {
      const size = outputs + 2;
      const rows = padded(inChannels);
      const columns = padded(outChannels);
      const packed2 = new Float32Array(size * size * rows * columns);
      const half = new Float64Array(3 * size);
      for (let o = 0; o < outChannels; o += 1) {
        const factor = scale[o];
        for (let i = 0; i < inChannels; i += 1) {
          const from = (o * inChannels + i) * 9;
          for (const [r, [a, b, c]] of G[outputs].entries()) {
            for (let k = 0; k < 3; k += 1) {
              half[r * 3 + k] = a * weight[from + k] + b * weight[from + 3 + k] + c * weight[from + 6 + k];
            }
          }
          for (let r = 0; r < size; r += 1) {
            for (const [s, [a, b, c]] of G[outputs].entries()) {
              const u = a * half[r * 3] + b * half[r * 3 + 1] + c * half[r * 3 + 2];
              packed2[((r * size + s) * rows + i) * columns + o] = u * factor;
            }
          }
        }
      }
      return packed2;
    };
  }
});

// src/kernels/conv-register.wgsl.ts
var kernel6, conv_register_wgsl_default;
var init_conv_register_wgsl = __esm({
  "src/kernels/conv-register.wgsl.ts"() {
    "use strict";
    kernel6 = {
      "name": "conv-register",
      "params": {
        "first": "u32",
        "pixels": "u32",
        "height": "u32",
        "width": "u32",
        "inHeight": "u32",
        "inWidth": "u32",
        "inVectors": "u32",
        "outVectors": "u32",
        "kernel": "u32",
        "stride": "u32",
        "dilation": "u32",
        "padTop": "u32",
        "padLeft": "u32",
        "scale": "u32",
        "xStride": "u32",
        "yStride": "u32",
        "split": "u32",
        "biased": "u32",
        "residual": "u32",
        "activation": "u32"
      },
      "bindings": {
        "x": "read",
        "weight": "read",
        "bias": "read",
        "residual": "read",
        "y": "read_write"
      },
      "source": "\n\n\n\nconst HALF:bool=false;\n\nstruct Params{\nfirst:u32,\npixels:u32,\nheight:u32,width:u32,\ninHeight:u32,inWidth:u32,\ninVectors:u32,\noutVectors:u32,\nkernel:u32,stride:u32,dilation:u32,\npadTop:u32,padLeft:u32,\nscale:u32,\nxStride:u32,\nyStride:u32,\nsplit:u32,\nbiased:u32,\nresidual:u32,\nactivation:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read> weight:array<vec4u>;\n@group(0)@binding(3)var<storage,read> bias:array<vec4f>;\n@group(0)@binding(4)var<storage,read> residual:array<vec4f>;\n@group(0)@binding(5)var<storage,read_write> y:array<vec4f>;\n\n\nfn weightAt(i:u32)-> vec4f{\nif(HALF){\nlet eight=weight[i/2u];\nlet four=select(eight.xy,eight.zw,i%2u==1u);\nreturn vec4f(unpack2x16float(four.x),unpack2x16float(four.y));\n}\nreturn bitcast<vec4f>(weight[i]);\n}\n\nfn finish(sum:vec4f,at:u32)-> vec4f{\nvar v=sum;\nif(params.residual==1u){v+=residual[at];}\nif(params.activation==0u){return v;}\nif(params.activation==1u){return select(0.2*v,v,v > vec4f());}\nif(params.activation==2u){return max(v,vec4f());}\nreturn clamp(v,vec4f(),vec4f(6.0));\n}\n\n\nfn origin(p:u32,pad:vec2i)-> vec3i{\nlet q=params.first+min(p,params.pixels - 1u);\nlet column=q%params.width;\nlet row=(q/params.width)%params.height;\nlet image=q/(params.width*params.height);\nreturn vec3i(vec2i(vec2u(row,column)*params.stride)- pad,i32(image*params.inHeight*params.inWidth));\n}\n\nfn inside(o:vec3i,tap:vec2i)-> bool{\nreturn all(vec2u(o.xy+tap)< vec2u(params.inHeight,params.inWidth));\n}\n\nfn offset(o:vec3i,tap:vec2i,matrix:u32)-> u32{\nlet at=clamp(o.xy+tap,vec2i(),vec2i(i32(params.inHeight),i32(params.inWidth))- 1);\nreturn(matrix*params.xStride+u32(o.z+at.x*i32(params.inWidth)+at.y))*params.inVectors;\n}\n\nfn store(p:u32,matrix:u32,vector:u32,sum:vec4f){\nif(p >=params.pixels||vector >=params.outVectors){return;}\nvar row=matrix*params.yStride+p;\nif(params.scale==2u){\nrow=((p/params.width)*2u+matrix/2u)*params.width*2u+(p%params.width)*2u+matrix%2u;\n}\nlet at=row*params.outVectors+vector;\ny[at]=finish(sum,at);\n}\n\n@compute @workgroup_size(8)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet blocks=(params.outVectors+3u)/4u;\nlet flat=id.x+id.y*groups.x*8u;\nlet co=(flat%blocks)*4u;\nlet first=(flat/blocks)*8u;\nif(first >=params.pixels){return;}\nlet matrix=id.z;\nvar pad=vec2i(i32(params.padTop),i32(params.padLeft));\nif(params.scale==2u){pad=1 - vec2i(vec2u(matrix/2u,matrix%2u));}\nlet taps=params.kernel*params.kernel;\nlet vectors=params.inVectors;\nlet out=params.outVectors;\nlet k0=min(co+0u,out - 1u);\nlet k1=min(co+1u,out - 1u);\nlet k2=min(co+2u,out - 1u);\nlet k3=min(co+3u,out - 1u);\nlet o0=origin(first+0u,pad);\nlet o1=origin(first+1u,pad);\nlet o2=origin(first+2u,pad);\nlet o3=origin(first+3u,pad);\nlet o4=origin(first+4u,pad);\nlet o5=origin(first+5u,pad);\nlet o6=origin(first+6u,pad);\nlet o7=origin(first+7u,pad);\nlet z0=select(vec4f(),bias[k0],params.biased==1u);\nlet z1=select(vec4f(),bias[k1],params.biased==1u);\nlet z2=select(vec4f(),bias[k2],params.biased==1u);\nlet z3=select(vec4f(),bias[k3],params.biased==1u);\nvar a0_0=z0;var a0_1=z1;var a0_2=z2;var a0_3=z3;\nvar a1_0=z0;var a1_1=z1;var a1_2=z2;var a1_3=z3;\nvar a2_0=z0;var a2_1=z1;var a2_2=z2;var a2_3=z3;\nvar a3_0=z0;var a3_1=z1;var a3_2=z2;var a3_3=z3;\nvar a4_0=z0;var a4_1=z1;var a4_2=z2;var a4_3=z3;\nvar a5_0=z0;var a5_1=z1;var a5_2=z2;var a5_3=z3;\nvar a6_0=z0;var a6_1=z1;var a6_2=z2;var a6_3=z3;\nvar a7_0=z0;var a7_1=z1;var a7_2=z2;var a7_3=z3;\nfor(var t=0u;t < taps;t++){\nlet tap=vec2i(vec2u(t/params.kernel,t%params.kernel)*params.dilation);\nlet start=(matrix*taps+t)*vectors*4u;\nlet v0=inside(o0,tap);let i0=offset(o0,tap,matrix);\nlet v1=inside(o1,tap);let i1=offset(o1,tap,matrix);\nlet v2=inside(o2,tap);let i2=offset(o2,tap,matrix);\nlet v3=inside(o3,tap);let i3=offset(o3,tap,matrix);\nlet v4=inside(o4,tap);let i4=offset(o4,tap,matrix);\nlet v5=inside(o5,tap);let i5=offset(o5,tap,matrix);\nlet v6=inside(o6,tap);let i6=offset(o6,tap,matrix);\nlet v7=inside(o7,tap);let i7=offset(o7,tap,matrix);\nfor(var c=0u;c < vectors;c++){\nlet r0=(start+c*4u)*out;let r1=r0+out;let r2=r1+out;let r3=r2+out;\nlet m0=mat4x4f(weightAt(r0+k0),weightAt(r1+k0),weightAt(r2+k0),weightAt(r3+k0));\nlet m1=mat4x4f(weightAt(r0+k1),weightAt(r1+k1),weightAt(r2+k1),weightAt(r3+k1));\nlet m2=mat4x4f(weightAt(r0+k2),weightAt(r1+k2),weightAt(r2+k2),weightAt(r3+k2));\nlet m3=mat4x4f(weightAt(r0+k3),weightAt(r1+k3),weightAt(r2+k3),weightAt(r3+k3));\nlet x0=select(vec4f(),x[i0+c],v0);\na0_0+=m0*x0;a0_1+=m1*x0;a0_2+=m2*x0;a0_3+=m3*x0;\nlet x1=select(vec4f(),x[i1+c],v1);\na1_0+=m0*x1;a1_1+=m1*x1;a1_2+=m2*x1;a1_3+=m3*x1;\nlet x2=select(vec4f(),x[i2+c],v2);\na2_0+=m0*x2;a2_1+=m1*x2;a2_2+=m2*x2;a2_3+=m3*x2;\nlet x3=select(vec4f(),x[i3+c],v3);\na3_0+=m0*x3;a3_1+=m1*x3;a3_2+=m2*x3;a3_3+=m3*x3;\nlet x4=select(vec4f(),x[i4+c],v4);\na4_0+=m0*x4;a4_1+=m1*x4;a4_2+=m2*x4;a4_3+=m3*x4;\nlet x5=select(vec4f(),x[i5+c],v5);\na5_0+=m0*x5;a5_1+=m1*x5;a5_2+=m2*x5;a5_3+=m3*x5;\nlet x6=select(vec4f(),x[i6+c],v6);\na6_0+=m0*x6;a6_1+=m1*x6;a6_2+=m2*x6;a6_3+=m3*x6;\nlet x7=select(vec4f(),x[i7+c],v7);\na7_0+=m0*x7;a7_1+=m1*x7;a7_2+=m2*x7;a7_3+=m3*x7;\n}\n}\n\nvar sums:array<vec4f,32>;\nsums[0]=a0_0;sums[1]=a0_1;sums[2]=a0_2;sums[3]=a0_3;\nsums[4]=a1_0;sums[5]=a1_1;sums[6]=a1_2;sums[7]=a1_3;\nsums[8]=a2_0;sums[9]=a2_1;sums[10]=a2_2;sums[11]=a2_3;\nsums[12]=a3_0;sums[13]=a3_1;sums[14]=a3_2;sums[15]=a3_3;\nsums[16]=a4_0;sums[17]=a4_1;sums[18]=a4_2;sums[19]=a4_3;\nsums[20]=a5_0;sums[21]=a5_1;sums[22]=a5_2;sums[23]=a5_3;\nsums[24]=a6_0;sums[25]=a6_1;sums[26]=a6_2;sums[27]=a6_3;\nsums[28]=a7_0;sums[29]=a7_1;sums[30]=a7_2;sums[31]=a7_3;\nfor(var i=0u;i < 32u;i++){store(first+i/4u,matrix,co+i%4u,sums[i]);}\n}\n"
    };
    conv_register_wgsl_default = kernel6;
  }
});

// src/kernels/conv-subgroup.wgsl.ts
var kernel7, conv_subgroup_wgsl_default;
var init_conv_subgroup_wgsl = __esm({
  "src/kernels/conv-subgroup.wgsl.ts"() {
    "use strict";
    kernel7 = {
      "name": "conv-subgroup",
      "params": {
        "first": "u32",
        "pixels": "u32",
        "height": "u32",
        "width": "u32",
        "inHeight": "u32",
        "inWidth": "u32",
        "inVectors": "u32",
        "outVectors": "u32",
        "kernel": "u32",
        "stride": "u32",
        "dilation": "u32",
        "padTop": "u32",
        "padLeft": "u32",
        "scale": "u32",
        "xStride": "u32",
        "yStride": "u32",
        "split": "u32",
        "biased": "u32",
        "residual": "u32",
        "activation": "u32"
      },
      "bindings": {
        "x": "read",
        "weight": "read",
        "bias": "read",
        "residual": "read",
        "y": "read_write"
      },
      "source": "\n\n\n\n\nconst LANES=4u;\nconst VECTORS=4u;\nconst POINT:bool=true;\nconst BARE:bool=true;\nconst HALF:bool=false;\n\nstruct Params{\nfirst:u32,\npixels:u32,\nheight:u32,width:u32,\ninHeight:u32,inWidth:u32,\ninVectors:u32,\noutVectors:u32,\nkernel:u32,stride:u32,dilation:u32,\npadTop:u32,padLeft:u32,\nscale:u32,\nxStride:u32,\nyStride:u32,\nsplit:u32,\nbiased:u32,\nresidual:u32,\nactivation:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read> weight:array<vec4u>;\n@group(0)@binding(3)var<storage,read> bias:array<vec4f>;\n@group(0)@binding(4)var<storage,read> residual:array<vec4f>;\n@group(0)@binding(5)var<storage,read_write> y:array<vec4f>;\n\n\nfn weightAt(i:u32)-> vec4f{\nif(HALF){\nlet eight=weight[i/2u];\nlet four=select(eight.xy,eight.zw,i%2u==1u);\nreturn vec4f(unpack2x16float(four.x),unpack2x16float(four.y));\n}\nreturn bitcast<vec4f>(weight[i]);\n}\n\nfn finish(sum:vec4f,at:u32)-> vec4f{\nvar v=sum;\nif(params.residual==1u){v+=residual[at];}\nif(params.activation==0u){return v;}\nif(params.activation==1u){return select(0.2*v,v,v > vec4f());}\nif(params.activation==2u){return max(v,vec4f());}\nreturn clamp(v,vec4f(),vec4f(6.0));\n}\n\n\nfn origin(p:u32,pad:vec2i)-> vec3i{\nlet q=params.first+min(p,params.pixels - 1u);\nif(POINT){return vec3i(0,0,i32(q));}\nlet column=q%params.width;\nlet row=(q/params.width)%params.height;\nlet image=q/(params.width*params.height);\nreturn vec3i(vec2i(vec2u(row,column)*params.stride)- pad,i32(image*params.inHeight*params.inWidth));\n}\n\nfn inside(o:vec3i,tap:vec2i)-> bool{\nreturn all(vec2u(o.xy+tap)< vec2u(params.inHeight,params.inWidth));\n}\n\nfn offset(o:vec3i,tap:vec2i,matrix:u32)-> u32{\nif(POINT){return(matrix*params.xStride+u32(o.z))*params.inVectors;}\nlet at=clamp(o.xy+tap,vec2i(),vec2i(i32(params.inHeight),i32(params.inWidth))- 1);\nreturn(matrix*params.xStride+u32(o.z+at.x*i32(params.inWidth)+at.y))*params.inVectors;\n}\n\nfn store(p:u32,matrix:u32,vector:u32,sum:vec4f){\nif(p >=params.pixels||vector >=params.outVectors){return;}\nvar row=matrix*params.yStride+p;\nif(params.scale==2u){\nrow=((p/params.width)*2u+matrix/2u)*params.width*2u+(p%params.width)*2u+matrix%2u;\n}\nlet at=row*params.outVectors+vector;\ny[at]=finish(sum,at);\n}\n\n\nfn storeBare(p:u32,matrix:u32,vector:u32,a:vec4f,b:vec4f,c:vec4f,d:vec4f){\nif(p < params.pixels){\nlet at=(matrix*params.yStride+p)*params.outVectors+vector;\ny[at]=a;\nif(VECTORS > 1u&&vector+1u < params.outVectors){y[at+1u]=b;}\nif(VECTORS > 2u&&vector+2u < params.outVectors){y[at+2u]=c;}\nif(VECTORS > 2u&&vector+3u < params.outVectors){y[at+3u]=d;}\n}\n}\n\n\nconst SHARE=LANES/4u;\n\n\n\nfn even(own:vec4f,paired:vec4f)-> mat4x4f{\nif(SHARE==1u){return whole(own);}\nreturn mat4x4f(\nsubgroupBroadcast(paired,0u),subgroupBroadcast(paired,2u),subgroupBroadcast(paired,4u),subgroupBroadcast(paired,6u),\n);\n}\nfn odd(own:vec4f,paired:vec4f)-> mat4x4f{\nif(SHARE==1u){return whole(own);}\nreturn mat4x4f(\nsubgroupBroadcast(paired,1u),subgroupBroadcast(paired,3u),subgroupBroadcast(paired,5u),subgroupBroadcast(paired,7u),\n);\n}\nfn whole(own:vec4f)-> mat4x4f{\nreturn mat4x4f(subgroupBroadcast(own,0u),subgroupBroadcast(own,1u),subgroupBroadcast(own,2u),subgroupBroadcast(own,3u));\n}\n\n@compute @workgroup_size(LANES)\nfn main(\n@builtin(subgroup_invocation_id)lane:u32,\n@builtin(workgroup_id)group:vec3u,\n@builtin(num_workgroups)groups:vec3u,\n){\nlet blocks=(params.outVectors+VECTORS - 1u)/VECTORS;\nlet flat=group.x+group.y*groups.x;\nlet co=(flat%blocks)*VECTORS;\nlet first=((flat/blocks)*LANES+lane)*4u;\nlet matrix=group.z;\nvar pad=vec2i(i32(params.padTop),i32(params.padLeft));\nif(params.scale==2u){pad=1 - vec2i(vec2u(matrix/2u,matrix%2u));}\nlet taps=select(params.kernel*params.kernel,1u,POINT);\nlet vectors=params.inVectors;\nlet out=params.outVectors;\nlet o0=origin(first+0u,pad);\nlet o1=origin(first+1u,pad);\nlet o2=origin(first+2u,pad);\nlet o3=origin(first+3u,pad);\nlet z0=select(vec4f(),bias[min(co+0u,out - 1u)],params.biased==1u);\nlet z1=select(vec4f(),bias[min(co+1u,out - 1u)],params.biased==1u);\nlet z2=select(vec4f(),bias[min(co+2u,out - 1u)],params.biased==1u);\nlet z3=select(vec4f(),bias[min(co+3u,out - 1u)],params.biased==1u);\nvar a0_0=z0;var a0_1=z1;var a0_2=z2;var a0_3=z3;\nvar a1_0=z0;var a1_1=z1;var a1_2=z2;var a1_3=z3;\nvar a2_0=z0;var a2_1=z1;var a2_2=z2;var a2_3=z3;\nvar a3_0=z0;var a3_1=z1;var a3_2=z2;var a3_3=z3;\n\nlet mine=(lane/SHARE)*out;\nlet w0=mine+min(co+0u*SHARE+lane%SHARE,out - 1u);\nlet w1=mine+min(co+1u*SHARE+lane%SHARE,out - 1u);\nlet w2=mine+min(co+2u*SHARE+lane%SHARE,out - 1u);\nlet w3=mine+min(co+3u*SHARE+lane%SHARE,out - 1u);\nfor(var t=0u;t < taps;t++){\nlet tap=vec2i(vec2u(t/params.kernel,t%params.kernel)*params.dilation);\nvar row=(matrix*taps+t)*vectors*4u*out;\nlet v0=POINT||inside(o0,tap);let i0=offset(o0,tap,matrix);\nlet v1=POINT||inside(o1,tap);let i1=offset(o1,tap,matrix);\nlet v2=POINT||inside(o2,tap);let i2=offset(o2,tap,matrix);\nlet v3=POINT||inside(o3,tap);let i3=offset(o3,tap,matrix);\nfor(var c=0u;c < vectors;c++){\nlet x0=select(vec4f(),x[i0+c],v0);\nlet x1=select(vec4f(),x[i1+c],v1);\nlet x2=select(vec4f(),x[i2+c],v2);\nlet x3=select(vec4f(),x[i3+c],v3);\nlet q0=weightAt(row+w0);\nvar q1=vec4f();var q2=vec4f();var q3=vec4f();\nif(VECTORS > 1u*SHARE){q1=weightAt(row+w1);}\nif(VECTORS > 2u*SHARE){q2=weightAt(row+w2);}\nif(VECTORS > 3u*SHARE){q3=weightAt(row+w3);}\nlet m0=even(q0,q0);\na0_0+=m0*x0;a1_0+=m0*x1;a2_0+=m0*x2;a3_0+=m0*x3;\nif(VECTORS > 1u){\nlet m1=odd(q1,q0);\na0_1+=m1*x0;a1_1+=m1*x1;a2_1+=m1*x2;a3_1+=m1*x3;\n}\nif(VECTORS > 2u){\nlet m2=even(q2,q1);\na0_2+=m2*x0;a1_2+=m2*x1;a2_2+=m2*x2;a3_2+=m2*x3;\nlet m3=odd(q3,q1);\na0_3+=m3*x0;a1_3+=m3*x1;a2_3+=m3*x2;a3_3+=m3*x3;\n}\nrow+=4u*out;\n}\n}\nif(BARE){\nstoreBare(first+0u,matrix,co,a0_0,a0_1,a0_2,a0_3);\nstoreBare(first+1u,matrix,co,a1_0,a1_1,a1_2,a1_3);\nstoreBare(first+2u,matrix,co,a2_0,a2_1,a2_2,a2_3);\nstoreBare(first+3u,matrix,co,a3_0,a3_1,a3_2,a3_3);\nreturn;\n}\n\nvar sums:array<vec4f,16>;\nsums[0]=a0_0;sums[1]=a1_0;sums[2]=a2_0;sums[3]=a3_0;\nsums[4]=a0_1;sums[5]=a1_1;sums[6]=a2_1;sums[7]=a3_1;\nsums[8]=a0_2;sums[9]=a1_2;sums[10]=a2_2;sums[11]=a3_2;\nsums[12]=a0_3;sums[13]=a1_3;sums[14]=a2_3;sums[15]=a3_3;\nfor(var i=0u;i < 4u*VECTORS;i++){store(first+i%4u,matrix,co+i/4u,sums[i]);}\n}\n"
    };
    conv_subgroup_wgsl_default = kernel7;
  }
});

// src/kernels/conv-tiled.wgsl.ts
var kernel8, conv_tiled_wgsl_default;
var init_conv_tiled_wgsl = __esm({
  "src/kernels/conv-tiled.wgsl.ts"() {
    "use strict";
    kernel8 = {
      "name": "conv-tiled",
      "params": {
        "first": "u32",
        "pixels": "u32",
        "height": "u32",
        "width": "u32",
        "inHeight": "u32",
        "inWidth": "u32",
        "inVectors": "u32",
        "outVectors": "u32",
        "kernel": "u32",
        "stride": "u32",
        "dilation": "u32",
        "padTop": "u32",
        "padLeft": "u32",
        "scale": "u32",
        "xStride": "u32",
        "yStride": "u32",
        "split": "u32",
        "biased": "u32",
        "residual": "u32",
        "activation": "u32"
      },
      "bindings": {
        "x": "read",
        "weight": "read",
        "bias": "read",
        "residual": "read",
        "y": "read_write"
      },
      "source": "\n\n\n\n\n\nconst PIXELS:u32=64;\nconst VECTORS:u32=16;\nconst HALF:bool=false;\n\nconst DEPTH:u32=4;\nconst GROUPS:u32=PIXELS/4;\nconst LANES:u32=PIXELS*VECTORS/16;\n\nstruct Params{\nfirst:u32,\npixels:u32,\nheight:u32,width:u32,\ninHeight:u32,inWidth:u32,\ninVectors:u32,\noutVectors:u32,\nkernel:u32,stride:u32,dilation:u32,\npadTop:u32,padLeft:u32,\nscale:u32,\nxStride:u32,\nyStride:u32,\nsplit:u32,\nbiased:u32,\nresidual:u32,\nactivation:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read> weight:array<vec4u>;\n@group(0)@binding(3)var<storage,read> bias:array<vec4f>;\n@group(0)@binding(4)var<storage,read> residual:array<vec4f>;\n@group(0)@binding(5)var<storage,read_write> y:array<vec4f>;\n\nvar<workgroup> inputs:array<vec4f,DEPTH*4*GROUPS>;\nvar<workgroup> weights:array<vec4f,DEPTH*4*VECTORS>;\n\n\nfn weightAt(i:u32)-> vec4f{\nif(HALF){\nlet eight=weight[i/2u];\nlet four=select(eight.xy,eight.zw,i%2u==1u);\nreturn vec4f(unpack2x16float(four.x),unpack2x16float(four.y));\n}\nreturn bitcast<vec4f>(weight[i]);\n}\n\nfn finish(sum:vec4f,at:u32)-> vec4f{\nvar v=sum;\nif(params.residual==1u){v+=residual[at];}\nif(params.activation==0u){return v;}\nif(params.activation==1u){return select(0.2*v,v,v > vec4f());}\nif(params.activation==2u){return max(v,vec4f());}\nreturn clamp(v,vec4f(),vec4f(6.0));\n}\n\n\n\nfn origin(p:u32,pad:vec2i)-> vec3i{\nif(p >=params.pixels){return vec3i(-(1 << 30));}\nlet q=params.first+p;\nlet column=q%params.width;\nlet row=(q/params.width)%params.height;\nlet image=q/(params.width*params.height);\nreturn vec3i(vec2i(vec2u(row,column)*params.stride)- pad,i32(image*params.inHeight*params.inWidth));\n}\n\n\nfn load(at:vec2i,image:i32,c:u32)-> vec4f{\nlet inside=all(at >=vec2i())&&at.x < i32(params.inHeight)&&at.y < i32(params.inWidth)&&c < params.inVectors;\nif(!inside){return vec4f();}\nreturn x[u32(image+at.x*i32(params.inWidth)+at.y)*params.inVectors+c];\n}\n\n@compute @workgroup_size(LANES)\nfn main(@builtin(workgroup_id)group:vec3u,@builtin(num_workgroups)groups:vec3u,\n@builtin(local_invocation_index)lane:u32){\nlet columns=(params.outVectors+VECTORS - 1u)/VECTORS;\nlet flat=group.x+group.y*groups.x;\nlet firstPixel=(flat/columns)*PIXELS;\nlet firstVector=(flat%columns)*VECTORS;\nlet matrix=group.z/params.split;\nlet part=group.z%params.split;\nlet phase=vec2u(matrix/2u,matrix%2u);\nlet scaled=params.scale==2u;\nlet pad=select(vec2i(i32(params.padTop),i32(params.padLeft)),1 - vec2i(phase),scaled);\nlet taps=params.kernel*params.kernel;\nlet blocks=(params.inVectors+DEPTH - 1u)/DEPTH;\nlet begin=taps*blocks*part/params.split;\nlet end=taps*blocks*(part+1u)/params.split;\n\n\n\nlet g=lane/DEPTH;\nlet d=lane%DEPTH;\nlet stages=g < GROUPS;\nlet offset=vec3i(0,0,i32(matrix*params.xStride));\nlet o0=origin(firstPixel+g*4u,pad)+offset;\nlet o1=origin(firstPixel+g*4u+1u,pad)+offset;\nlet o2=origin(firstPixel+g*4u+2u,pad)+offset;\nlet o3=origin(firstPixel+g*4u+3u,pad)+offset;\n\nlet px=lane/(VECTORS/2u)*2u;\nlet cv=lane%(VECTORS/2u);\n\nvar acc:array<vec4f,16>;\nvar t=begin/blocks;\nvar c=begin%blocks*DEPTH;\nfor(var step=begin;step < end;step++){\nif(stages){\nlet tap=vec2i(vec2u(t/params.kernel,t%params.kernel)*params.dilation);\nlet v0=load(o0.xy+tap,o0.z,c+d);\nlet v1=load(o1.xy+tap,o1.z,c+d);\nlet v2=load(o2.xy+tap,o2.z,c+d);\nlet v3=load(o3.xy+tap,o3.z,c+d);\nlet to=d*4u*GROUPS+(g^(d*2u));\ninputs[to]=vec4f(v0.x,v1.x,v2.x,v3.x);\ninputs[to+GROUPS]=vec4f(v0.y,v1.y,v2.y,v3.y);\ninputs[to+2u*GROUPS]=vec4f(v0.z,v1.z,v2.z,v3.z);\ninputs[to+3u*GROUPS]=vec4f(v0.w,v1.w,v2.w,v3.w);\n}\nfor(var i=lane;i < DEPTH*4u*VECTORS;i+=LANES){\nlet channel=c*4u+i/VECTORS;\nlet vector=firstVector+i%VECTORS;\nvar v=vec4f();\nif(channel < params.inVectors*4u&&vector < params.outVectors){\nv=weightAt(((matrix*taps+t)*params.inVectors*4u+channel)*params.outVectors+vector);\n}\nweights[i]=v;\n}\nworkgroupBarrier();\nfor(var k=0u;k < DEPTH*4u;k++){\nlet pixels=k*GROUPS+(px^(k/4u*2u));\nlet a=inputs[pixels];\nlet b=inputs[pixels+1u];\nlet lo=weights[k*VECTORS+cv];\nlet hi=weights[k*VECTORS+cv+VECTORS/2u];\nacc[0]+=a.x*lo;acc[1]+=a.x*hi;\nacc[2]+=a.y*lo;acc[3]+=a.y*hi;\nacc[4]+=a.z*lo;acc[5]+=a.z*hi;\nacc[6]+=a.w*lo;acc[7]+=a.w*hi;\nacc[8]+=b.x*lo;acc[9]+=b.x*hi;\nacc[10]+=b.y*lo;acc[11]+=b.y*hi;\nacc[12]+=b.z*lo;acc[13]+=b.z*hi;\nacc[14]+=b.w*lo;acc[15]+=b.w*hi;\n}\nworkgroupBarrier();\nc+=DEPTH;\nif(c >=params.inVectors){\nc=0u;\nt++;\n}\n}\n\nlet plane=select(group.z,part,scaled)*params.yStride;\nfor(var i=0u;i < 16u;i++){\nlet p=firstPixel+px*4u+i/2u;\nlet vector=firstVector+cv+i%2u*(VECTORS/2u);\nif(p < params.pixels&&vector < params.outVectors){\nvar row=p;\nif(scaled){\nrow=((p/params.width)*2u+phase.x)*params.width*2u+(p%params.width)*2u+phase.y;\n}\nlet at=(plane+row)*params.outVectors+vector;\nlet b=select(vec4f(),bias[vector],params.biased==1u);\ny[at]=finish(acc[i]+b,at);\n}\n}\n}\n"
    };
    conv_tiled_wgsl_default = kernel8;
  }
});

// src/kernels/product.ts
function tileStep(graph, tile, values, params, planes, flops) {
  const { kernel: kernel37, pixels, vectors, tiles, choices } = TILES[tile];
  const count2 = Math.ceil(params.pixels / pixels) * Math.ceil(params.outVectors / vectors);
  const [columns, rows] = fold(Math.ceil(count2 / tiles));
  graph.step(kernel37, values, params, [columns, rows, planes], {
    choices: { ...choices, ...kernel37 === conv_subgroup_wgsl_default ? simplest(params) : {}, HALF: graph.storage === "f16" },
    flops
  });
}
function simplest({ kernel: kernel37, stride, padTop, padLeft, scale, biased, residual, activation }) {
  const POINT = kernel37 === 1 && stride === 1 && padTop === 0 && padLeft === 0 && scale === 1;
  return { POINT, BARE: POINT && biased === 0 && residual === 0 && activation === 0 };
}
function product(graph, tile, { x, weight, y }, extents3, flops) {
  const { first = 0, rows, batch = 1, inVectors, outVectors } = extents3;
  const width = first + rows;
  const point = { kernel: 1, stride: 1, dilation: 1, padTop: 0, padLeft: 0, scale: 1, split: 1 };
  const map = { height: 1, width, inHeight: 1, inWidth: width, xStride: rows, yStride: rows };
  const bare = { biased: 0, residual: 0, activation: 0 };
  const params = { first, pixels: rows, inVectors, outVectors, ...point, ...map, ...bare };
  tileStep(graph, tile, { x, weight, bias: x, residual: x, y }, params, batch, flops);
}
var CHUNK_BYTES, chunk, TILES;
var init_product = __esm({
  "src/kernels/product.ts"() {
    "use strict";
    init_graph();
    init_conv_register_wgsl();
    init_conv_subgroup_wgsl();
    init_conv_tiled_wgsl();
    CHUNK_BYTES = 64 * 2 ** 20;
    chunk = (images, bytes2) => Math.max(1, Math.min(images, Math.floor(CHUNK_BYTES / bytes2)));
    TILES = {
      "8x16": { kernel: conv_register_wgsl_default, pixels: 8, vectors: 4, tiles: 8, choices: {} },
      "16x4": { kernel: conv_subgroup_wgsl_default, pixels: 16, vectors: 1, tiles: 1, choices: { LANES: 4, VECTORS: 1 } },
      "16x8": { kernel: conv_subgroup_wgsl_default, pixels: 16, vectors: 2, tiles: 1, choices: { LANES: 4, VECTORS: 2 } },
      "16x16": { kernel: conv_subgroup_wgsl_default, pixels: 16, vectors: 4, tiles: 1, choices: { LANES: 4, VECTORS: 4 } },
      "32x4": { kernel: conv_subgroup_wgsl_default, pixels: 32, vectors: 1, tiles: 1, choices: { LANES: 8, VECTORS: 1 } },
      "32x8": { kernel: conv_subgroup_wgsl_default, pixels: 32, vectors: 2, tiles: 1, choices: { LANES: 8, VECTORS: 2 } },
      "32x16": { kernel: conv_subgroup_wgsl_default, pixels: 32, vectors: 4, tiles: 1, choices: { LANES: 8, VECTORS: 4 } },
      "64x64": { kernel: conv_tiled_wgsl_default, pixels: 64, vectors: 16, tiles: 1, choices: { PIXELS: 64, VECTORS: 16 } },
      "128x64": { kernel: conv_tiled_wgsl_default, pixels: 128, vectors: 16, tiles: 1, choices: { PIXELS: 128, VECTORS: 16 } },
      "128x128": { kernel: conv_tiled_wgsl_default, pixels: 128, vectors: 32, tiles: 1, choices: { PIXELS: 128, VECTORS: 32 } }
    };
  }
});

// src/kernels/taps.wgsl.ts
var kernel9, taps_wgsl_default;
var init_taps_wgsl = __esm({
  "src/kernels/taps.wgsl.ts"() {
    "use strict";
    kernel9 = {
      "name": "taps",
      "params": {
        "height": "u32",
        "width": "u32",
        "vectors": "u32",
        "first": "u32",
        "total": "u32"
      },
      "bindings": {
        "t": "read",
        "bias": "read",
        "y": "read_write"
      },
      "source": "\n\n\nconst ACTIVATION:u32=0;\n\nstruct Params{\nheight:u32,width:u32,vectors:u32,\nfirst:u32,\ntotal:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> t:array<vec4f>;\n@group(0)@binding(2)var<storage,read> bias:array<vec4f>;\n@group(0)@binding(3)var<storage,read_write> y:array<vec4f>;\n\nfn finish(sum:vec4f)-> vec4f{\nif(ACTIVATION==1u){return select(0.2*sum,sum,sum > vec4f());}\nif(ACTIVATION==2u){return max(sum,vec4f());}\nif(ACTIVATION==3u){return clamp(sum,vec4f(),vec4f(6.0));}\nreturn sum;\n}\n\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet v=params.vectors;\nlet c=at%v;\nlet pixel=at/v;\nlet column=pixel%params.width;\nlet row=(pixel/params.width)%params.height;\nlet image=params.first+pixel/(params.width*params.height);\nlet up=row > 0u;\nlet down=row+1u < params.height;\nlet left=column > 0u;\nlet right=column+1u < params.width;\n\nlet step=9u*v;\nlet here=pixel*step+c;\nlet n=select(here,here - params.width*step,up);\nlet s=select(here,here+params.width*step,down);\nlet w=select(here,here - step,left);\nlet e=select(here,here+step,right);\nlet nw=select(here,n - step,up&&left);\nlet ne=select(here,n+step,up&&right);\nlet sw=select(here,s - step,down&&left);\nlet se=select(here,s+step,down&&right);\nlet zero=vec4f();\nlet here0=t[here];\nlet n0=select(zero,t[n],up);\nlet nw0=select(zero,t[nw],up&&left);\nlet w0=select(zero,t[w],left);\nlet here1=t[here+1u*v];\nlet n1=select(zero,t[n+1u*v],up);\nlet e2=select(zero,t[e+2u*v],right);\nlet here2=t[here+2u*v];\nlet n2=select(zero,t[n+2u*v],up);\nlet ne2=select(zero,t[ne+2u*v],up&&right);\nlet here3=t[here+3u*v];\nlet w3=select(zero,t[w+3u*v],left);\nlet here4=t[here+4u*v];\nlet e5=select(zero,t[e+5u*v],right);\nlet here5=t[here+5u*v];\nlet here6=t[here+6u*v];\nlet s6=select(zero,t[s+6u*v],down);\nlet sw6=select(zero,t[sw+6u*v],down&&left);\nlet w6=select(zero,t[w+6u*v],left);\nlet here7=t[here+7u*v];\nlet s7=select(zero,t[s+7u*v],down);\nlet e8=select(zero,t[e+8u*v],right);\nlet here8=t[here+8u*v];\nlet s8=select(zero,t[s+8u*v],down);\nlet se8=select(zero,t[se+8u*v],down&&right);\nlet b=bias[c];\nlet first=(image*params.height*2u+row*2u)*params.width*2u+column*2u;\nlet second=first+params.width*2u;\ny[first*v+c]=finish(nw0+n1+n2+(w3+here4+here5)+(w6+here7+here8)+b);\ny[(first+1u)*v+c]=finish(n0+n1+ne2+(here3+here4+e5)+(here6+here7+e8)+b);\ny[second*v+c]=finish(w0+here1+here2+(w3+here4+here5)+(sw6+s7+s8)+b);\ny[(second+1u)*v+c]=finish(here0+here1+e2+(here3+here4+e5)+(s6+s7+se8)+b);\n}\n"
    };
    taps_wgsl_default = kernel9;
  }
});

// src/kernels/ways.ts
function waysOf({ target, storage }, shape) {
  const ways = /* @__PURE__ */ new Map();
  for (const algorithm of algorithmsOf(target, shape)) {
    if (algorithm === "winograd4" && storage === "f16") continue;
    for (const tile of tilesOf(target, shape, algorithm)) {
      const split = target === "gpu" && algorithm === "direct" ? splitOf(shape, tile) : 1;
      for (const parts of /* @__PURE__ */ new Set([split, 1])) {
        ways.set(`${algorithm} ${tile}${parts > 1 ? ` /${parts}` : ""}`, { algorithm, tile, split: parts });
      }
    }
  }
  return ways;
}
function algorithmsOf(target, shape) {
  const { height, width, inChannels, outChannels, kernel: kernel37, stride, dilation, pad, upsample, residual } = shape;
  if (upsample) {
    const suits = !residual && inChannels >= TAPS_CHANNELS && tapsBytes(shape) <= CHUNK_BYTES;
    return suits ? ["taps", "direct"] : ["direct"];
  }
  const simple = kernel37 === 3 && stride === 1 && dilation === 1 && (pad === 1 || pad === "same");
  if (!simple || Math.min(inChannels, outChannels) < WINOGRAD_CHANNELS) return ["direct"];
  const fit = ["winograd4", "winograd2"].filter(
    (name) => winogradBytes(shape, name === "winograd4" ? 4 : 2) <= CHUNK_BYTES
  );
  const byExtent = Math.min(height, width) >= (target === "gpu" ? 20 : 16) ? fit : fit.toReversed();
  return target === "gpu" && height * width < 256 ? ["direct", ...byExtent] : [...byExtent, "direct"];
}
function productsOf(shape, algorithm) {
  const { height, width, outHeight, outWidth, inChannels, outChannels, kernel: kernel37, upsample } = shape;
  const [depth, columns] = [inChannels, Math.ceil(outChannels / 4)];
  if (algorithm === "taps") return { rows: height * width, columns: 9 * columns, count: 1, depth };
  if (algorithm === "direct") {
    return upsample ? { rows: height * width, columns, count: 4, depth: 4 * depth } : { rows: outHeight * outWidth, columns, count: 1, depth: kernel37 ** 2 * depth };
  }
  const outputs = algorithm === "winograd4" ? 4 : 2;
  const rows = Math.ceil(height / outputs) * Math.ceil(width / outputs);
  return { rows, columns, count: (outputs + 2) ** 2, depth };
}
function tilesOf(target, shape, algorithm) {
  const { rows, columns, count: count2 } = productsOf(shape, algorithm);
  if (target === "software") return ["8x16"];
  const narrow2 = (tiles) => tiles.slice(columns > 2 ? 0 : columns > 1 ? 1 : 2);
  if (target === "software4") return narrow2(["16x16", "16x8", "16x4"]);
  if (target === "software8") return narrow2(["32x16", "32x8", "32x4"]);
  const groups = (tile) => Math.ceil(rows / TILES[tile].pixels) * Math.ceil(columns / TILES[tile].vectors) * count2;
  const larger = ["128x128", "128x64"].filter(
    (tile) => rows >= TILES[tile].pixels && columns >= TILES[tile].vectors
  );
  const filling = larger.filter((tile) => groups(tile) >= FULL);
  return [.../* @__PURE__ */ new Set([...filling, "64x64", ...larger])];
}
function splitOf(shape, tile) {
  const { rows, columns, count: count2, depth } = productsOf(shape, "direct");
  if (shape.outHeight * shape.outWidth > 256) return 1;
  const groups = Math.ceil(rows / TILES[tile].pixels) * Math.ceil(columns / TILES[tile].vectors) * count2;
  return Math.max(1, 2 ** Math.floor(Math.log2(Math.min(FULL / groups, depth / 64))));
}
var nameOf, WINOGRAD_CHANNELS, TAPS_CHANNELS, FULL, winogradBytes, tapsBytes;
var init_ways = __esm({
  "src/kernels/ways.ts"() {
    "use strict";
    init_graph();
    init_product();
    nameOf = (shape, storage) => {
      const { height, width, inChannels, outChannels, kernel: kernel37, stride, dilation, pad, upsample, residual } = shape;
      const window = `${kernel37}x${kernel37}/${stride}*${dilation}+${pad}`;
      const kind = `${upsample ? " up" : ""}${residual ? " residual" : ""}${storage === "f16" ? " f16" : ""}`;
      return `conv ${height}x${width}x${inChannels}>${outChannels} ${window}${kind}`;
    };
    WINOGRAD_CHANNELS = 16;
    TAPS_CHANNELS = 32;
    FULL = 128;
    winogradBytes = ({ height, width, inChannels, outChannels }, outputs) => 4 * (outputs + 2) ** 2 * Math.ceil(height / outputs) * Math.ceil(width / outputs) * padded(Math.max(inChannels, outChannels));
    tapsBytes = ({ height, width, outChannels }) => 4 * 9 * height * width * padded(outChannels);
  }
});

// src/kernels/taps.ts
function taps(graph, { x, y, bias }, filter, { tile }, shape, activation) {
  const { height, width, inChannels, outChannels } = shape;
  const { label } = filter;
  const [n = 1] = x.shape;
  const rows = padded(inChannels);
  const vectors = padded(outChannels) / 4;
  const weight = graph.weights(
    `${label}.weight.taps`,
    [rows, 9, 4 * vectors],
    [...filter.weight.sources, ...filter.scale.sources],
    packed(filter, packColumns)
  );
  const images = chunk(n, tapsBytes(shape));
  for (let first = 0; first < n; first += images) {
    const pixels = Math.min(images, n - first) * height * width;
    const t = graph.value(`${label}.taps`, [pixels, 9, 4 * vectors]);
    product(
      graph,
      tile,
      { x, weight, y: t },
      { first: first * height * width, rows: pixels, inVectors: rows / 4, outVectors: 9 * vectors },
      2 * 9 * pixels * inChannels * outChannels
    );
    const total = pixels * vectors;
    graph.step(taps_wgsl_default, { t, bias, y }, { height, width, vectors, first, total }, lanes(total), {
      choices: { ACTIVATION: ACTIVATIONS[activation] }
    });
  }
}
var init_taps = __esm({
  "src/kernels/taps.ts"() {
    "use strict";
    init_graph();
    init_activation();
    init_filter();
    init_pointwise();
    init_product();
    init_taps_wgsl();
    init_ways();
  }
});

// src/kernels/winograd-input.wgsl.ts
var kernel10, winograd_input_wgsl_default;
var init_winograd_input_wgsl = __esm({
  "src/kernels/winograd-input.wgsl.ts"() {
    "use strict";
    kernel10 = {
      "name": "winograd-input",
      "params": {
        "height": "u32",
        "width": "u32",
        "vectors": "u32",
        "tileRows": "u32",
        "tileColumns": "u32",
        "tiles": "u32",
        "first": "u32",
        "total": "u32"
      },
      "bindings": {
        "x": "read",
        "y": "read_write"
      },
      "source": "\n\n\nconst OUTPUTS:u32=2;\n\nstruct Params{\nheight:u32,width:u32,vectors:u32,tileRows:u32,tileColumns:u32,tiles:u32,\nfirst:u32,\ntotal:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read_write> y:array<vec4f>;\n\n\nfn transform(d:array<vec4f,6>)-> array<vec4f,6> {\nif(OUTPUTS==2u){return array(d[0] - d[2],d[1]+d[2],d[2] - d[1],d[1] - d[3],vec4f(),vec4f());}\nlet even=d[4] - 2.0*d[2];\nlet odd=1.4142135623730951*d[1] - 0.7071067811865476*d[3];\nlet even2=d[4] - 0.5*d[2];\nlet odd2=0.7071067811865476*d[1] - 1.4142135623730951*d[3];\nreturn array(d[0] - 2.5*d[2]+d[4],even - odd,even+odd,even2 - odd2,even2+odd2,d[1] - 2.5*d[3]+d[5]);\n}\n\n\nfn load(image:u32,row:i32,column:i32,c:u32)-> vec4f{\nlet inside=row >=0&&column >=0&&row < i32(params.height)&&column < i32(params.width);\nlet r=u32(clamp(row,0,i32(params.height)- 1));\nlet q=u32(clamp(column,0,i32(params.width)- 1));\nreturn select(vec4f(),x[((image*params.height+r)*params.width+q)*params.vectors+c],inside);\n}\n\n\nfn line(image:u32,row:i32,q:i32,c:u32)-> array<vec4f,6> {\nvar d=array(load(image,row,q,c),load(image,row,q+1,c),load(image,row,q+2,c),load(image,row,q+3,c),vec4f(),vec4f());\nif(OUTPUTS==4u){\nd[4]=load(image,row,q+4,c);\nd[5]=load(image,row,q+5,c);\n}\nreturn transform(d);\n}\n\n\nfn store(at:u32,q:u32,d:array<vec4f,6>){\nlet e=transform(d);\nlet size=OUTPUTS+2u;\nlet stride=params.tiles*params.vectors;\ny[q*stride+at]=e[0];\ny[(size+q)*stride+at]=e[1];\ny[(2u*size+q)*stride+at]=e[2];\ny[(3u*size+q)*stride+at]=e[3];\nif(OUTPUTS==4u){\ny[(4u*size+q)*stride+at]=e[4];\ny[(5u*size+q)*stride+at]=e[5];\n}\n}\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet c=at%params.vectors;\nlet tile=at/params.vectors;\nlet column=i32((tile%params.tileColumns)*OUTPUTS)- 1;\nlet row=i32(((tile/params.tileColumns)%params.tileRows)*OUTPUTS)- 1;\nlet image=params.first+tile/(params.tileColumns*params.tileRows);\nlet a=line(image,row,column,c);\nlet b=line(image,row+1,column,c);\nlet e=line(image,row+2,column,c);\nlet f=line(image,row+3,column,c);\nvar g=array<vec4f,6>();\nvar h=array<vec4f,6>();\nif(OUTPUTS==4u){\ng=line(image,row+4,column,c);\nh=line(image,row+5,column,c);\n}\nstore(at,0u,array(a[0],b[0],e[0],f[0],g[0],h[0]));\nstore(at,1u,array(a[1],b[1],e[1],f[1],g[1],h[1]));\nstore(at,2u,array(a[2],b[2],e[2],f[2],g[2],h[2]));\nstore(at,3u,array(a[3],b[3],e[3],f[3],g[3],h[3]));\nif(OUTPUTS==4u){\nstore(at,4u,array(a[4],b[4],e[4],f[4],g[4],h[4]));\nstore(at,5u,array(a[5],b[5],e[5],f[5],g[5],h[5]));\n}\n}\n"
    };
    winograd_input_wgsl_default = kernel10;
  }
});

// src/kernels/winograd-output.wgsl.ts
var kernel11, winograd_output_wgsl_default;
var init_winograd_output_wgsl = __esm({
  "src/kernels/winograd-output.wgsl.ts"() {
    "use strict";
    kernel11 = {
      "name": "winograd-output",
      "params": {
        "height": "u32",
        "width": "u32",
        "vectors": "u32",
        "tileRows": "u32",
        "tileColumns": "u32",
        "tiles": "u32",
        "first": "u32",
        "total": "u32"
      },
      "bindings": {
        "m": "read",
        "bias": "read",
        "residual": "read",
        "y": "read_write"
      },
      "source": "\n\nconst OUTPUTS:u32=2;\nconst ACTIVATION:u32=0;\nconst RESIDUAL:bool=false;\n\nstruct Params{\nheight:u32,width:u32,vectors:u32,tileRows:u32,tileColumns:u32,tiles:u32,\nfirst:u32,\ntotal:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> m:array<vec4f>;\n@group(0)@binding(2)var<storage,read> bias:array<vec4f>;\n@group(0)@binding(3)var<storage,read> residual:array<vec4f>;\n@group(0)@binding(4)var<storage,read_write> y:array<vec4f>;\n\n\nfn transform(m:array<vec4f,6>)-> array<vec4f,4> {\nlet sum=m[1]+m[2];\nlet difference=m[1] - m[2];\nif(OUTPUTS==2u){return array(m[0]+sum,difference - m[3],vec4f(),vec4f());}\nlet sum2=m[3]+m[4];\nlet difference2=m[3] - m[4];\nreturn array(\nm[0]+sum+sum2,\n0.7071067811865476*difference+1.4142135623730951*difference2,\n0.5*sum+2.0*sum2,\n0.3535533905932738*difference+2.8284271247461903*difference2+m[5],\n);\n}\n\n\nfn column(at:u32,q:u32)-> array<vec4f,4> {\nlet size=OUTPUTS+2u;\nlet stride=params.tiles*params.vectors;\nvar d=array(m[q*stride+at],m[(size+q)*stride+at],m[(2u*size+q)*stride+at],m[(3u*size+q)*stride+at],vec4f(),vec4f());\nif(OUTPUTS==4u){\nd[4]=m[(4u*size+q)*stride+at];\nd[5]=m[(5u*size+q)*stride+at];\n}\nreturn transform(d);\n}\n\nfn store(image:u32,row:u32,column:u32,c:u32,sum:vec4f){\nif(row >=params.height||column >=params.width){return;}\nlet at=((image*params.height+row)*params.width+column)*params.vectors+c;\nvar v=sum+bias[c];\nif(RESIDUAL){v+=residual[at];}\nif(ACTIVATION==1u){v=select(0.2*v,v,v > vec4f());}\nif(ACTIVATION==2u){v=max(v,vec4f());}\nif(ACTIVATION==3u){v=clamp(v,vec4f(),vec4f(6.0));}\ny[at]=v;\n}\n\n\nfn line(image:u32,row:u32,column:u32,c:u32,d:array<vec4f,6>){\nlet e=transform(d);\nstore(image,row,column,c,e[0]);\nstore(image,row,column+1u,c,e[1]);\nif(OUTPUTS==4u){\nstore(image,row,column+2u,c,e[2]);\nstore(image,row,column+3u,c,e[3]);\n}\n}\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet c=at%params.vectors;\nlet tile=at/params.vectors;\nlet q=(tile%params.tileColumns)*OUTPUTS;\nlet row=((tile/params.tileColumns)%params.tileRows)*OUTPUTS;\nlet image=params.first+tile/(params.tileColumns*params.tileRows);\nlet a=column(at,0u);\nlet b=column(at,1u);\nlet e=column(at,2u);\nlet f=column(at,3u);\nvar g=array<vec4f,4>();\nvar h=array<vec4f,4>();\nif(OUTPUTS==4u){\ng=column(at,4u);\nh=column(at,5u);\n}\nline(image,row,q,c,array(a[0],b[0],e[0],f[0],g[0],h[0]));\nline(image,row+1u,q,c,array(a[1],b[1],e[1],f[1],g[1],h[1]));\nif(OUTPUTS==4u){\nline(image,row+2u,q,c,array(a[2],b[2],e[2],f[2],g[2],h[2]));\nline(image,row+3u,q,c,array(a[3],b[3],e[3],f[3],g[3],h[3]));\n}\n}\n"
    };
    winograd_output_wgsl_default = kernel11;
  }
});

// src/kernels/winograd.ts
function winograd(graph, { x, y, bias, residual }, filter, { algorithm, tile }, shape, activation) {
  const { height, width, inChannels, outChannels } = shape;
  const outputs = algorithm === "winograd4" ? 4 : 2;
  const batch = (outputs + 2) ** 2;
  const [n = 1] = x.shape;
  const [rows, columns] = [padded(inChannels), padded(outChannels)];
  const weight = graph.weights(
    `${filter.label}.weight.${algorithm}`,
    [batch, rows, columns],
    [...filter.weight.sources, ...filter.scale.sources],
    packed(filter, packWinograd(outputs))
  );
  const [tileRows, tileColumns] = [Math.ceil(height / outputs), Math.ceil(width / outputs)];
  const images = chunk(n, winogradBytes(shape, outputs));
  for (let first = 0; first < n; first += images) {
    const tiles = Math.min(images, n - first) * tileRows * tileColumns;
    const extents3 = { height, width, tileRows, tileColumns, tiles, first };
    const choices = { OUTPUTS: outputs };
    const d = graph.value(`${filter.label}.tiles`, [batch, tiles, rows]);
    const m = graph.value(`${filter.label}.products`, [batch, tiles, columns]);
    const inputs = tiles * rows / 4;
    graph.step(winograd_input_wgsl_default, { x, y: d }, { ...extents3, vectors: rows / 4, total: inputs }, lanes(inputs), { choices });
    product(
      graph,
      tile,
      { x: d, weight, y: m },
      { rows: tiles, batch, inVectors: rows / 4, outVectors: columns / 4 },
      2 * batch * tiles * inChannels * outChannels
    );
    const total = tiles * columns / 4;
    graph.step(
      winograd_output_wgsl_default,
      { m, bias, residual: residual ?? bias, y },
      { ...extents3, vectors: columns / 4, total },
      lanes(total),
      { choices: { ...choices, ACTIVATION: ACTIVATIONS[activation], RESIDUAL: residual !== void 0 } }
    );
  }
}
var init_winograd = __esm({
  "src/kernels/winograd.ts"() {
    "use strict";
    init_graph();
    init_activation();
    init_filter();
    init_pointwise();
    init_product();
    init_ways();
    init_winograd_input_wgsl();
    init_winograd_output_wgsl();
  }
});

// src/kernels/conv.ts
function span2(extent, kernel37, { stride = 1, dilation = 1, pad = 0 }) {
  const reach = (kernel37 - 1) * dilation + 1;
  if (pad !== "same") return { out: Math.floor((extent + 2 * pad - reach) / stride) + 1, before: pad };
  const out = Math.ceil(extent / stride);
  return { out, before: Math.floor(Math.max(0, (out - 1) * stride + reach - extent) / 2) };
}
function conv(graph, x, filter, options = {}) {
  const { stride = 1, dilation = 1, pad = 0, upsample = false, activation = "none", residual } = options;
  const { label, kernel: kernel37, inChannels, outChannels } = filter;
  const [n = 0, height = 0, width = 0, stored = 0] = x.shape;
  if (x.channels !== inChannels || stored !== padded(inChannels)) {
    throw new ShapeError(`"${label}" takes ${inChannels} channels, but "${x.label}" is [${x.shape}].`);
  }
  if (upsample && (kernel37 !== 3 || pad !== 1 || stride !== 1 || dilation !== 1)) {
    throw new ShapeError(`"${label}": only a 3\xD73 convolution with padding 1 can follow an upsampling.`);
  }
  const vertical = span2(height, kernel37, options);
  const horizontal = span2(width, kernel37, options);
  const outHeight = upsample ? 2 * height : vertical.out;
  const outWidth = upsample ? 2 * width : horizontal.out;
  const y = graph.map(label, n, outHeight, outWidth, outChannels);
  if (residual && residual.shape.join() !== y.shape.join()) {
    throw new ShapeError(
      `"${label}" makes [${y.shape}], to which "${residual.label}" [${residual.shape}] cannot be added.`
    );
  }
  const shape = {
    height,
    width,
    outHeight,
    outWidth,
    inChannels,
    outChannels,
    kernel: kernel37,
    stride,
    dilation,
    pad,
    upsample,
    residual: residual !== void 0
  };
  const way = graph.choose(nameOf(shape, graph.storage), waysOf(graph, shape), (other, images) => {
    const map = other.map("x", images, height, width, inChannels);
    const addend = residual && { residual: other.map("residual", images, outHeight, outWidth, outChannels) };
    conv(other, map, filter, { ...options, ...addend });
  });
  const values = { x, y, bias: biasOf(graph, filter), residual };
  if (way.algorithm === "direct") {
    direct(graph, values, filter, way, { ...shape, padTop: vertical.before, padLeft: horizontal.before, activation });
  } else if (way.algorithm === "taps") taps(graph, values, filter, way, shape, activation);
  else winograd(graph, values, filter, way, shape, activation);
  graph.record(CONV, [x, residual], y, { filter, options });
  return y;
}
function direct(graph, { x, y, bias, residual }, filter, { tile, split }, shape) {
  const { height, width, outHeight, outWidth, inChannels, outChannels, stride, dilation, upsample } = shape;
  const { label } = filter;
  const [n = 1] = x.shape;
  const kernel37 = upsample ? 2 : filter.kernel;
  const phases = upsample ? 4 : 1;
  const weight = graph.weights(
    `${label}.weight${upsample ? ".phases" : ""}`,
    [phases, kernel37 * kernel37, padded(inChannels), padded(outChannels)],
    [...filter.weight.sources, ...filter.scale.sources],
    packed(filter, upsample ? packPhases : packTaps)
  );
  const outVectors = padded(outChannels) / 4;
  const walked = upsample ? { height, width } : { height: outHeight, width: outWidth };
  const flags = { residual: residual ? 1 : 0, activation: ACTIVATIONS[shape.activation] };
  const images = split > 1 ? chunk(n, split * bytesOf(y) / n) : n;
  for (let first = 0; first < n; first += images) {
    const count2 = Math.min(images, n - first);
    const pixels = count2 * walked.height * walked.width;
    const outputs = count2 * outHeight * outWidth;
    const to = split > 1 ? graph.value(`${label}.parts`, [split, outputs, 4 * outVectors]) : y;
    tileStep(
      graph,
      tile,
      { x, weight, bias, residual: residual ?? bias, y: to },
      {
        first: first * walked.height * walked.width,
        pixels,
        ...walked,
        inHeight: height,
        inWidth: width,
        inVectors: padded(inChannels) / 4,
        outVectors,
        kernel: kernel37,
        stride,
        dilation,
        padTop: shape.padTop,
        padLeft: shape.padLeft,
        scale: upsample ? 2 : 1,
        xStride: 0,
        yStride: outputs,
        split,
        ...split > 1 ? { biased: 0, residual: 0, activation: 0 } : { biased: 1, ...flags }
      },
      phases * split,
      2 * pixels * phases * kernel37 * kernel37 * inChannels * outChannels
    );
    if (split === 1) continue;
    const total = outputs * outVectors;
    const from = first * elements(y.shape) / n / 4;
    graph.step(
      conv_sum_wgsl_default,
      { parts: to, bias, residual: residual ?? bias, y },
      { split, vectors: outVectors, first: from, total, ...flags },
      lanes(total)
    );
  }
}
var CONV, biasOf;
var init_conv = __esm({
  "src/kernels/conv.ts"() {
    "use strict";
    init_errors();
    init_graph();
    init_activation();
    init_conv_sum_wgsl();
    init_filter();
    init_pointwise();
    init_product();
    init_taps();
    init_ways();
    init_winograd();
    CONV = { name: "conv" };
    biasOf = (graph, { label, outChannels, bias }) => graph.parameter(`${label}.bias`, [padded(outChannels)], bias.sources, (sources) => {
      const values = new Float32Array(padded(outChannels));
      values.set(bias.of(sources));
      return values;
    });
  }
});

// src/models/state.ts
function checkShapes(what, state, expected, ignored = () => false) {
  const missing = [];
  const wrong = [];
  for (const [key2, shape] of expected) {
    const found2 = state.get(key2)?.shape;
    if (!found2) missing.push(key2);
    else if (found2.join() !== shape.join()) wrong.push(`${key2} is [${found2}], not [${shape}]`);
  }
  const unexpected = [...state.keys()].filter((key2) => !expected.has(key2) && !ignored(key2));
  if (missing.length + wrong.length + unexpected.length === 0) return;
  const list2 = (title, items) => items.length === 0 ? [] : [`${title}: ${items.slice(0, 8).join(", ")}${items.length > 8 ? ` and ${items.length - 8} more` : ""}.`];
  throw new WeightsError(
    "weights-shape",
    [
      `These are not the weights of ${what}.`,
      ...list2("Missing", missing),
      ...list2("Mis-shaped", wrong),
      ...list2("Unexpected", unexpected)
    ].join(" "),
    "Check that the file belongs to this kind of network and is complete."
  );
}
function halves(value, numbers2) {
  const words = new Uint32Array(elements(value.shape));
  const bits = encodeFloat16(numbers2);
  const tooLarge = bits.findIndex((half) => (half & 31744) === 31744);
  if (tooLarge >= 0) {
    throw new WeightsError(
      "weights-shape",
      `${numbers2[tooLarge]} in "${value.label}" is not a float16 number.`,
      "Load this network with float32 storage."
    );
  }
  new Uint16Array(words.buffer).set(bits);
  return words;
}
var Weights;
var init_state = __esm({
  "src/models/state.ts"() {
    "use strict";
    init_errors();
    init_graph();
    init_tensor();
    init_float16();
    Weights = class {
      #device;
      #state;
      #tensors = /* @__PURE__ */ new Map();
      #disposed = false;
      #turn = Promise.resolve();
      constructor(device, state) {
        this.#device = device;
        this.#state = state;
      }
      /**
       * Uploads what the graph learned of this network (what these weights own, and what nobody does) and is not yet here, one tensor
       * at a time, and says which tensor is which value.
       */
      async bind(graph, options = {}) {
        const turn = this.#turn.then(() => this.#bind(graph, options));
        this.#turn = turn.catch(() => {
        });
        return turn;
      }
      async #bind(graph, { signal }) {
        if (this.#disposed) throw new UsageError("This network was disposed.", "Load it again.");
        const bound = /* @__PURE__ */ new Map();
        const parameters = graph.parameters.filter(({ owner }) => owner === void 0 || owner === this);
        const wanted = /* @__PURE__ */ new Map();
        for (const { value, sources } of parameters) {
          if (!this.#tensors.has(value.label)) for (const key2 of sources) wanted.set(key2, (wanted.get(key2) ?? 0) + 1);
        }
        const held = /* @__PURE__ */ new Map();
        const take = async (key2) => {
          const left = wanted.get(key2) - 1;
          wanted.set(key2, left);
          const tensor = this.#state.get(key2);
          if (!tensor) throw new WeightsError("weights-shape", `"${key2}" is missing.`, "Check that the file is complete.");
          const array = held.get(key2) ?? await tensor.read({ signal });
          if (left > 0) held.set(key2, array);
          else held.delete(key2);
          return array;
        };
        for (const { value, sources, pack, half } of parameters) {
          let tensor = this.#tensors.get(value.label);
          if (!tensor) {
            signal?.throwIfAborted();
            const arrays = [];
            for (const key2 of sources) arrays.push(await take(key2));
            const packed2 = pack(arrays);
            const data = half ? halves(value, packed2) : packed2;
            tensor = await this.#device.allocating(`"${value.label}"`, () => {
              const created = Tensor.from(this.#device, value.label, value.shape, value.dtype, data);
              this.#tensors.set(value.label, created);
              return created;
            });
          }
          bound.set(value, tensor);
        }
        return bound;
      }
      /** Bytes on the device. */
      get bytes() {
        return [...this.#tensors.values()].reduce((sum, tensor) => sum + tensor.bytes, 0);
      }
      dispose() {
        this.#disposed = true;
        for (const tensor of this.#tensors.values()) tensor.dispose();
        this.#tensors.clear();
      }
    };
  }
});

// src/models/labels.ts
function semanticLabels(file, head, channels) {
  const { imageformat, categories, labels: entries } = file ?? {};
  if (!isCategories(categories)) throw new LabelsError('The label file has no list of "categories" with names.', FIX);
  if (!isEntries(entries)) throw new LabelsError('The label file has no list of "labels" with name and category.', FIX);
  if (entries.length !== channels) {
    throw new LabelsError(
      `The label file names ${entries.length} labels, but the network has ${channels} channels.`,
      FIX
    );
  }
  const labels = [{ name: "-", category: categories[0].name }];
  const ids = /* @__PURE__ */ new Map([[key("-", categories[0].name), 0]]);
  const names = entries.map(({ name, category, internal }) => {
    if (!categories.some((known) => known.name === category)) {
      throw new LabelsError(`The label "${name}" has the category "${category}", which the file does not list.`, FIX);
    }
    if (internal || name === "-") return 0;
    const id = ids.get(key(name, category)) ?? labels.push({ name, category }) - 1;
    ids.set(key(name, category), id);
    return id;
  });
  const place = (channel) => categories.findIndex(({ name }) => name === entries[channel].category);
  const order = names.map((_, channel) => channel).sort((a, b) => place(a) - place(b) || a - b);
  const ordered = order.map((channel) => names[channel]);
  const maps = [];
  categories.forEach(({ name, mask: mask2 }) => {
    const count2 = entries.filter(({ category }) => category === name).length;
    if (count2 === 0) throw new LabelsError(`No label has the category "${name}".`, FIX);
    const range = { first: order.findIndex((channel) => entries[channel].category === name), count: count2 };
    if (mask2 == null) {
      maps.push({ head, ranges: [range], names: ordered });
      return;
    }
    const id = labels.findIndex((label, index) => index > 0 && label.name === mask2);
    const gate = categories.findIndex((category) => category.name === labels[id]?.category);
    if (id < 0 || gate >= maps.length) {
      throw new LabelsError(`The mask "${mask2}" of the category "${name}" is no label of an earlier category.`, FIX);
    }
    maps.push({
      head,
      gate,
      names: ordered,
      ranges: labels.map((_, index) => index === id ? range : { first: 0, count: 0 })
    });
  });
  const mixed = order.some((channel, index) => channel !== index);
  return { labels, maps, pixels: pixelsOf(imageformat), ...mixed ? { order } : {} };
}
function pixelsOf(format) {
  const { byteorder = "RGB", mean, stdev } = format ?? {};
  if (byteorder !== "RGB" && byteorder !== "BGR") {
    throw new LabelsError(`The byteorder in the label file is ${JSON.stringify(byteorder)}.`, 'It is "RGB" or "BGR".');
  }
  const ordered = (values) => byteorder === "RGB" ? values : [values[2], values[1], values[0]];
  const three = (name, value, fallback) => {
    if (value === void 0) return ordered(fallback);
    if (Array.isArray(value) && value.length === 3 && value.every((v) => Number.isFinite(v) && (name === "mean" || v > 0))) {
      return value;
    }
    throw new LabelsError(
      `"${name}" in the label file is ${JSON.stringify(value).slice(0, 60)}.`,
      "It is three numbers."
    );
  };
  return {
    order: byteorder,
    range: 1,
    mean: three("mean", mean, IMAGENET.mean),
    deviation: three("stdev", stdev, IMAGENET.stdev)
  };
}
function isCategories(value) {
  return Array.isArray(value) && value.length > 0 && new Set(value.map((category) => category?.name)).size === value.length && value.every((c) => typeof c?.name === "string" && (c.mask == null || typeof c.mask === "string"));
}
function segsizesOf(file) {
  const { segsizes } = file ?? {};
  if (segsizes === void 0 || isSegsizes(segsizes)) return segsizes;
  throw new LabelsError(
    `"segsizes" in the label file is ${JSON.stringify(segsizes).slice(0, 60)}.`,
    "It lists up to 8 input sizes from 32 to 4096, such as [256]."
  );
}
var FIX, IMAGENET, key, isEntries, isSegsizes;
var init_labels = __esm({
  "src/models/labels.ts"() {
    "use strict";
    init_errors();
    FIX = 'Give a labels.json with "categories": [{"name": \u2026}] and "labels": [{"name": \u2026, "category": \u2026}], one label a channel.';
    IMAGENET = { mean: [0.485, 0.456, 0.406], stdev: [0.229, 0.224, 0.225] };
    key = (name, category) => JSON.stringify([name, category]);
    isEntries = (value) => Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry?.name === "string" && typeof entry.category === "string");
    isSegsizes = (value) => Array.isArray(value) && value.length >= 1 && value.length <= 8 && value.every((size) => Number.isInteger(size) && size >= 32 && size <= 4096);
  }
});

// src/kernels/average.wgsl.ts
var kernel21, average_wgsl_default;
var init_average_wgsl = __esm({
  "src/kernels/average.wgsl.ts"() {
    "use strict";
    kernel21 = {
      "name": "average",
      "params": {
        "vectors": "u32",
        "inHeight": "u32",
        "inWidth": "u32",
        "outHeight": "u32",
        "outWidth": "u32",
        "total": "u32"
      },
      "bindings": {
        "x": "read",
        "y": "read_write"
      },
      "source": "\n\n\nstruct Params{\nvectors:u32,inHeight:u32,inWidth:u32,outHeight:u32,outWidth:u32,total:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read_write> y:array<vec4f>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet c=at%params.vectors;\nlet column=(at/params.vectors)%params.outWidth;\nlet row=(at/params.vectors/params.outWidth)%params.outHeight;\nlet image=at/params.vectors/params.outWidth/params.outHeight;\nlet top=row*params.inHeight/params.outHeight;\nlet bottom=((row+1u)*params.inHeight+params.outHeight - 1u)/params.outHeight;\nlet left=column*params.inWidth/params.outWidth;\nlet right=((column+1u)*params.inWidth+params.outWidth - 1u)/params.outWidth;\nvar sum=vec4f();\nfor(var i=top;i < bottom;i++){\n\nvar line=vec4f();\nfor(var j=left;j < right;j++){\nline+=x[((image*params.inHeight+i)*params.inWidth+j)*params.vectors+c];\n}\nsum+=line;\n}\ny[at]=sum/f32((bottom - top)*(right - left));\n}\n"
    };
    average_wgsl_default = kernel21;
  }
});

// src/kernels/maxpool.wgsl.ts
var kernel22, maxpool_wgsl_default;
var init_maxpool_wgsl = __esm({
  "src/kernels/maxpool.wgsl.ts"() {
    "use strict";
    kernel22 = {
      "name": "maxpool",
      "params": {
        "vectors": "u32",
        "inHeight": "u32",
        "inWidth": "u32",
        "outHeight": "u32",
        "outWidth": "u32",
        "total": "u32"
      },
      "bindings": {
        "x": "read",
        "y": "read_write"
      },
      "source": "\nstruct Params{vectors:u32,inHeight:u32,inWidth:u32,outHeight:u32,outWidth:u32,total:u32}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read_write> y:array<vec4f>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet c=at%params.vectors;\nlet column=(at/params.vectors)%params.outWidth;\nlet row=(at/params.vectors/params.outWidth)%params.outHeight;\nlet image=at/params.vectors/params.outWidth/params.outHeight;\n\nvar best=x[((image*params.inHeight+row*2u)*params.inWidth+column*2u)*params.vectors+c];\nfor(var dy=-1;dy <=1;dy++){\nfor(var dx=-1;dx <=1;dx++){\nlet p=vec2i(vec2u(row,column)*2u)+vec2i(dy,dx);\nif(all(p >=vec2i())&&p.x < i32(params.inHeight)&&p.y < i32(params.inWidth)){\nbest=max(best,x[((image*params.inHeight+u32(p.x))*params.inWidth+u32(p.y))*params.vectors+c]);\n}\n}\n}\ny[at]=best;\n}\n"
    };
    maxpool_wgsl_default = kernel22;
  }
});

// src/kernels/preprocess.wgsl.ts
var kernel23, preprocess_wgsl_default;
var init_preprocess_wgsl = __esm({
  "src/kernels/preprocess.wgsl.ts"() {
    "use strict";
    kernel23 = {
      "name": "preprocess",
      "params": {
        "inHeight": "u32",
        "inWidth": "u32",
        "outHeight": "u32",
        "outWidth": "u32",
        "total": "u32",
        "range": "f32",
        "mean0": "f32",
        "mean1": "f32",
        "mean2": "f32",
        "deviation0": "f32",
        "deviation1": "f32",
        "deviation2": "f32"
      },
      "bindings": {
        "x": "read",
        "y": "read_write"
      },
      "source": "\n\nconst BGR:bool=false;\n\nstruct Params{\ninHeight:u32,inWidth:u32,outHeight:u32,outWidth:u32,total:u32,\nrange:f32,\nmean0:f32,mean1:f32,mean2:f32,\ndeviation0:f32,deviation1:f32,deviation2:f32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read_write> y:array<vec4f>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet column=at%params.outWidth;\nlet row=(at/params.outWidth)%params.outHeight;\nlet image=at/params.outWidth/params.outHeight;\nlet top=row*params.inHeight/params.outHeight;\nlet bottom=((row+1u)*params.inHeight+params.outHeight - 1u)/params.outHeight;\nlet left=column*params.inWidth/params.outWidth;\nlet right=((column+1u)*params.inWidth+params.outWidth - 1u)/params.outWidth;\nvar sum=vec3f();\nfor(var i=top;i < bottom;i++){\nfor(var j=left;j < right;j++){\nsum+=(x[(image*params.inHeight+i)*params.inWidth+j].xyz+1.0)/2.0*params.range;\n}\n}\nvar v=sum/f32((bottom - top)*(right - left));\nif(BGR){v=v.zyx;}\nlet mean=vec3f(params.mean0,params.mean1,params.mean2);\nlet deviation=vec3f(params.deviation0,params.deviation1,params.deviation2);\ny[at]=vec4f((v - mean)/deviation,0.0);\n}\n"
    };
    preprocess_wgsl_default = kernel23;
  }
});

// src/kernels/prroi.wgsl.ts
var kernel24, prroi_wgsl_default;
var init_prroi_wgsl = __esm({
  "src/kernels/prroi.wgsl.ts"() {
    "use strict";
    kernel24 = {
      "name": "prroi",
      "params": {
        "vectors": "u32",
        "extent": "u32",
        "size": "u32",
        "total": "u32"
      },
      "bindings": {
        "x": "read",
        "bins": "read",
        "y": "read_write"
      },
      "source": "\n\nstruct Params{vectors:u32,extent:u32,size:u32,total:u32}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read> bins:array<f32>;\n@group(0)@binding(3)var<storage,read_write> y:array<vec4f>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet c=at%params.vectors;\nlet q=(at/params.vectors)%params.size;\nlet p=(at/params.vectors/params.size)%params.size;\nlet image=at/params.vectors/params.size/params.size;\nvar sum=vec4f();\nfor(var i=0u;i < params.extent;i++){\nlet wi=bins[p*params.extent+i];\nif(wi==0.0){continue;}\nvar line=vec4f();\nfor(var j=0u;j < params.extent;j++){\nlet wj=bins[q*params.extent+j];\nif(wj!=0.0){line+=wj*x[((image*params.extent+i)*params.extent+j)*params.vectors+c];}\n}\nsum+=wi*line;\n}\ny[at]=sum;\n}\n"
    };
    prroi_wgsl_default = kernel24;
  }
});

// src/kernels/resize.wgsl.ts
var kernel25, resize_wgsl_default;
var init_resize_wgsl = __esm({
  "src/kernels/resize.wgsl.ts"() {
    "use strict";
    kernel25 = {
      "name": "resize",
      "params": {
        "vectors": "u32",
        "inHeight": "u32",
        "inWidth": "u32",
        "outHeight": "u32",
        "outWidth": "u32",
        "inVectors": "u32",
        "inFirst": "u32",
        "outVectors": "u32",
        "outFirst": "u32",
        "total": "u32"
      },
      "bindings": {
        "x": "read",
        "addend": "read",
        "y": "read_write"
      },
      "source": "\n\n\nconst ADD:bool=false;\nconst CORNER:bool=false;\n\nstruct Params{\nvectors:u32,\ninHeight:u32,inWidth:u32,outHeight:u32,outWidth:u32,\ninVectors:u32,inFirst:u32,\noutVectors:u32,outFirst:u32,\ntotal:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read> addend:array<vec4f>;\n@group(0)@binding(3)var<storage,read_write> y:array<vec4f>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet c=at%params.vectors;\nlet column=(at/params.vectors)%params.outWidth;\nlet row=(at/params.vectors/params.outWidth)%params.outHeight;\nlet image=at/params.vectors/params.outWidth/params.outHeight;\nlet size=vec2f(f32(params.inHeight),f32(params.inWidth));\nlet scale=size/vec2f(f32(params.outHeight),f32(params.outWidth));\nvar source=vec2f(f32(row),f32(column))*scale;\nif(!CORNER){source=max((vec2f(f32(row),f32(column))+0.5)*scale - 0.5,vec2f());}\nlet lo=min(vec2u(source),vec2u(size)- 1u);\nlet hi=min(lo+1u,vec2u(size)- 1u);\nlet f=source - vec2f(lo);\nlet top=(image*params.inHeight+lo.x)*params.inWidth;\nlet bottom=(image*params.inHeight+hi.x)*params.inWidth;\nlet a=x[(top+lo.y)*params.inVectors+params.inFirst+c];\nlet b=x[(top+hi.y)*params.inVectors+params.inFirst+c];\nlet d=x[(bottom+lo.y)*params.inVectors+params.inFirst+c];\nlet e=x[(bottom+hi.y)*params.inVectors+params.inFirst+c];\nvar v=(1.0 - f.x)*((1.0 - f.y)*a+f.y*b)+f.x*((1.0 - f.y)*d+f.y*e);\nlet to=(at/params.vectors)*params.outVectors+params.outFirst+c;\nif(ADD){v+=addend[to];}\ny[to]=v;\n}\n"
    };
    resize_wgsl_default = kernel25;
  }
});

// src/kernels/resample.ts
function resizeStep(graph, x, y, slices = {}) {
  const { inFirst = 0, channels = x.channels, outFirst = 0, addend, sampling = "centre" } = slices;
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const [, outHeight = 1, outWidth = 1, outStored = 4] = y.shape;
  const vectors = padded(channels) / 4;
  const total = n * outHeight * outWidth * vectors;
  graph.step(
    resize_wgsl_default,
    { x, addend: addend ?? x, y },
    {
      vectors,
      inHeight,
      inWidth,
      outHeight,
      outWidth,
      inVectors: stored / 4,
      inFirst: inFirst / 4,
      outVectors: outStored / 4,
      outFirst: outFirst / 4,
      total
    },
    lanes(total),
    { choices: { ADD: addend !== void 0, CORNER: sampling === "corner" } }
  );
}
function resize(graph, x, height, width, sampling = "centre") {
  const y = graph.map(`${x.label}.resized`, x.shape[0], height, width, x.channels);
  resizeStep(graph, x, y, { sampling });
  graph.record(RESIZE, [x], y, { sampling, first: 0 });
  return y;
}
function resizeAdd(graph, x, addend, sampling = "centre") {
  if (x.channels !== addend.channels || x.shape[0] !== addend.shape[0]) {
    throw new ShapeError(`Cannot add "${x.label}" [${x.shape}] to "${addend.label}" [${addend.shape}].`);
  }
  const y = graph.value(`${addend.label}.sum`, addend.shape, "f32", addend.channels);
  resizeStep(graph, x, y, { addend, sampling });
  graph.record(RESIZE, [x, addend], y, { sampling, first: 0 });
  return y;
}
function concat(graph, label, parts, height, width) {
  let channels = 0;
  for (const part2 of parts) {
    wholeVectors(`"${part2.label}" has`, part2.channels);
    channels += part2.channels;
  }
  const y = graph.map(label, parts[0].shape[0], height, width, channels);
  let outFirst = 0;
  for (const part2 of parts) {
    resizeStep(graph, part2, y, { outFirst });
    outFirst += part2.channels;
  }
  graph.record(CONCAT, parts, y, void 0);
  return y;
}
function slice(graph, x, first, channels) {
  wholeVectors(`A slice of "${x.label}" begins after`, first);
  wholeVectors(`A slice of "${x.label}" takes`, channels);
  if (first < 0 || channels < 1 || first + channels > x.channels) {
    throw new ShapeError(`"${x.label}" has ${x.channels} channels, not ${channels} from ${first} on.`);
  }
  const [n = 1, height = 1, width = 1] = x.shape;
  const y = graph.map(`${x.label}.${first}`, n, height, width, channels);
  resizeStep(graph, x, y, { inFirst: first, channels });
  graph.record(RESIZE, [x], y, { sampling: "centre", first });
  return y;
}
function average(graph, x, height, width) {
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const y = graph.map(`${x.label}.average${height}`, n, height, width, x.channels);
  const total = elements(y.shape) / 4;
  graph.step(
    average_wgsl_default,
    { x, y },
    { vectors: stored / 4, inHeight, inWidth, outHeight: height, outWidth: width, total },
    lanes(total)
  );
  graph.record(AVERAGE, [x], y, {});
  return y;
}
function maxpool(graph, x) {
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const outHeight = Math.floor((inHeight - 1) / 2) + 1;
  const outWidth = Math.floor((inWidth - 1) / 2) + 1;
  const y = graph.map(`${x.label}.pooled`, n, outHeight, outWidth, x.channels);
  const total = elements(y.shape) / 4;
  graph.step(
    maxpool_wgsl_default,
    { x, y },
    { vectors: stored / 4, inHeight, inWidth, outHeight, outWidth, total },
    lanes(total)
  );
  graph.record(MAXPOOL, [x], y, void 0);
  return y;
}
function prroiBins(extent, size) {
  const bin = extent / size;
  const integral = (t) => {
    const u = Math.min(1, Math.max(-1, t));
    return u < 0 ? (u + 1) ** 2 / 2 : 1 - (1 - u) ** 2 / 2;
  };
  return Float32Array.from({ length: size * extent }, (_, at) => {
    const p = Math.floor(at / extent);
    const i = at % extent;
    return (integral((p + 1) * bin - i) - integral(p * bin - i)) / bin;
  });
}
function prroi(graph, x, size) {
  const [n = 1, extent = 1, width = 1, stored = 4] = x.shape;
  if (extent !== width) throw new ShapeError(`"${x.label}" is ${extent}\xD7${width}; only square maps are pooled.`);
  const bins = binsOf(graph, extent, size);
  const y = graph.map(`${x.label}.prroi${size}`, n, size, size, x.channels);
  const total = elements(y.shape) / 4;
  graph.step(prroi_wgsl_default, { x, bins, y }, { vectors: stored / 4, extent, size, total }, lanes(total));
  graph.record(PRROI, [x], y, void 0);
  return y;
}
function preprocess(graph, x, height, width, pixels) {
  if (x.channels !== 3) throw new ShapeError(`A segmenter takes RGB images; "${x.label}" is [${x.shape}].`);
  const [n = 1, inHeight = 1, inWidth = 1] = x.shape;
  const y = graph.map(`${x.label}.input${height}`, n, height, width, 3);
  const total = n * height * width;
  const { order, range, mean, deviation } = pixels;
  graph.step(
    preprocess_wgsl_default,
    { x, y },
    {
      inHeight,
      inWidth,
      outHeight: height,
      outWidth: width,
      total,
      range,
      mean0: mean[0],
      mean1: mean[1],
      mean2: mean[2],
      deviation0: deviation[0],
      deviation1: deviation[1],
      deviation2: deviation[2]
    },
    lanes(total),
    { choices: { BGR: order === "BGR" } }
  );
  graph.record(AVERAGE, [x], y, { pixels });
  return y;
}
var RESIZE, CONCAT, AVERAGE, MAXPOOL, PRROI, wholeVectors, binsOf;
var init_resample = __esm({
  "src/kernels/resample.ts"() {
    "use strict";
    init_errors();
    init_graph();
    init_average_wgsl();
    init_maxpool_wgsl();
    init_pointwise();
    init_preprocess_wgsl();
    init_prroi_wgsl();
    init_resize_wgsl();
    RESIZE = { name: "resize" };
    CONCAT = { name: "concat" };
    AVERAGE = { name: "average" };
    MAXPOOL = { name: "maxpool" };
    PRROI = { name: "prroi" };
    wholeVectors = (what, channels) => {
      if (channels % 4 !== 0) {
        throw new ShapeError(
          `${what} ${channels} channels; only multiples of four can be put side by side or taken apart.`
        );
      }
    };
    binsOf = (graph, extent, size) => graph.parameter(`prroi.${extent}.${size}`, [size, extent], [], () => prroiBins(extent, size));
  }
});

// src/kernels/depthwise.wgsl.ts
var kernel26, depthwise_wgsl_default;
var init_depthwise_wgsl = __esm({
  "src/kernels/depthwise.wgsl.ts"() {
    "use strict";
    kernel26 = {
      "name": "depthwise",
      "params": {
        "height": "u32",
        "width": "u32",
        "inHeight": "u32",
        "inWidth": "u32",
        "vectors": "u32",
        "kernel": "u32",
        "stride": "u32",
        "dilation": "u32",
        "padTop": "u32",
        "padLeft": "u32",
        "blocks": "u32",
        "total": "u32"
      },
      "bindings": {
        "x": "read",
        "weight": "read",
        "bias": "read",
        "y": "read_write"
      },
      "source": "\n\n\nconst ACTIVATION:u32=0;\n\nstruct Params{\nheight:u32,width:u32,\ninHeight:u32,inWidth:u32,\nvectors:u32,\nkernel:u32,stride:u32,dilation:u32,\npadTop:u32,padLeft:u32,\nblocks:u32,\ntotal:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read> weight:array<vec4f>;\n@group(0)@binding(3)var<storage,read> bias:array<vec4f>;\n@group(0)@binding(4)var<storage,read_write> y:array<vec4f>;\n\nfn finish(sum:vec4f)-> vec4f{\nif(ACTIVATION==1u){return select(0.2*sum,sum,sum > vec4f());}\nif(ACTIVATION==2u){return max(sum,vec4f());}\nif(ACTIVATION==3u){return clamp(sum,vec4f(),vec4f(6.0));}\nreturn sum;\n}\n\nfn load(line:u32,column:i32,c:u32)-> vec4f{\nlet inside=u32(column)< params.inWidth;\nreturn select(vec4f(),x[(line+select(0u,u32(column),inside))*params.vectors+c],inside);\n}\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet c=at%params.vectors;\nlet first=((at/params.vectors)%params.blocks)*4u;\nlet row=(at/params.vectors/params.blocks)%params.height;\nlet image=at/params.vectors/params.blocks/params.height;\nvar a0=bias[c];var a1=a0;var a2=a0;var a3=a0;\nfor(var i=0u;i < params.kernel;i++){\nlet above=i32(row*params.stride+i*params.dilation)- i32(params.padTop);\nif(above < 0||above >=i32(params.inHeight)){continue;}\nlet line=(image*params.inHeight+u32(above))*params.inWidth;\nfor(var j=0u;j < params.kernel;j++){\nlet w=weight[(i*params.kernel+j)*params.vectors+c];\nlet column=i32(first*params.stride+j*params.dilation)- i32(params.padLeft);\nlet step=i32(params.stride);\na0+=w*load(line,column,c);\na1+=w*load(line,column+step,c);\na2+=w*load(line,column+2*step,c);\na3+=w*load(line,column+3*step,c);\n}\n}\nlet to=((image*params.height+row)*params.width+first)*params.vectors+c;\ny[to]=finish(a0);\nif(first+1u < params.width){y[to+params.vectors]=finish(a1);}\nif(first+2u < params.width){y[to+2u*params.vectors]=finish(a2);}\nif(first+3u < params.width){y[to+3u*params.vectors]=finish(a3);}\n}\n"
    };
    depthwise_wgsl_default = kernel26;
  }
});

// src/kernels/depthwise-strip.wgsl.ts
var kernel27, depthwise_strip_wgsl_default;
var init_depthwise_strip_wgsl = __esm({
  "src/kernels/depthwise-strip.wgsl.ts"() {
    "use strict";
    kernel27 = {
      "name": "depthwise-strip",
      "params": {
        "height": "u32",
        "width": "u32",
        "inHeight": "u32",
        "inWidth": "u32",
        "vectors": "u32",
        "dilation": "u32",
        "padTop": "u32",
        "padLeft": "u32",
        "blocks": "u32",
        "strips": "u32",
        "rows": "u32",
        "total": "u32"
      },
      "bindings": {
        "x": "read",
        "weight": "read",
        "bias": "read",
        "y": "read_write"
      },
      "source": "\n\n\nconst KERNEL:u32=3;\nconst ACTIVATION:u32=0;\n\nstruct Params{\nheight:u32,width:u32,\ninHeight:u32,inWidth:u32,\nvectors:u32,\ndilation:u32,\npadTop:u32,padLeft:u32,\nblocks:u32,\nstrips:u32,\nrows:u32,\ntotal:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read> weight:array<vec4f>;\n@group(0)@binding(3)var<storage,read> bias:array<vec4f>;\n@group(0)@binding(4)var<storage,read_write> y:array<vec4f>;\n\nfn finish(sum:vec4f)-> vec4f{\nif(ACTIVATION==1u){return select(0.2*sum,sum,sum > vec4f());}\nif(ACTIVATION==2u){return max(sum,vec4f());}\nif(ACTIVATION==3u){return clamp(sum,vec4f(),vec4f(6.0));}\nreturn sum;\n}\n\n\nfn taps(row:u32,c:u32)-> array<vec4f,5> {\nlet v=params.vectors;\nlet at=row*KERNEL*v+c;\nvar w=array(weight[at],weight[at+v],weight[at+2u*v],vec4f(),vec4f());\nif(KERNEL==5u){\nw[3]=weight[at+3u*v];\nw[4]=weight[at+4u*v];\n}\nreturn w;\n}\n\nfn dot5(w:array<vec4f,5>,x0:vec4f,x1:vec4f,x2:vec4f,x3:vec4f,x4:vec4f)-> vec4f{\nlet sum=w[0]*x0+w[1]*x1+w[2]*x2;\nif(KERNEL==5u){return sum+w[3]*x3+w[4]*x4;}\nreturn sum;\n}\n\n\nfn add(a:array<vec4f,4>,w:array<vec4f,5>,x:array<vec4f,8>)-> array<vec4f,4> {\nreturn array(\na[0]+dot5(w,x[0],x[1],x[2],x[3],x[4]),\na[1]+dot5(w,x[1],x[2],x[3],x[4],x[5]),\na[2]+dot5(w,x[2],x[3],x[4],x[5],x[6]),\na[3]+dot5(w,x[3],x[4],x[5],x[6],x[7]),\n);\n}\n\nfn load(line:u32,column:i32,c:u32)-> vec4f{\nlet inside=u32(column)< params.inWidth;\nreturn select(vec4f(),x[(line+select(0u,u32(column),inside))*params.vectors+c],inside);\n}\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet d=params.dilation;\nlet c=at%params.vectors;\nlet across=(at/params.vectors)%params.blocks;\nlet down=(at/params.vectors/params.blocks)%params.strips;\nlet image=at/params.vectors/params.blocks/params.strips;\nlet column=(across/d)*(4u*d)+(across%d);\nlet row=(down/d)*(params.rows*d)+(down%d);\nif(row >=params.height){return;}\nlet rows=min(params.rows,(params.height - row+d - 1u)/d);\n\nlet b=bias[c];\nlet none=array(b,b,b,b);\nlet w0=taps(0u,c);\nlet w1=taps(1u,c);\nlet w2=taps(2u,c);\nvar w3=array<vec4f,5>();\nvar w4=array<vec4f,5>();\nif(KERNEL==5u){\nw3=taps(3u,c);\nw4=taps(4u,c);\n}\n\nvar a0=none;\nvar a1=none;\nvar a2=none;\nvar a3=none;\nvar a4=none;\nfor(var k=0u;k < rows+KERNEL - 1u;k++){\nlet above=i32(row+k*d)- i32(params.padTop);\nif(above >=0&&above < i32(params.inHeight)){\nlet line=(image*params.inHeight+u32(above))*params.inWidth;\nlet left=i32(column)- i32(params.padLeft);\nlet apart=i32(d);\nvar v=array<vec4f,8>();\nv[0]=load(line,left,c);\nv[1]=load(line,left+apart,c);\nv[2]=load(line,left+2*apart,c);\nv[3]=load(line,left+3*apart,c);\nv[4]=load(line,left+4*apart,c);\nv[5]=load(line,left+5*apart,c);\nif(KERNEL==5u){\nv[6]=load(line,left+6*apart,c);\nv[7]=load(line,left+7*apart,c);\n}\na0=add(a0,w0,v);\na1=add(a1,w1,v);\na2=add(a2,w2,v);\nif(KERNEL==5u){\na3=add(a3,w3,v);\na4=add(a4,w4,v);\n}\n}\nif(k+1u >=KERNEL){\nvar done=a2;\nif(KERNEL==5u){done=a4;}\nlet to=(image*params.height+row+(k+1u - KERNEL)*d)*params.width;\nfor(var p=0u;p < 4u;p++){\nlet q=column+p*d;\nif(q < params.width){y[(to+q)*params.vectors+c]=finish(done[p]);}\n}\n}\na4=a3;a3=a2;a2=a1;a1=a0;a0=none;\n}\n}\n"
    };
    depthwise_strip_wgsl_default = kernel27;
  }
});

// src/kernels/depthwise.ts
function depthwise(graph, x, filter, options = {}) {
  const { label, kernel: kernel37, inChannels, outChannels } = filter;
  const { stride = 1, dilation = 1, activation = "none" } = options;
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  if (inChannels !== outChannels || x.channels !== outChannels) {
    throw new ShapeError(`"${label}" filters ${outChannels} channels one by one, but "${x.label}" is [${x.shape}].`);
  }
  const vertical = span2(inHeight, kernel37, options);
  const horizontal = span2(inWidth, kernel37, options);
  const [height, width] = [vertical.out, horizontal.out];
  const y = graph.map(label, n, height, width, outChannels);
  const weight = graph.parameter(
    `${label}.weight.channels`,
    [kernel37 * kernel37, padded(outChannels)],
    [...filter.weight.sources, ...filter.scale.sources],
    packed(filter, packChannels)
  );
  graph.record(DEPTHWISE, [x], y, { filter, options });
  const bindings = { x, weight, bias: biasOf(graph, filter), y };
  const vectors = stored / 4;
  const map = { height, width, inHeight, inWidth, vectors, padTop: vertical.before, padLeft: horizontal.before };
  const cost = {
    choices: { ACTIVATION: ACTIVATIONS[activation] },
    flops: 2 * n * height * width * outChannels * kernel37 * kernel37
  };
  if (graph.target !== "gpu" && stride === 1 && (kernel37 === 3 || kernel37 === 5)) {
    const [blocks2, reach] = [dilation * Math.ceil(width / (4 * dilation)), Math.ceil(height / dilation)];
    const rows = Math.min(STRIP, reach);
    const strips = dilation * Math.ceil(reach / rows);
    const total2 = n * strips * blocks2 * vectors;
    graph.step(depthwise_strip_wgsl_default, bindings, { ...map, dilation, blocks: blocks2, strips, rows, total: total2 }, lanes(total2), {
      ...cost,
      choices: { ...cost.choices, KERNEL: kernel37 }
    });
    return y;
  }
  const blocks = Math.ceil(width / 4);
  const total = n * height * blocks * vectors;
  graph.step(depthwise_wgsl_default, bindings, { ...map, kernel: kernel37, stride, dilation, blocks, total }, lanes(total), cost);
  return y;
}
var STRIP, DEPTHWISE;
var init_depthwise = __esm({
  "src/kernels/depthwise.ts"() {
    "use strict";
    init_errors();
    init_graph();
    init_activation();
    init_conv();
    init_depthwise_wgsl();
    init_depthwise_strip_wgsl();
    init_filter();
    init_pointwise();
    STRIP = 16;
    DEPTHWISE = {
      name: "depthwise"
    };
  }
});

// src/models/filters.ts
function filterOf(state, key2, norm) {
  const shape = state.get(`${key2}.weight`)?.shape;
  if (shape?.length !== 4 || shape[2] !== shape[3]) {
    throw new WeightsError(
      "weights-shape",
      `"${key2}.weight" ${shape ? `is [${shape}] and no square filter` : "is missing"}.`,
      "Check that the file belongs to this kind of network."
    );
  }
  const [outChannels = 0, inChannels = 0, kernel37 = 1] = shape;
  const beside = norm ? ["weight", "bias", "running_mean", "running_var"].map((name) => `${norm}.${name}`) : [];
  for (const name of [...beside, ...state.has(`${key2}.bias`) ? [`${key2}.bias`] : []]) {
    const found2 = state.get(name)?.shape;
    if (found2?.length === 1 && found2[0] === outChannels) continue;
    throw new WeightsError(
      "weights-shape",
      `"${name}" ${found2 ? `is [${found2}], not [${outChannels}]` : "is missing"}.`,
      "Check that the file belongs to this kind of network and is complete."
    );
  }
  const weight = { sources: [`${key2}.weight`], of: ([w]) => w };
  const biased = state.has(`${key2}.bias`);
  const common = { label: key2, inChannels, outChannels, kernel: kernel37, weight };
  if (!norm) {
    const bias = biased ? { sources: [`${key2}.bias`], of: ([b]) => b } : constant(0, outChannels);
    return { ...common, scale: constant(1, outChannels), bias };
  }
  return {
    ...common,
    scale: {
      sources: [`${norm}.weight`, `${norm}.running_var`],
      of: ([gamma, variance]) => Float64Array.from(gamma, (g, o) => g / Math.sqrt(variance[o] + EPSILON))
    },
    bias: {
      sources: [...beside, ...biased ? [`${key2}.bias`] : []],
      of: ([gamma, beta, mean, variance, own2]) => Float64Array.from(
        beta,
        (b, o) => b + ((own2?.[o] ?? 0) - mean[o]) * gamma[o] / Math.sqrt(variance[o] + EPSILON)
      )
    }
  };
}
var EPSILON, Expected;
var init_filters = __esm({
  "src/models/filters.ts"() {
    "use strict";
    init_errors();
    init_filter();
    EPSILON = 1e-5;
    Expected = class {
      shapes = /* @__PURE__ */ new Map();
      #state;
      constructor(state) {
        this.#state = state;
      }
      /** A batch norm's four tensors. */
      norm(key2, channels) {
        for (const name of ["weight", "bias", "running_mean", "running_var"]) this.shapes.set(`${key2}.${name}`, [channels]);
      }
      /** A convolution [out][into / groups][kernel][kernel] as wide as the file says, and its norm; returns how wide. */
      conv(key2, into, kernel37, norm) {
        const channels = this.#state.get(`${key2}.weight`)?.shape[0] ?? 0;
        this.shapes.set(`${key2}.weight`, [channels, into, kernel37, kernel37]);
        if (norm) this.norm(norm, channels);
        return channels;
      }
      /** A convolution with a bias. */
      biased(key2, into, kernel37) {
        const channels = this.conv(key2, into, kernel37);
        this.shapes.set(`${key2}.bias`, [channels]);
        return channels;
      }
    };
  }
});

// src/models/mobilenet.ts
function inferMobilenet(state, prefix) {
  let blocks = 0;
  while (state.has(`${prefix}features.${blocks + 1}.conv.0.weight`)) blocks += 1;
  return state.has(`${prefix}features.0.0.weight`) && blocks > 0 ? { blocks } : void 0;
}
function block2(state, prefix, index) {
  const key2 = `${prefix}features.${index}.conv`;
  const expands = state.has(`${key2}.6.weight`);
  return { key: key2, expand: expands ? 0 : void 0, depth: expands ? 3 : 0, project: expands ? 6 : 3 };
}
function expectMobilenet(expected, state, prefix, { blocks }) {
  let channels = expected.conv(`${prefix}features.0.0`, 3, 3, `${prefix}features.0.1`);
  for (let index = 1; index <= blocks; index += 1) {
    const { key: key2, expand, depth, project } = block2(state, prefix, index);
    let inner = channels;
    if (expand !== void 0) inner = expected.conv(`${key2}.${expand}`, channels, 1, `${key2}.${expand + 1}`);
    expected.conv(`${key2}.${depth}`, 1, 3, `${key2}.${depth + 1}`);
    channels = expected.conv(`${key2}.${project}`, inner, 1, `${key2}.${project + 1}`);
  }
  return channels;
}
function mobilenet(graph, state, prefix, { blocks }, x) {
  let y = conv(graph, x, filterOf(state, `${prefix}features.0.0`, `${prefix}features.0.1`), {
    stride: 2,
    pad: 1,
    activation: "relu6"
  });
  for (let index = 1; index <= blocks; index += 1) {
    const { key: key2, expand, depth, project } = block2(state, prefix, index);
    const filter = (at) => filterOf(state, `${key2}.${at}`, `${key2}.${at + 1}`);
    const strides = STRIDED.includes(index);
    const reach = 2 ** DILATED.filter((first) => index >= first).length;
    const stride = strides && reach === 1 ? 2 : 1;
    const dilation = strides ? Math.max(1, reach / 2) : reach;
    const expanded = expand === void 0 ? y : conv(graph, y, filter(expand), { activation: "relu6" });
    const filtered = depthwise(
      graph,
      expanded,
      { ...filter(depth), inChannels: expanded.channels },
      { stride, dilation, pad: dilation, activation: "relu6" }
    );
    const last = filter(project);
    const residual = !strides && last.outChannels === y.channels ? { residual: y } : {};
    y = conv(graph, filtered, last, residual);
  }
  return y;
}
var STRIDED, DILATED;
var init_mobilenet = __esm({
  "src/models/mobilenet.ts"() {
    "use strict";
    init_conv();
    init_depthwise();
    init_filters();
    STRIDED = [2, 4, 7, 14];
    DILATED = [7, 14];
  }
});

// src/models/operations.ts
function parseOperations(text) {
  let list2;
  try {
    list2 = JSON.parse(text);
  } catch (cause) {
    throw broken2("is not JSON", { cause });
  }
  const { architecture, sampling, operations } = list2 ?? {};
  if (typeof architecture !== "string" || !Array.isArray(operations) || operations.length === 0) {
    throw broken2("has no architecture or no operations");
  }
  if (sampling !== void 0 && sampling !== "centre" && sampling !== "corner") throw broken2("has an unknown sampling");
  if (operations.length > 1e4) throw broken2("has more than 10,000 operations");
  const known = /* @__PURE__ */ new Set(["input"]);
  operations.forEach((step, index) => {
    const where = `step ${index}`;
    const op = step?.["op"];
    const form = typeof op === "string" && Object.hasOwn(FORMS, op) ? FORMS[op] : void 0;
    if (!form) throw broken2(`has an unknown operation at ${where}`);
    for (const [field, kind] of Object.entries(form)) {
      const value = step[field];
      const right = kind === "s" ? typeof value === "string" : kind === "n" ? isCount(value) : Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string");
      if (!right) throw broken2(`has no proper "${field}" at ${where}`);
    }
    for (const field of ["stride", "dilation", "size"]) {
      if (step[field] !== void 0 && !(isCount(step[field]) && Number(step[field]) > 0)) {
        throw broken2(`has no proper "${field}" at ${where}`);
      }
    }
    const { pad = 0, activation = "none", sampling: how = "centre", to } = step;
    if (!(pad === "same" || isCount(pad))) throw broken2(`has no proper "pad" at ${where}`);
    if (!ACTIVATION_NAMES.some((name) => name === activation)) throw broken2(`has an unknown activation at ${where}`);
    if (how !== "centre" && how !== "corner") throw broken2(`has an unknown sampling at ${where}`);
    const parts = op === "concat" ? step["parts"] : [];
    for (const name of [step["x"], step["like"], step["add"], ...parts]) {
      if (name !== void 0 && !(typeof name === "string" && known.has(name)))
        throw broken2(`uses "${String(name)}" at ${where} before it is made`);
    }
    if (typeof to !== "string" || known.has(to)) throw broken2(`has no new name in "to" at ${where}`);
    known.add(to);
  });
  return list2;
}
function runOperations(graph, state, { operations }, x) {
  const results = /* @__PURE__ */ new Map([["input", x]]);
  const of = (name) => results.get(name);
  let last = x;
  for (const step of operations) {
    last = append2(graph, state, step, of);
    if (elements(last.shape) / (last.shape[0] ?? 1) > MAX_ELEMENTS) {
      throw new ShapeError(`"${step.to}" would be [${last.shape}].`, "Use a smaller input.");
    }
    results.set(step.to, last);
  }
  return last;
}
function append2(graph, state, step, of) {
  switch (step.op) {
    case "conv": {
      const { stride = 1, dilation = 1, pad = 0, activation = "none", add } = step;
      const residual = add === void 0 ? {} : { residual: of(add) };
      return conv(graph, of(step.x), filterOf(state, step.filter), { stride, dilation, pad, activation, ...residual });
    }
    case "depthwise": {
      const { stride = 1, dilation = 1, pad = 0, activation = "none" } = step;
      const x = of(step.x);
      const filter = { ...filterOf(state, step.filter), inChannels: x.channels };
      return depthwise(graph, x, filter, { stride, dilation, pad, activation });
    }
    case "resize": {
      const { sampling = "centre", add } = step;
      const [, height = 1, width = 1] = of(step.like).shape;
      if (add !== void 0) {
        if (of(add).shape[1] !== height || of(add).shape[2] !== width) {
          throw new ShapeError(`"${step.to}" is resized like "${step.like}", which "${add}" does not fit.`);
        }
        return resizeAdd(graph, of(step.x), of(add), sampling);
      }
      return resize(graph, of(step.x), height, width, sampling);
    }
    case "concat": {
      const parts = step.parts.map(of);
      const [, height = 1, width = 1] = parts[0].shape;
      return concat(graph, step.to, parts, height, width);
    }
    case "slice":
      return slice(graph, of(step.x), step.first, step.channels);
    case "average": {
      const x = of(step.x);
      const [, height = 1, width = 1] = x.shape;
      if (height % step.size !== 0 || width % step.size !== 0) {
        throw new ShapeError(
          `"${step.to}" averages ${step.size}\xD7${step.size} pixels, which do not divide ${height}\xD7${width}.`
        );
      }
      return average(graph, x, height / step.size, width / step.size);
    }
    case "maxpool":
      return maxpool(graph, of(step.x));
  }
}
var OPERATIONS, broken2, MAX_ELEMENTS, FORMS, ACTIVATION_NAMES, isCount;
var init_operations = __esm({
  "src/models/operations.ts"() {
    "use strict";
    init_errors();
    init_conv();
    init_depthwise();
    init_resample();
    init_graph();
    init_filters();
    OPERATIONS = "ganatomy.operations";
    broken2 = (what, options) => new WeightsError(
      "weights-format",
      `The list of operations in this file ${what}.`,
      "See docs/segmenters.md for its form.",
      options
    );
    MAX_ELEMENTS = 2 ** 27;
    FORMS = {
      conv: { x: "s", filter: "s" },
      depthwise: { x: "s", filter: "s" },
      resize: { x: "s", like: "s" },
      concat: { parts: "a" },
      slice: { x: "s", first: "n", channels: "n" },
      average: { x: "s", size: "n" },
      maxpool: { x: "s" }
    };
    ACTIVATION_NAMES = ["none", "leaky", "relu", "relu6"];
    isCount = (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65536;
  }
});

// src/models/resnet.ts
function inferResnet(state, prefix, dilated) {
  const blocks = [1, 2, 3, 4].map((stage) => {
    let count2 = 0;
    while (state.has(`${prefix}layer${stage}.${count2}.conv1.weight`)) count2 += 1;
    return count2;
  });
  if (!state.has(`${prefix}conv3.weight`) || blocks.includes(0)) return void 0;
  return { blocks, bottleneck: state.has(`${prefix}layer1.0.conv3.weight`), dilated };
}
function resnetName({ blocks, bottleneck, dilated }) {
  const convolutions = blocks.reduce((sum, count2) => sum + count2, 0) * (bottleneck ? 3 : 2);
  return `ResNet-${convolutions + 2}${dilated ? " dilated" : ""}`;
}
function expectResnet(expected, state, prefix, config) {
  let channels = 3;
  for (const i of [1, 2, 3]) channels = expected.conv(`${prefix}conv${i}`, channels, 3, `${prefix}bn${i}`);
  return config.blocks.map((count2, index) => {
    for (let b = 0; b < count2; b += 1) {
      const key2 = `${prefix}layer${index + 1}.${b}`;
      let inner = channels;
      convolutionsOf(config.bottleneck).forEach((kernel37, i) => {
        inner = expected.conv(`${key2}.conv${i + 1}`, inner, kernel37, `${key2}.bn${i + 1}`);
      });
      if (state.has(`${key2}.downsample.0.weight`)) {
        expected.conv(`${key2}.downsample.0`, channels, 1, `${key2}.downsample.1`);
      }
      channels = inner;
    }
    return channels;
  });
}
function resnet(graph, state, prefix, config, x) {
  const unit = (input, key2, norm, options = {}) => conv(graph, input, filterOf(state, key2, norm), { activation: "relu", ...options });
  let y = unit(x, `${prefix}conv1`, `${prefix}bn1`, { stride: 2, pad: 1 });
  y = unit(y, `${prefix}conv2`, `${prefix}bn2`, { pad: 1 });
  y = unit(y, `${prefix}conv3`, `${prefix}bn3`, { pad: 1 });
  y = maxpool(graph, y);
  return config.blocks.map((count2, index) => {
    const dilation = config.dilated && index >= 2 ? 2 ** (index - 1) : 1;
    for (let b = 0; b < count2; b += 1) {
      const key2 = `${prefix}layer${index + 1}.${b}`;
      const entrance = index > 0 && b === 0;
      const stride = entrance && dilation === 1 ? 2 : 1;
      const shortcut = state.has(`${key2}.downsample.0.weight`) ? unit(y, `${key2}.downsample.0`, `${key2}.downsample.1`, { stride, activation: "none" }) : y;
      const kernels = convolutionsOf(config.bottleneck);
      const striding = kernels.indexOf(3);
      let inner = y;
      kernels.forEach((kernel37, i) => {
        const strided = entrance && i === striding;
        const reach = kernel37 === 1 ? 1 : strided ? Math.max(1, dilation / 2) : dilation;
        inner = unit(inner, `${key2}.conv${i + 1}`, `${key2}.bn${i + 1}`, {
          stride: i === striding ? stride : 1,
          dilation: reach,
          pad: (kernel37 - 1) / 2 * reach,
          ...i === kernels.length - 1 ? { residual: shortcut } : {}
        });
      });
      y = inner;
    }
    return y;
  });
}
var convolutionsOf;
var init_resnet = __esm({
  "src/models/resnet.ts"() {
    "use strict";
    init_conv();
    init_resample();
    init_filters();
    convolutionsOf = (bottleneck) => bottleneck ? [1, 3, 1] : [3, 3];
  }
});

// src/kernels/spread.wgsl.ts
var kernel28, spread_wgsl_default;
var init_spread_wgsl = __esm({
  "src/kernels/spread.wgsl.ts"() {
    "use strict";
    kernel28 = {
      "name": "spread",
      "params": {
        "vectors": "u32",
        "inHeight": "u32",
        "inWidth": "u32",
        "outHeight": "u32",
        "outWidth": "u32",
        "total": "u32"
      },
      "bindings": {
        "t": "read",
        "addend": "read",
        "y": "read_write"
      },
      "source": "\n\n\nconst ACTIVATION:u32=0;\n\nstruct Params{\nvectors:u32,inHeight:u32,inWidth:u32,outHeight:u32,outWidth:u32,total:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> t:array<vec4f>;\n@group(0)@binding(2)var<storage,read> addend:array<vec4f>;\n@group(0)@binding(3)var<storage,read_write> y:array<vec4f>;\n\nfn finish(sum:vec4f)-> vec4f{\nif(ACTIVATION==1u){return select(0.2*sum,sum,sum > vec4f());}\nif(ACTIVATION==2u){return max(sum,vec4f());}\nif(ACTIVATION==3u){return clamp(sum,vec4f(),vec4f(6.0));}\nreturn sum;\n}\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet c=at%params.vectors;\nlet column=(at/params.vectors)%params.outWidth;\nlet row=(at/params.vectors/params.outWidth)%params.outHeight;\nlet image=at/params.vectors/params.outWidth/params.outHeight;\nlet size=vec2f(f32(params.inHeight),f32(params.inWidth));\nlet scale=size/vec2f(f32(params.outHeight),f32(params.outWidth));\nlet last=vec2u(params.inHeight,params.inWidth)- 1u;\nvar sum=vec4f();\nfor(var k=0u;k < 9u;k++){\nlet shifted=vec2i(i32(row+k/3u),i32(column+k%3u))- 1;\nif(any(shifted < vec2i())||shifted.x >=i32(params.outHeight)||shifted.y >=i32(params.outWidth)){continue;}\nlet source=max((vec2f(shifted)+0.5)*scale - 0.5,vec2f());\nlet lo=min(vec2u(source),last);\nlet hi=min(lo+1u,last);\nlet f=source - vec2f(lo);\nlet top=(image*params.inHeight+lo.x)*params.inWidth;\nlet bottom=(image*params.inHeight+hi.x)*params.inWidth;\nlet a=t[((top+lo.y)*9u+k)*params.vectors+c];\nlet b=t[((top+hi.y)*9u+k)*params.vectors+c];\nlet d=t[((bottom+lo.y)*9u+k)*params.vectors+c];\nlet e=t[((bottom+hi.y)*9u+k)*params.vectors+c];\nsum+=(1.0 - f.x)*((1.0 - f.y)*a+f.y*b)+f.x*((1.0 - f.y)*d+f.y*e);\n}\ny[at]=finish(addend[at]+sum);\n}\n"
    };
    spread_wgsl_default = kernel28;
  }
});

// src/kernels/pyramid.ts
function part(filter, first, count2, label, apart) {
  const { inChannels, outChannels, weight, scale } = filter;
  const split = weight.sources.length;
  const rows = apart ? 9 * outChannels : outChannels;
  return {
    label,
    inChannels: count2,
    outChannels: rows,
    kernel: apart ? 1 : 3,
    weight: {
      sources: [...weight.sources, ...scale.sources],
      of: (sources) => {
        const w = weight.of(sources.slice(0, split));
        const s = scale.of(sources.slice(split));
        const values = new Float64Array(9 * outChannels * count2);
        for (let o = 0; o < outChannels; o += 1) {
          for (let i = 0; i < count2; i += 1) {
            for (let t = 0; t < 9; t += 1) {
              const to = apart ? (t * outChannels + o) * count2 + i : (o * count2 + i) * 9 + t;
              values[to] = w[(o * inChannels + first + i) * 9 + t] * s[o];
            }
          }
        }
        return values;
      }
    },
    scale: constant(1, rows),
    // The first part brings the whole convolution's bias.
    bias: apart ? constant(0, rows) : filter.bias
  };
}
function convOfPyramid(graph, parts, filter, activation) {
  const { label, inChannels, outChannels } = filter;
  const [finest, ...coarser] = parts;
  const channels = parts.reduce((sum, { channels: channels2 }) => sum + channels2, 0);
  if (filter.kernel !== 3 || channels !== inChannels || outChannels % 4 !== 0) {
    throw new ShapeError(`"${label}" is no 3\xD73 convolution of ${channels} to a multiple of four channels.`);
  }
  const only = coarser.length === 0;
  let y = conv(graph, finest, part(filter, 0, finest.channels, `${label}.0`, false), {
    pad: 1,
    activation: only ? activation : "none"
  });
  const [, outHeight = 1, outWidth = 1] = finest.shape;
  let first = finest.channels;
  coarser.forEach((x, index) => {
    const [, inHeight = 1, inWidth = 1] = x.shape;
    const t = conv(graph, x, part(filter, first, x.channels, `${label}.${index + 1}`, true));
    first += x.channels;
    const sum = graph.value(`${label}.sum${index + 1}`, y.shape, "f32", outChannels);
    const total = elements(y.shape) / 4;
    const then = index === coarser.length - 1 ? activation : "none";
    graph.step(
      spread_wgsl_default,
      { t, addend: y, y: sum },
      { vectors: padded(outChannels) / 4, inHeight, inWidth, outHeight, outWidth, total },
      lanes(total),
      { choices: { ACTIVATION: ACTIVATIONS[then] } }
    );
    graph.record(SPREAD, [t, y], sum, { activation: then });
    y = sum;
  });
  return y;
}
var SPREAD;
var init_pyramid = __esm({
  "src/kernels/pyramid.ts"() {
    "use strict";
    init_errors();
    init_graph();
    init_activation();
    init_conv();
    init_filter();
    init_pointwise();
    init_spread_wgsl();
    SPREAD = { name: "spread" };
  }
});

// src/models/upernet.ts
function inferUpernet(state) {
  const encoder = inferResnet(state, ENCODER, false);
  if (!encoder || !state.has(`${DECODER}ppm_conv.0.0.weight`)) {
    throw new WeightsError(
      "weights-shape",
      "These are not the weights of a UPerNet: a residual encoder (conv1\u2026conv3, layer1\u2026layer4) and a decoder (ppm_conv, fpn_in, conv_fusion, object_head) are expected.",
      "Unified parsing networks in the layout of CSAILVision/unifiedparsing can be loaded."
    );
  }
  const heads = {};
  for (const head of HEADS) {
    const shape = state.get(`${DECODER}${head}_head.1.weight`)?.shape;
    if (shape) heads[head] = shape[0];
  }
  if (heads.object === void 0) {
    throw new WeightsError(
      "weights-shape",
      "This decoder has no object head.",
      "An object_head is needed to name concepts."
    );
  }
  const config = { encoder, heads };
  checkUpernet(state, config);
  return config;
}
function checkUpernet(state, config) {
  const expected = new Expected(state);
  const stages = expectResnet(expected, state, ENCODER, config.encoder);
  const [, , , top = 0] = stages;
  let pooled = top;
  POOL_SCALES.forEach((_, i) => {
    pooled += expected.conv(`${DECODER}ppm_conv.${i}.0`, top, 1, `${DECODER}ppm_conv.${i}.1`);
  });
  const width = expected.conv(`${DECODER}ppm_last_conv.0`, pooled, 3, `${DECODER}ppm_last_conv.1`);
  for (const i of [0, 1, 2]) {
    expected.conv(`${DECODER}fpn_in.${i}.0`, stages[i], 1, `${DECODER}fpn_in.${i}.1`);
    expected.conv(`${DECODER}fpn_out.${i}.0.0`, width, 3, `${DECODER}fpn_out.${i}.0.1`);
  }
  expected.conv(`${DECODER}conv_fusion.0`, 4 * width, 3, `${DECODER}conv_fusion.1`);
  for (const head of Object.keys(config.heads)) {
    const inner = expected.conv(`${DECODER}${head}_head.0.0`, width, 3, `${DECODER}${head}_head.0.1`);
    expected.biased(`${DECODER}${head}_head.1`, inner, 1);
  }
  const ignored = (key2) => key2.endsWith("num_batches_tracked") || key2.startsWith(`${DECODER}scene_head`);
  checkShapes("a UPerNet", state, expected.shapes, ignored);
}
function upernet(graph, state, config, x, heads = ["object"]) {
  const filter = (key2, norm) => filterOf(state, `${DECODER}${key2}`, `${DECODER}${norm}`);
  const unit = (input, key2, norm, options = {}) => conv(graph, input, filter(key2, norm), { activation: "relu", ...options });
  const stages = resnet(graph, state, ENCODER, config.encoder, x);
  const top = stages[3];
  const [, height = 1, width = 1] = top.shape;
  const pyramid = POOL_SCALES.map(
    (scale, i) => unit(resize(graph, prroi(graph, top, scale), height, width), `ppm_conv.${i}.0`, `ppm_conv.${i}.1`)
  );
  const pooled = concat(graph, "ppm", [top, ...pyramid], height, width);
  let f = unit(pooled, "ppm_last_conv.0", "ppm_last_conv.1", { pad: 1 });
  const levels = [f];
  for (const i of [2, 1, 0]) {
    const lateral = unit(stages[i], `fpn_in.${i}.0`, `fpn_in.${i}.1`);
    f = resizeAdd(graph, f, lateral);
    levels.unshift(unit(f, `fpn_out.${i}.0.0`, `fpn_out.${i}.0.1`, { pad: 1 }));
  }
  const finest = levels[0];
  const logits = /* @__PURE__ */ new Map();
  const onFusion = heads.some((head) => head !== "material");
  const fused = onFusion ? convOfPyramid(graph, levels, filter("conv_fusion.0", "conv_fusion.1"), "relu") : finest;
  for (const head of heads) {
    const inner = unit(head === "material" ? finest : fused, `${head}_head.0.0`, `${head}_head.0.1`, { pad: 1 });
    logits.set(head, conv(graph, inner, filterOf(state, `${DECODER}${head}_head.1`)));
  }
  return { stages, logits };
}
var HEADS, ENCODER, DECODER, POOL_SCALES;
var init_upernet = __esm({
  "src/models/upernet.ts"() {
    "use strict";
    init_errors();
    init_conv();
    init_pyramid();
    init_resample();
    init_filters();
    init_resnet();
    init_state();
    HEADS = ["object", "part", "material"];
    ENCODER = "encoder.";
    DECODER = "decoder.";
    POOL_SCALES = [1, 2, 3, 6];
  }
});

// src/models/semantic.ts
function inferSemantic(state) {
  const residual = inferResnet(state, ENCODER, true);
  const mobile = inferMobilenet(state, ENCODER);
  const decoder = state.has(`${DECODER}ppm.0.1.weight`) ? "PPM" : state.has(`${DECODER}cbr.0.weight`) ? "C1" : void 0;
  if (!decoder || !(residual || mobile)) return void 0;
  const expected = new Expected(state);
  const encoder = residual ? { resnet: residual } : { mobilenet: mobile };
  const into = residual ? expectResnet(expected, state, ENCODER, residual)[3] : expectMobilenet(expected, state, ENCODER, mobile);
  const channels = decoder === "PPM" ? expectPooling(expected, into) : expectPlain(expected, into);
  const ignored = (key2) => /deepsup|num_batches_tracked$|\._tmp_running|\._running_iter$/.test(key2);
  const config = { encoder, decoder, channels };
  checkShapes(`a ${semanticName(config)} network`, state, expected.shapes, ignored);
  return config;
}
function expectPooling(expected, into) {
  let pooled = into;
  POOL_SCALES2.forEach((_, i) => {
    pooled += expected.conv(`${DECODER}ppm.${i}.1`, into, 1, `${DECODER}ppm.${i}.2`);
  });
  const inner = expected.conv(`${DECODER}conv_last.0`, pooled, 3, `${DECODER}conv_last.1`);
  return expected.biased(`${DECODER}conv_last.4`, inner, 1);
}
function expectPlain(expected, into) {
  const inner = expected.conv(`${DECODER}cbr.0`, into, 3, `${DECODER}cbr.1`);
  return expected.biased(`${DECODER}conv_last`, inner, 1);
}
function semantic(graph, state, { encoder, decoder }, x) {
  const top = "resnet" in encoder ? resnet(graph, state, ENCODER, encoder.resnet, x)[3] : mobilenet(graph, state, ENCODER, encoder.mobilenet, x);
  const filter = (key2, norm) => filterOf(state, `${DECODER}${key2}`, norm && `${DECODER}${norm}`);
  if (decoder === "C1") {
    const inner2 = conv(graph, top, filter("cbr.0", "cbr.1"), { pad: 1, activation: "relu" });
    return conv(graph, inner2, filter("conv_last"));
  }
  const [, height = 1, width = 1] = top.shape;
  const pyramid = POOL_SCALES2.map(
    (scale, i) => conv(graph, average(graph, top, scale, scale), filter(`ppm.${i}.1`, `ppm.${i}.2`), { activation: "relu" })
  );
  const pooled = concat(graph, "ppm", [top, ...pyramid], height, width);
  const inner = conv(graph, pooled, filter("conv_last.0", "conv_last.1"), { pad: 1, activation: "relu" });
  return conv(graph, inner, filter("conv_last.4"));
}
var POOL_SCALES2, semanticName;
var init_semantic = __esm({
  "src/models/semantic.ts"() {
    "use strict";
    init_conv();
    init_resample();
    init_filters();
    init_mobilenet();
    init_resnet();
    init_state();
    init_upernet();
    POOL_SCALES2 = [1, 2, 3, 6];
    semanticName = ({ encoder, decoder }) => `${decoder}, ${"resnet" in encoder ? resnetName(encoder.resnet) : "MobileNetV2 dilated"}`;
  }
});

// src/models/unified.ts
function unifiedLabels(file, config, options = {}) {
  const lists = file ?? {};
  const object = namesOf(lists, "object", config.heads.object);
  const objects = object.length - 1;
  const heads = headsOf(lists, config, options.heads);
  const quad = options.segdiv === "quad";
  const labels = object.map((name) => ({ name, category: "object" }));
  if (quad) {
    for (const quarter of QUARTERS) {
      for (const name of object.slice(1)) labels.push({ name: `${name}-${quarter}`, category: "part" });
    }
  }
  const maps = [
    { head: "object", ranges: [{ first: 0, count: object.length }], names: object.map((_, index) => index) }
  ];
  if (heads.includes("material")) {
    const material = namesOf(lists, "material", config.heads.material);
    const first = labels.length - 1;
    for (const name of material.slice(1)) labels.push({ name, category: "material" });
    maps.push({
      head: "material",
      ranges: [{ first: 0, count: material.length }],
      names: material.map((_, index) => index === 0 ? 0 : first + index)
    });
  }
  if (heads.includes("part")) maps.push(partMap(lists, config.heads.part, object, labels, options.parts ?? "default"));
  return { labels, maps, ...quad ? { quad: { objects } } : {} };
}
function partMap(lists, channels, object, labels, whose) {
  const owners = ownersOf(lists, object, channels);
  const ranges = object.map(() => ({ first: 0, count: 0 }));
  const names = new Array(channels).fill(0);
  const known = new Map(object.map((name, index) => [name, index]));
  let first = 0;
  for (const [owner, parts] of owners) {
    if (whose === "all" || OWNERS.includes(owner)) {
      ranges[known.get(owner)] = { first, count: parts.length };
      parts.forEach((name, index) => {
        let label = known.get(name);
        if (label === void 0) {
          label = labels.push({ name, category: "part" }) - 1;
          known.set(name, label);
        }
        names[first + index] = label;
      });
    }
    first += parts.length;
  }
  return { head: "part", ranges, names, gate: 0 };
}
function ownersOf(lists, object, channels) {
  const table2 = lists["object_part"] ?? {};
  const owners = Object.keys(table2).map((owner) => {
    const parts = table2[owner];
    if (!isStrings(parts) || parts[0] !== "-") {
      throw new LabelsError(`The parts of "${owner}" in the label file are no list that begins with "-".`, FIX2);
    }
    const index = object.indexOf(owner);
    if (index < 1) throw new LabelsError(`The label file lists parts of "${owner}", which is no object.`, FIX2);
    return { owner, parts, index };
  });
  owners.sort((a, b) => a.index - b.index);
  const total = owners.reduce((sum, { parts }) => sum + parts.length, 0);
  if (total !== channels) {
    throw new LabelsError(`The label file lists ${total} parts, but the part head has ${channels} channels.`, FIX2);
  }
  return owners.map(({ owner, parts }) => [owner, parts]);
}
function headsOf(lists, config, asked) {
  const named = (head) => {
    const list2 = head === "part" ? lists["object_part"] : lists[head];
    return typeof list2 === "object" && list2 !== null && Object.keys(list2).length > 0;
  };
  if (!asked) return HEADS.filter((head) => config.heads[head] !== void 0 && (head === "object" || named(head)));
  for (const head of asked) {
    if (!HEADS.includes(head)) {
      throw new UsageError(`There is no head "${head}".`, `Heads of unified parsing are ${HEADS.join(", ")}.`);
    }
    if (config.heads[head] === void 0) {
      throw new UsageError(
        `This network has no ${head} head.`,
        `It has ${Object.keys(config.heads).join(", ")}; ask for these.`
      );
    }
    if (!named(head)) throw new LabelsError(`The label file names no ${head}s.`, FIX2);
  }
  if (!asked.includes("object")) {
    throw new UsageError("The object head is always read: parts are told apart by their objects.", 'Add "object".');
  }
  return asked;
}
function namesOf(lists, head, channels) {
  const names = lists[head];
  if (!isStrings(names)) throw new LabelsError(`The label file has no list of names called "${head}".`, FIX2);
  if (names.length !== channels) {
    throw new LabelsError(
      `The label file names ${names.length} ${head}s, but the ${head} head has ${channels} channels.`,
      FIX2
    );
  }
  if (names.length < 2) throw new LabelsError("The label file names nothing but none.", FIX2);
  if (names[0] !== "-") throw new LabelsError(`The first ${head} is "${names[0]}" and not "-" (none).`, FIX2);
  if (new Set(names).size < names.length) {
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    throw new LabelsError(`The label file names the ${head} "${twice}" twice.`, FIX2);
  }
  return names;
}
var OWNERS, QUARTERS, FIX2, isStrings;
var init_unified = __esm({
  "src/models/unified.ts"() {
    "use strict";
    init_errors();
    init_upernet();
    OWNERS = ["sky", "building", "person"];
    QUARTERS = ["t", "l", "b", "r"];
    FIX2 = 'Give the labels.json that came with the network: {"object": ["-", \u2026]}.';
    isStrings = (value) => Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string");
  }
});

// src/models/recognise.ts
var recognise_exports = {};
__export(recognise_exports, {
  OPERATIONS: () => OPERATIONS,
  parseOperations: () => parseOperations,
  recognise: () => recognise
});
function recognise({ state, labels, operations }, options = {}) {
  refuseSwapped(state);
  const segsizes = segsizesOf(labels);
  if (operations) {
    refuseUnified(options, operations.architecture);
    const sizes = segsizes ?? SEGSIZES;
    const x = new Graph("gpu").map("image", 1, sizes[0], sizes[0], 3);
    const channels = channelsOf(() => runOperations(new Graph("gpu"), state, operations, x));
    return {
      ...semanticLabels(labels, "logits", channels),
      architecture: operations.architecture,
      state,
      segsizes: sizes,
      enlarge: "bilinear",
      ...operations.sampling ? { sampling: operations.sampling } : {},
      logits: (graph, pixels) => /* @__PURE__ */ new Map([["logits", runOperations(graph, state, operations, pixels)]])
    };
  }
  const other = inferSemantic(state);
  if (other) {
    const architecture = semanticName(other);
    refuseUnified(options, architecture);
    return {
      ...semanticLabels(labels, "logits", other.channels),
      architecture,
      state,
      segsizes: segsizes ?? SEGSIZES,
      logits: (graph, x) => /* @__PURE__ */ new Map([["logits", semantic(graph, state, other, x)]])
    };
  }
  if (!state.has(`${DECODER}ppm_conv.0.0.weight`)) throw unknown(state);
  const config = inferUpernet(state);
  return {
    ...unifiedLabels(labels, config, options),
    architecture: `UPerNet, ${resnetName(config.encoder)}`,
    state,
    pixels: UNIFIED_PIXELS,
    segsizes: segsizes ?? SEGSIZES,
    logits: (graph, x, heads) => upernet(graph, state, config, x, [...heads]).logits
  };
}
function channelsOf(run) {
  try {
    return run().channels;
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause;
    throw new WeightsError(
      "weights-format",
      `The list of operations in this file does not fit together: ${cause.message}`,
      "See docs/segmenters.md for its form, and check the input size.",
      { cause }
    );
  }
}
function refuseUnified({ heads, segdiv, parts }, architecture) {
  const asked = [heads && "heads", segdiv && "segdiv", parts && "parts"].filter(Boolean);
  if (asked.length === 0) return;
  throw new UsageError(
    `${asked.join(" and ")} are for unified parsing networks; this is ${architecture}.`,
    "Leave them out."
  );
}
function refuseSwapped(state) {
  const decoderFirst = ["ppm_conv.0.0", "ppm.0.1", "cbr.0"].some((key2) => state.has(`${ENCODER}${key2}.weight`));
  const encoderLast = ["conv1", "features.0.0"].some((key2) => state.has(`${DECODER}${key2}.weight`));
  const right = ["conv1", "features.0.0"].some((key2) => state.has(`${ENCODER}${key2}.weight`));
  if ((decoderFirst || encoderLast) && !right) {
    throw new WeightsError("weights-shape", "Encoder and decoder are swapped.", "Give them the other way round.");
  }
}
function unknown(state) {
  const encoder = inferResnet(state, ENCODER, false);
  const mobile = inferMobilenet(state, ENCODER);
  const found2 = encoder ? resnetName(encoder) : mobile ? "MobileNetV2" : void 0;
  const decoder = [...state.keys()].filter((key2) => key2.startsWith(DECODER));
  const some = (keys) => keys.slice(0, 4).join(", ");
  const parts = [
    found2 ? `The encoder is a ${found2}, but the decoder is none that is known` : "These are not the weights of a UPerNet or of another segmenter that is known",
    found2 && decoder.length > 0 ? ` (it has ${some(decoder)})` : "",
    found2 ? "." : ` (the file has ${some([...state.keys()]) || "no tensors"}).`
  ];
  return new WeightsError(
    "weights-shape",
    parts.join(""),
    "Known are unified parsing's UPerNet (encoder conv1\u2026layer4, decoder ppm_conv, fpn_in, conv_fusion, object_head), pyramid pooling (decoder ppm, conv_last) and C1 (cbr, conv_last) on dilated ResNets and MobileNetV2, and lists of operations; for others use defineSegmenter."
  );
}
var UNIFIED_PIXELS, SEGSIZES;
var init_recognise = __esm({
  "src/models/recognise.ts"() {
    "use strict";
    init_errors();
    init_graph();
    init_labels();
    init_mobilenet();
    init_operations();
    init_resnet();
    init_semantic();
    init_unified();
    init_upernet();
    init_operations();
    UNIFIED_PIXELS = {
      order: "BGR",
      range: 255,
      mean: [102.9801, 115.9465, 122.7717],
      deviation: [1, 1, 1]
    };
    SEGSIZES = [256];
  }
});

// src/models/generator.ts
init_errors();
init_graph();

// src/runtime/tune.ts
init_errors();
init_graph();

// src/runtime/plan.ts
init_errors();
init_device();
init_graph();
init_kernel();

// src/runtime/scope.ts
var Scope = class {
  #resources = [];
  /** Takes over a resource. */
  own(resource) {
    this.#resources.push(resource);
    return resource;
  }
  dispose() {
    for (const resource of this.#resources.splice(0).reverse()) resource.dispose();
  }
};

// src/runtime/plan.ts
init_tensor();
var PARAMS_STRIDE = 256;
var Plan = class _Plan {
  device;
  /** Bytes of GPU memory that this plan owns. */
  bytes;
  #dispatches;
  #tensors;
  #scope;
  #disposed = false;
  constructor(device, bytes2, dispatches, tensors, scope) {
    this.device = device;
    this.bytes = bytes2;
    this.#dispatches = dispatches;
    this.#tensors = tensors;
    this.#scope = scope;
  }
  /** Allocates everything, writes every step's parameters once, and compiles all pipelines in parallel. */
  static async compile(device, graph, options = {}) {
    options.signal?.throwIfAborted();
    if (graph.tuned === device.tuned) device.tuning.settle(graph.tunables);
    const tensors = /* @__PURE__ */ new Map();
    for (const [value, tensor] of options.bind ?? []) {
      if (tensor.bytes < bytesOf(value)) {
        throw new ShapeError(`"${tensor.label}" [${tensor.shape}] cannot stand for "${value.label}" [${value.shape}].`);
      }
      tensors.set(value.id, tensor);
    }
    const kept = new Map([...options.keep ?? [], ...inputsOf(graph)].map((value) => [value.id, value]));
    for (const id of tensors.keys()) kept.delete(id);
    const { slotOf, sizes } = assignSlots(graph, /* @__PURE__ */ new Set([...kept.keys(), ...tensors.keys()]));
    const scope = new Scope();
    try {
      return await device.allocating("a plan", () => {
        const slots = sizes.map((size, index) => {
          const buffer = device.createBuffer(`slot ${index}`, size, BUFFER.STORAGE | BUFFER.COPY_SRC);
          scope.own({ dispose: () => device.release(buffer) });
          return buffer;
        });
        for (const [id, value] of kept) {
          const tensor = Tensor.create(device, value.label, value.shape, value.dtype);
          tensors.set(id, tensor);
          scope.own(tensor);
        }
        const uniforms = device.createBuffer(
          "params",
          PARAMS_STRIDE * Math.max(1, graph.steps.length),
          BUFFER.UNIFORM | BUFFER.COPY_DST
        );
        scope.own({ dispose: () => device.release(uniforms) });
        return { slots, uniforms };
      }).then(async ({ slots, uniforms }) => {
        const dispatches = await Promise.all(
          graph.steps.map(async ({ kernel: kernel37, choices, params, bindings, grid, flops }, index) => {
            const entries = Object.keys(kernel37.bindings).map((name, position) => {
              const value = bindings[name];
              const buffer = tensors.get(value.id)?.buffer ?? slots[slotOf.get(value.id)];
              return { binding: position + 1, resource: { buffer, size: bytesOf(value) } };
            });
            const size = paramsSize(kernel37);
            if (size > 0) {
              const offset = index * PARAMS_STRIDE;
              device.gpu.queue.writeBuffer(uniforms, offset, packParams(kernel37, params));
              entries.push({ binding: 0, resource: { buffer: uniforms, offset, size } });
            }
            const group = device.gpu.createBindGroup({ label: kernel37.name, layout: device.layout(kernel37), entries });
            const pipeline = await device.pipeline(kernel37, specialize(kernel37, choices));
            return { pipeline, group, grid, flops };
          })
        );
        options.signal?.throwIfAborted();
        device.check();
        const bytes2 = sizes.reduce((sum, size) => sum + size, 0) + [...kept.values()].reduce((sum, value) => sum + bytesOf(value), 0);
        return new _Plan(device, bytes2, dispatches, tensors, scope);
      });
    } catch (error) {
      scope.dispose();
      throw error;
    }
  }
  /** The tensor of a kept, bound or input value. */
  tensor(value) {
    const tensor = this.#tensors.get(value.id);
    if (!tensor) throw new ShapeError(`"${value.label}" is not kept by this plan.`, "Name it in `keep`.");
    return tensor;
  }
  /** Submits every step, in as many submits of at least one dispatch as leave a page that shares the GPU its frames. */
  run() {
    this.device.check();
    if (this.#disposed) throw new ShapeError("This plan was disposed.", "Compile a new one.");
    const { pace } = this.device;
    const { queue } = this.device.gpu;
    let start = 0;
    while (start < this.#dispatches.length) {
      const encoder = this.device.gpu.createCommandEncoder();
      const pass = encoder.beginComputePass();
      let flops = 0;
      let index = start;
      for (; index < this.#dispatches.length && (index === start || flops < pace.submitFlops); index += 1) {
        const { pipeline, group, grid, flops: work } = this.#dispatches[index];
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...grid);
        flops += work;
      }
      pass.end();
      queue.submit([encoder.finish()]);
      pace.submitted(flops);
      start = index;
    }
  }
  dispose() {
    this.#disposed = true;
    this.#scope.dispose();
  }
  [Symbol.dispose]() {
    this.dispose();
  }
};
function inputsOf(graph) {
  const known = /* @__PURE__ */ new Set();
  const inputs = [];
  for (const { kernel: kernel37, bindings } of graph.steps) {
    const entries = Object.entries(bindings);
    for (const [name, value] of entries) {
      if (kernel37.bindings[name] === "read" && !known.has(value.id)) {
        known.add(value.id);
        inputs.push(value);
      }
    }
    for (const [, value] of entries) known.add(value.id);
  }
  return inputs;
}

// src/runtime/tune.ts
var BUDGET = 3e3;
var IMAGES = 4;
var MEMORY = 512 * 2 ** 20;
var SAMPLE = 4;
var MOST_RUNS = 64;
var ROUNDS = 3;
var GAIN = 0.97;
var HOPELESS = 2;
async function tune(device, describe2, signal) {
  const { tuning } = device;
  if (!tuning.measures) return;
  signal?.throwIfAborted();
  let waits = true;
  const turn = tuning.turn.then(() => {
    waits = false;
    return timeAll(device, describe2().tunables, signal);
  });
  tuning.turn = turn.catch(() => {
  });
  await new Promise((resolve, reject) => {
    const stop = () => void (waits && reject(signal?.reason));
    signal?.addEventListener("abort", stop);
    turn.then(resolve, reject).finally(() => signal?.removeEventListener("abort", stop));
  });
}
async function timeAll(device, tunables, signal) {
  const { tuning } = device;
  await tuning.restored();
  const work = ({ alone, storage }) => {
    const graph = new Graph(device.target, storage);
    alone(graph, 1);
    return graph.flops;
  };
  const open2 = [...tunables].filter(tuning.isOpen).sort(([, a], [, b]) => work(b) - work(a));
  const end = performance.now() + BUDGET;
  const left = () => {
    signal?.throwIfAborted();
    return performance.now() < end;
  };
  try {
    for (const operation of open2) {
      if (!left()) break;
      const way = await fastest(device, operation, left);
      if (way !== void 0 && tuning.isOpen(operation)) tuning.tuned.set(operation[0], way);
    }
  } finally {
    if (open2.length > 0) await tuning.keep();
  }
  tuning.settle(tunables);
}
async function fastest(device, [name, { ways, alone, storage }], left) {
  const graphOf = (way, images2) => {
    const graph = new Graph(device.target, storage, /* @__PURE__ */ new Map([[name, way]]));
    alone(graph, images2);
    return graph;
  };
  const images = ways.every((way) => fits(device, graphOf(way, IMAGES))) ? IMAGES : 1;
  let best;
  try {
    for (const way of ways) {
      if (best && !left()) break;
      const plan = await tryPlan(device, graphOf(way, images));
      if (!plan) continue;
      let loser = { way, plan, runs: 0, last: 0 };
      try {
        if (!best || await beats(device, loser, best, left)) [best, loser] = [loser, best];
      } finally {
        loser?.plan.dispose();
      }
    }
    return best?.way;
  } finally {
    best?.plan.dispose();
  }
}
function fits({ gpu }, graph) {
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.limits;
  const sizes = graph.values.map(bytesOf);
  return Math.max(...sizes) <= Math.min(maxStorageBufferBindingSize, maxBufferSize) && sizes.reduce((sum, size) => sum + size, 0) <= MEMORY / 2;
}
async function tryPlan(device, graph) {
  if (!fits(device, graph)) return;
  try {
    return await Plan.compile(device, graph);
  } catch (error) {
    device.check();
    if (!(error instanceof GanatomyError)) throw error;
    return;
  }
}
async function beats(device, challenger, best, left) {
  for (const racer of [best, challenger]) if (racer.runs === 0) await warmUp(device, racer, left);
  if (challenger.last > HOPELESS * best.last) return false;
  let [least, leastOfBest] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS; round += 1) {
    if (!left()) return false;
    leastOfBest = Math.min(leastOfBest, await sample(device, best));
    if (!left()) return false;
    least = Math.min(least, await sample(device, challenger));
  }
  return least > 0 && least < GAIN * leastOfBest;
}
async function warmUp(device, racer, left) {
  racer.runs = 1;
  await sample(device, racer);
  while (left() && await sample(device, racer) * racer.runs < SAMPLE && racer.runs < MOST_RUNS) racer.runs *= 2;
}
async function sample(device, racer) {
  const start = performance.now();
  for (let i = 0; i < racer.runs; i += 1) racer.plan.run();
  await device.idle();
  racer.last = (performance.now() - start) / racer.runs;
  return racer.last;
}

// src/weights/checkpoint.ts
init_errors();
init_bytes();

// src/weights/safetensors.ts
init_errors();
init_bytes();
init_dtype();
init_layout();
init_tensor2();
var LENGTH_BYTES = 8;
var MAX_HEADER_BYTES = 1e8;
var DTYPES = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U64: "uint64",
  U32: "uint32",
  U16: "uint16",
  U8: "uint8",
  BOOL: "bool"
};
var NAMES = new Map(Object.entries(DTYPES).map(([name, dtype]) => [dtype, name]));
async function openSafetensors(source, options = {}) {
  const prefix = viewOf(await readExactly(source, 0, LENGTH_BYTES, options));
  const headerBytes = Number(prefix.getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES) throw damaged(source.name, `its header claims ${headerBytes} bytes`);
  const dataStart = LENGTH_BYTES + headerBytes;
  const header = parseHeader(await readExactly(source, LENGTH_BYTES, dataStart, options), source.name);
  const { __metadata__: metadata = {}, ...described } = header;
  const places = Object.entries(described).map(([name, value]) => parsePlace(name, value, source.name));
  checkTiling(places, source.size - dataStart, source.name);
  const tensors = /* @__PURE__ */ new Map();
  for (const { name, dtype, shape, start, end } of places) {
    const available = (end - start) / BYTES_PER_ELEMENT[dtype];
    const bytes2 = section(source, dataStart + start, end - start, `tensor "${name}" of ${source.name}`);
    tensors.set(name, checkpointTensor({ name, dtype, shape, available, bytes: bytes2 }));
  }
  return { source, format: "safetensors", tensors, metadata: parseMetadata(metadata, source.name) };
}
function parseHeader(bytes2, file) {
  let header;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes2));
  } catch (cause) {
    throw damaged(file, "its header is no JSON", cause);
  }
  if (!isObject(header)) throw damaged(file, "its header is no JSON object");
  return header;
}
function parsePlace(name, value, file) {
  const { dtype, shape, data_offsets: offsets } = isObject(value) ? value : {};
  if (typeof dtype !== "string" || !isIndices(shape) || !isIndices(offsets) || offsets.length !== 2) {
    throw damaged(file, `tensor "${name}" is not described by dtype, shape and data_offsets`);
  }
  if (!Object.hasOwn(DTYPES, dtype)) throw damaged(file, `tensor "${name}" has the unknown dtype ${dtype}`);
  const type = DTYPES[dtype];
  const [start, end] = offsets;
  const wanted = elementCount(shape, name) * BYTES_PER_ELEMENT[type];
  if (end - start !== wanted) {
    throw new WeightsError(
      "weights-shape",
      `Tensor "${name}" of ${file} has ${end - start} bytes where [${shape}] \xD7 ${type} needs ${wanted}.`,
      "The file is damaged; download or write it again."
    );
  }
  return { name, dtype: type, shape, start, end };
}
function checkTiling(places, size, file) {
  let at = 0;
  for (const { name, start, end } of [...places].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start < at) throw damaged(file, `tensor "${name}" overlaps another one`);
    if (start > at) throw damaged(file, `bytes ${at} to ${start} belong to no tensor`);
    at = end;
  }
  if (at > size) throw damaged(file, `it is truncated: its tensors need ${at} bytes, it has ${size}`);
  if (at < size) throw damaged(file, `${size - at} bytes follow its last tensor`);
}
function parseMetadata(value, file) {
  if (!isObject(value) || !Object.values(value).every((each) => typeof each === "string")) {
    throw damaged(file, "its metadata are not strings");
  }
  return Object.freeze(value);
}
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function isIndices(value) {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}
function damaged(file, what, cause) {
  const message = `${file} is damaged: ${what}.`;
  return new WeightsError("weights-format", message, "Download or write the file again.", { cause });
}

// src/weights/sniff.ts
init_errors();
init_bytes();
var SNIFF_BYTES = 1024;
var DOWNLOAD_LINK = "Check the address: use the link that downloads the file itself, not the page that shows it.";
var RESAVE = "In Python, load it and save the state dict: torch.save(model.state_dict(), path).";
var IMPOSTORS = [
  {
    looks: (_, text) => text.startsWith("version https://git-lfs"),
    what: "a Git LFS pointer, not the file it points to",
    fix: "Run `git lfs pull`, or use the link that downloads the file itself (on GitHub: media.githubusercontent.com)."
  },
  { looks: (_, text) => /^<(!doctype html|html|head|body|!--)/.test(text), what: "an HTML page", fix: DOWNLOAD_LINK },
  {
    looks: (_, text) => text.startsWith("<?xml"),
    what: "an XML document, perhaps a storage server's error message",
    fix: DOWNLOAD_LINK
  },
  {
    looks: (head) => starts(head, 31, 139),
    what: "compressed with gzip",
    fix: "Unpack it first: gunzip, or tar -xzf."
  },
  { looks: (head) => starts(head, 253, 55, 122, 88, 90), what: "compressed with xz", fix: "Unpack it first." },
  { looks: (head) => starts(head, 66, 90, 104), what: "compressed with bzip2", fix: "Unpack it first." },
  { looks: (head) => starts(head, 40, 181, 47, 253), what: "compressed with zstd", fix: "Unpack it first." },
  {
    looks: (head) => latin1(head.subarray(257, 262)) === "ustar",
    what: "a tar archive (perhaps weights saved before PyTorch 0.2)",
    fix: `Unpack it, or if it is one checkpoint: ${RESAVE}`
  },
  {
    looks: (head) => starts(head, 137, 72, 68, 70),
    what: "HDF5 (Keras .h5)",
    fix: "Convert it to safetensors or .npz in Python."
  },
  {
    looks: (head) => latin1(head.subarray(0, 4)) === "GGUF",
    what: "GGUF",
    fix: "Convert it to safetensors in Python."
  },
  {
    looks: (head) => starts(head, 8) && head[1] <= 20 && [18, 34, 42, 58, 66].includes(head[2] ?? 0),
    what: "an ONNX model",
    fix: "Load the checkpoint it was exported from."
  },
  {
    looks: (head) => starts(head, 137, 80, 78, 71) || starts(head, 255, 216, 255) || /^(GIF8|RIFF....WEBP)/s.test(latin1(head)),
    what: "an image",
    fix: "Give the generator's weights."
  },
  {
    looks: (_, text) => /^[{[]/.test(text),
    what: "JSON",
    fix: "If it is an index of shards, load the files it names."
  }
];
function sniffContainer(head, size, name) {
  if (size === 0) throw new WeightsError("weights-format", `${name} is empty.`, "Download or copy the file again.");
  if (starts(head, 80, 75, 3, 4) || starts(head, 80, 75, 5, 6)) return "zip";
  if (starts(head, 147, 78, 85, 77, 80, 89)) return "npy";
  if (head[0] === 128 && head[1] >= 2 && head[1] <= 5) return "pickle";
  if (looksLikeSafetensors(head)) return "safetensors";
  const text = latin1(head).replace(/^ï»¿/, "").trimStart().toLowerCase();
  const impostor = IMPOSTORS.find(({ looks }) => looks(head, text));
  if (impostor) {
    throw new WeightsError("weights-format", `${name} is no checkpoint: it looks like ${impostor.what}.`, impostor.fix);
  }
  const bytes2 = Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  throw new WeightsError(
    "weights-format",
    `${name} is no checkpoint that is known here; it begins with ${bytes2}.`,
    "Give a .pth file of torch.save, .safetensors, .npz or .npy."
  );
}
function looksLikeSafetensors(head) {
  if (head.length <= LENGTH_BYTES || head[LENGTH_BYTES] !== 123) return false;
  return Number(viewOf(head).getBigUint64(0, true)) <= MAX_HEADER_BYTES;
}
function starts(head, ...bytes2) {
  return bytes2.every((byte, i) => head[i] === byte);
}
function latin1(bytes2) {
  return String.fromCharCode(...bytes2);
}

// src/weights/source.ts
init_errors();
init_abort();
init_bytes();

// src/weights/http.ts
init_errors();
init_abort();
init_bytes();

// src/weights/http-client.ts
init_errors();
init_abort();
init_bytes();
var Progress = class {
  #name;
  #onProgress;
  #reported = 0;
  constructor(name, onProgress) {
    this.#name = name;
    this.#onProgress = onProgress;
  }
  report(loaded, total) {
    if (loaded <= this.#reported) return;
    this.#reported = loaded;
    this.#onProgress?.({ loaded, total, name: this.#name });
  }
};
var HttpClient = class {
  /** The whole address: what is requested, and the key in a cache. */
  url;
  /** Last part of the path. */
  name;
  progress;
  /** Whether the request may be sent again, as ranges need: a GET without side effects. */
  repeatable;
  #target;
  #fetch;
  /** The address for messages: without the query, which often holds a token. */
  #shown;
  constructor(target, options) {
    const request = target instanceof URL ? void 0 : target;
    const url = request ? new URL(request.url) : target;
    const web = url.protocol === "http:" || url.protocol === "https:";
    this.#target = target;
    this.url = url.href;
    this.name = web ? lastPart(url) : `${url.protocol} URL`;
    this.#shown = web ? url.origin + url.pathname : `the ${url.protocol} URL`;
    this.repeatable = web && (request?.method ?? "GET") === "GET";
    this.#fetch = options.fetch ?? globalThis.fetch;
    this.progress = new Progress(this.name, options.onProgress);
  }
  /**
   * Requests the file, or bytes [start, end) of it. Resolves with a success, or with 416 when a range was asked for.
   * @throws GanatomyError `not-found` or `network`; the signal's reason.
   */
  async get(signal, range) {
    const request = this.#target instanceof URL ? void 0 : this.#target;
    const headers = new Headers(request?.headers);
    if (range) headers.set("range", `bytes=${range[0]}-${range[1] - 1}`);
    const signals = [signal, request?.signal].filter((each) => each !== void 0);
    const init = { headers, ...signals.length > 0 && { signal: AbortSignal.any(signals) } };
    const fetch = this.#fetch;
    let response;
    try {
      response = await abortable(fetch(request ?? this.url, init), init.signal ?? void 0);
    } catch (cause) {
      for (const each of signals) each.throwIfAborted();
      throw this.unreachable(cause);
    }
    if (response.ok || range && response.status === 416) return response;
    discard(response);
    throw this.#refused(response);
  }
  unreachable(cause) {
    return new GanatomyError(
      "network",
      `${this.#shown} could not be fetched: ${reasonOf(cause)}.`,
      "Check the address and the connection. From a page on another origin the server must also allow it (CORS: Access-Control-Allow-Origin).",
      { cause }
    );
  }
  broken(loaded, total, cause) {
    const progress = total === void 0 ? `${loaded} bytes` : `${loaded} of ${total} bytes`;
    const why = cause === void 0 ? "" : ` (${reasonOf(cause)})`;
    const message = `The transfer of ${this.#shown} ended after ${progress}${why}.`;
    return new GanatomyError("network", message, "Check the connection and load it again.", { cause });
  }
  #refused({ status, statusText }) {
    const answer = `${this.#shown} answered ${status}${statusText ? ` ${statusText}` : ""}.`;
    if (status === 404 || status === 410) {
      return new GanatomyError("not-found", answer, "Check the address: there is no such file on the server.");
    }
    if (status === 401 || status === 403) {
      return new GanatomyError("network", answer, "Access is denied: pass a Request with the credentials it needs.");
    }
    return new GanatomyError("network", answer, "The server failed; try again later or use another mirror.");
  }
};
function lastPart(url) {
  const part2 = url.pathname.split("/").pop() || url.host;
  try {
    return decodeURIComponent(part2);
  } catch {
    return part2;
  }
}
function reasonOf(error) {
  if (!(error instanceof Error)) return String(error);
  const inner = error.cause instanceof Error ? error.cause : void 0;
  const code = inner && "code" in inner ? inner.code : void 0;
  const detail = code ?? inner?.message;
  return detail === void 0 ? error.message : `${error.message} (${detail})`;
}
function discard(response) {
  response.body?.cancel().catch(() => {
  });
}
function contentRange(response) {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
  if (response.status !== 206 || !match || isEncoded(response)) return void 0;
  const [start, last, total] = match.slice(1).map(Number);
  return start <= last && last < total ? { start, end: last + 1, total } : void 0;
}
function isEncoded(response) {
  const encoding = response.headers.get("content-encoding");
  return encoding !== null && encoding !== "identity";
}
async function readBody(response, client, signal, exact, onBytes = (loaded, total) => client.progress.report(loaded, total)) {
  const header = isEncoded(response) ? null : response.headers.get("content-length");
  const length = exact ?? (header !== null && /^\d+$/.test(header) ? Number(header) : void 0);
  let bytes2 = allocateBytes(length ?? 64 * 1024, client.name);
  let loaded = 0;
  const reader = response.body?.getReader();
  try {
    while (reader) {
      const { done, value } = await abortable(reader.read(), signal);
      if (done) break;
      if (loaded + value.length > bytes2.length) {
        if (exact !== void 0) throw client.broken(loaded, exact, "the server sent more than was asked for");
        bytes2 = grown(bytes2, loaded, loaded + value.length, client.name);
      }
      bytes2.set(value, loaded);
      loaded += value.length;
      onBytes(loaded, length !== void 0 && loaded <= length ? length : void 0);
    }
  } catch (error) {
    reader?.cancel(error).catch(() => {
    });
    signal?.throwIfAborted();
    throw error instanceof GanatomyError ? error : client.broken(loaded, length, error);
  }
  if (length !== void 0 && loaded < length) throw client.broken(loaded, length);
  return loaded === bytes2.length ? bytes2 : bytes2.slice(0, loaded);
}
function grown(bytes2, used, needed, name) {
  const larger = allocateBytes(Math.max(needed, 2 * bytes2.length), name);
  larger.set(bytes2.subarray(0, used));
  return larger;
}

// src/weights/http-ranges.ts
init_errors();
init_abort();
var GAP_BYTES = 128 * 1024;
var KEPT_SEGMENTS = 4;
var KEPT_BYTES = 2 * GAP_BYTES;
var RangeSource = class {
  name;
  size;
  #client;
  #etag;
  #kept;
  #wishes = [];
  #loaded;
  /** `head`: the bytes from 0 that the first request brought. */
  constructor(client, size, etag, head) {
    this.name = client.name;
    this.size = size;
    this.#client = client;
    this.#etag = etag;
    this.#kept = [{ start: 0, bytes: head }];
    this.#loaded = head.length;
  }
  async read(start, end, options = {}) {
    const { signal } = options;
    signal?.throwIfAborted();
    const held = this.#kept.find((segment) => covers(segment, start, end));
    if (held) return cut(held, start, end);
    const granted = new Promise((resolve, reject) => {
      if (this.#wishes.length === 0) setTimeout(() => this.#flush(), 0);
      this.#wishes.push({ start, end, signal, resolve, reject });
    });
    return abortable(granted, signal);
  }
  #flush() {
    const wishes = this.#wishes.filter((wish) => !wish.signal?.aborted).sort((a, b) => a.start - b.start);
    this.#wishes = [];
    let group = [];
    let end = 0;
    for (const wish of wishes) {
      if (group.length > 0 && wish.start > end + GAP_BYTES) {
        void this.#grant(group, end);
        group = [];
        end = 0;
      }
      group.push(wish);
      end = Math.max(end, wish.end);
    }
    if (group.length > 0) void this.#grant(group, end);
  }
  /** Fetches one range for a group of wishes; gives up only when nobody in the group wants it any more. */
  async #grant(group, end) {
    const abort = new AbortController();
    const onAbort = () => {
      if (group.every((wish) => wish.signal?.aborted)) abort.abort();
    };
    for (const { signal } of group) signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const start = group[0].start - group[0].start % 64;
      const segment = await this.#fetch(start, Math.min(this.size, Math.max(end, start + GAP_BYTES)), abort.signal);
      if (segment.bytes.length <= KEPT_BYTES) this.#kept = [segment, ...this.#kept].slice(0, KEPT_SEGMENTS);
      for (const wish of group) wish.resolve(cut(segment, wish.start, wish.end));
    } catch (error) {
      for (const wish of group) wish.reject(error);
    } finally {
      for (const { signal } of group) signal?.removeEventListener("abort", onAbort);
    }
  }
  async #fetch(start, end, signal) {
    const response = await this.#client.get(signal, [start, end]);
    const range = contentRange(response);
    const etag = response.headers.get("etag");
    if (range?.total !== this.size || range.start !== start || range.end !== end || etag !== this.#etag) {
      discard(response);
      throw new WeightsError(
        "weights-integrity",
        `${this.name} changed on the server while it was read, or the server stopped answering ranges (status ${response.status}).`,
        "Load it again, or give its sha256 so that it is downloaded in one piece and checked."
      );
    }
    let seen = 0;
    const bytes2 = await readBody(response, this.#client, signal, end - start, (loaded) => {
      this.#loaded += loaded - seen;
      seen = loaded;
      this.#client.progress.report(Math.min(this.#loaded, this.size), this.size);
    });
    return { start, bytes: bytes2 };
  }
};
function covers({ start, bytes: bytes2 }, from, to) {
  return start <= from && to <= start + bytes2.length;
}
function cut({ start, bytes: bytes2 }, from, to) {
  return bytes2.subarray(from - start, to - start);
}

// src/weights/integrity.ts
init_errors();
function parseSha256(text) {
  const hex = text.trim().toLowerCase();
  if (!/^[0-9a-f]{8,64}$/.test(hex)) {
    throw new UsageError(`sha256 "${text}" is not a SHA-256.`, "Give 64 hex digits, or the first 8 or more of them.");
  }
  if (globalThis.crypto?.subtle === void 0) {
    throw new UnsupportedError(
      "insecure-context",
      "A SHA-256 cannot be checked here: crypto.subtle exists only in secure contexts.",
      "Serve the page over https or from localhost, or load without sha256."
    );
  }
  return hex;
}
async function verifySha256(bytes2, expected, name) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes2));
  const actual = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (actual.startsWith(expected)) return;
  throw new WeightsError(
    "weights-integrity",
    `${name} has SHA-256 ${actual}, expected ${expected}.`,
    "The file is damaged, has been replaced, or the expected hash belongs to another file; download it again or correct the hash."
  );
}

// src/weights/http.ts
var PROBE_BYTES = 256 * 1024;
async function openHttp(target, options) {
  const client = new HttpClient(target, options);
  const wantsWhole = options.sha256 !== void 0 || options.cache !== void 0;
  if (client.repeatable && !wantsWhole) return probe(client, options.signal);
  const bytes2 = await loadWhole(client, options);
  return memorySource(bytes2, client.name);
}
async function probe(client, signal) {
  let response;
  try {
    response = await client.get(signal, [0, PROBE_BYTES]);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Error && error.cause === void 0) throw error;
    return download(client, signal, error);
  }
  if (response.status === 200) return memorySource(await readBody(response, client, signal), client.name);
  const range = contentRange(response);
  if (range === void 0 || range.start !== 0) {
    discard(response);
    return download(client, signal);
  }
  const report = (loaded) => client.progress.report(loaded, range.total);
  const head = await readBody(response, client, signal, range.end, report);
  if (range.end === range.total) return memorySource(head, client.name);
  return new RangeSource(client, range.total, response.headers.get("etag"), head);
}
async function download(client, signal, earlier) {
  try {
    return memorySource(await readBody(await client.get(signal), client, signal), client.name);
  } catch (error) {
    signal?.throwIfAborted();
    throw earlier ?? error;
  }
}
async function loadWhole(client, options) {
  const { signal, sha256, onWarning } = options;
  const cache = client.repeatable ? options.cache : void 0;
  const cached = cache && await readCache(cache, client, options);
  if (cached) return cached;
  const bytes2 = await readBody(await client.get(signal), client, signal);
  if (sha256 !== void 0) await abortable(verifySha256(bytes2, sha256, client.name), signal);
  if (cache) {
    try {
      await abortable(cache.put(client.url, asResponse(bytes2)), signal);
    } catch (error) {
      signal?.throwIfAborted();
      onWarning?.(`${client.name} could not be kept in the cache, it will be downloaded again next time: ${error}`);
    }
  }
  return bytes2;
}
async function readCache(cache, client, { signal, sha256, onWarning }) {
  try {
    const response = await abortable(cache.match(client.url), signal);
    if (!response?.ok) return void 0;
    const bytes2 = await readBody(response, client, signal);
    if (sha256 !== void 0) await abortable(verifySha256(bytes2, sha256, client.name), signal);
    return bytes2;
  } catch (error) {
    signal?.throwIfAborted();
    const damaged5 = error instanceof WeightsError && error.code === "weights-integrity";
    onWarning?.(
      `The cached copy of ${client.name} ${damaged5 ? "is damaged" : `cannot be read (${error})`}; downloading it.`
    );
    return void 0;
  }
}
function asResponse(bytes2) {
  const step = 2 ** 20;
  let at = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (at < bytes2.length) controller.enqueue(bytes2.subarray(at, at + step));
      else controller.close();
      at += step;
    }
  });
  const headers = { "content-type": "application/octet-stream", "content-length": String(bytes2.length) };
  return new Response(body, { headers });
}

// src/weights/source.ts
async function openSource(like, options = {}) {
  options.signal?.throwIfAborted();
  const sha256 = options.sha256 === void 0 ? void 0 : parseSha256(options.sha256);
  if (typeof like === "string") return openHttp(resolveUrl(like), { ...options, sha256 });
  if (like instanceof URL) return openHttp(checkScheme(like), { ...options, sha256 });
  if (isRequest(like)) return openHttp(like, { ...options, sha256 });
  const source = localSource(like);
  if (sha256 === void 0) return source;
  const bytes2 = await readExactly(source, 0, source.size, options);
  await abortable(verifySha256(bytes2, sha256, source.name), options.signal);
  return memorySource(bytes2, source.name);
}
function localSource(like) {
  if (typeof Blob !== "undefined" && like instanceof Blob) return blobSource(like);
  if (ArrayBuffer.isView(like)) return memorySource(new Uint8Array(like.buffer, like.byteOffset, like.byteLength));
  if (isArrayBuffer(like)) return memorySource(new Uint8Array(like));
  if (isSource(like)) return like;
  throw new UsageError(
    "This cannot be read as a file.",
    "Give a URL, Request, Blob, File, ArrayBuffer, Uint8Array, or an object with name, size and read(start, end)."
  );
}
function isRequest(like) {
  return typeof Request !== "undefined" && like instanceof Request;
}
function isArrayBuffer(like) {
  return Object.prototype.toString.call(like) === "[object ArrayBuffer]";
}
function isSource(like) {
  if (typeof like !== "object" || like === null) return false;
  const { read, size } = like;
  return typeof read === "function" && Number.isSafeInteger(size) && size >= 0;
}
function resolveUrl(like) {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  let url;
  try {
    url = new URL(like, base);
  } catch (cause) {
    throw new UsageError(`"${like}" is not a URL.`, PATH_HINT, { cause });
  }
  return checkScheme(url);
}
function checkScheme(url) {
  if (["http:", "https:", "data:", "blob:"].includes(url.protocol)) return url;
  throw new UsageError(`Weights cannot be loaded from a "${url.protocol}" URL.`, PATH_HINT);
}
var PATH_HINT = "Use an http(s), data or blob URL; a file on disk is opened by its path with the Node entry of ganatomy, or passed as a File or its bytes.";

// src/weights/checkpoint.ts
async function openCheckpoint(like, options = {}) {
  const source = await openSource(like, options);
  const reading = { signal: options.signal };
  const head = await readExactly(source, 0, Math.min(source.size, SNIFF_BYTES), reading);
  switch (sniffContainer(head, source.size, source.name)) {
    case "pickle":
      return (await python()).openLegacyPth(source, reading);
    case "safetensors":
      return openSafetensors(source, reading);
    case "npy":
      return (await python()).openSingleArray(source, reading);
    case "zip":
      return (await python()).openArchive(source, reading);
  }
}
async function python() {
  try {
    return await Promise.resolve().then(() => (init_python(), python_exports));
  } catch (cause) {
    throw new GanatomyError(
      "network",
      "The part of this library that reads .pth, .npz and .npy files did not load.",
      "Serve the whole `dist` folder, chunks included; or convert the file to safetensors.",
      { cause }
    );
  }
}

// src/weights/random.ts
init_errors();
var STATE_WORDS = 624;
var SHIFT_WORDS = 397;
var RandomState = class {
  #state = new Uint32Array(STATE_WORDS);
  #position = STATE_WORDS;
  /** The second Gaussian of the last pair. */
  #spare;
  /**
   * @param seed an integer, 0 ≤ seed < 2³²
   * @throws UsageError.
   */
  constructor(seed) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 4294967295) {
      throw new UsageError(`Seed ${seed} is out of range.`, "Give an integer from 0 to 4294967295.");
    }
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < STATE_WORDS; i++) {
      const previous = state[i - 1];
      state[i] = Math.imul(1812433253, previous ^ previous >>> 30) + i;
    }
  }
  /** `standard_normal(n)`: n draws from N(0, 1). */
  standardNormal(n) {
    const values = new Float64Array(checkCount(n));
    for (let i = 0; i < n; i++) values[i] = this.nextNormal();
    return values;
  }
  /** `random_sample(n)`: n draws from the uniform distribution on [0, 1). */
  randomSample(n) {
    const values = new Float64Array(checkCount(n));
    for (let i = 0; i < n; i++) values[i] = this.#nextUniform();
    return values;
  }
  /**
   * `randint(high, size=n)`: n integers, 0 ≤ value < high.
   * @param high 1 to 2³²
   * @throws UsageError.
   */
  randint(high, n) {
    if (!Number.isInteger(high) || high < 1 || high > 2 ** 32) {
      throw new UsageError(`randint needs 1 \u2264 high \u2264 2\xB3\xB2, not ${high}.`, "Give the number of choices.");
    }
    const values = new Uint32Array(checkCount(n));
    const largest = high - 1;
    if (largest === 0) return values;
    const mask2 = 4294967295 >>> Math.clz32(largest);
    for (let i = 0; i < n; i++) {
      let value;
      do
        value = (this.#nextWord() & mask2) >>> 0;
      while (value > largest);
      values[i] = value;
    }
    return values;
  }
  /** One draw from N(0, 1). */
  nextNormal() {
    if (this.#spare !== void 0) {
      const spare = this.#spare;
      this.#spare = void 0;
      return spare;
    }
    let x1;
    let x2;
    let r2;
    do {
      x1 = 2 * this.#nextUniform() - 1;
      x2 = 2 * this.#nextUniform() - 1;
      r2 = x1 * x1 + x2 * x2;
    } while (r2 >= 1 || r2 === 0);
    const scale = Math.sqrt(-2 * Math.log(r2) / r2);
    this.#spare = scale * x1;
    return scale * x2;
  }
  /** 53 random bits from two words. */
  #nextUniform() {
    const high = this.#nextWord() >>> 5;
    const low = this.#nextWord() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }
  #nextWord() {
    if (this.#position === STATE_WORDS) this.#twist();
    let word = this.#state[this.#position++];
    word ^= word >>> 11;
    word ^= word << 7 & 2636928640;
    word ^= word << 15 & 4022730752;
    return (word ^ word >>> 18) >>> 0;
  }
  #twist() {
    const state = this.#state;
    for (let i = 0; i < STATE_WORDS; i++) {
      const joined = state[i] & 2147483648 | state[(i + 1) % STATE_WORDS] & 2147483647;
      state[i] = state[(i + SHIFT_WORDS) % STATE_WORDS] ^ joined >>> 1 ^ (joined & 1 ? 2567483615 : 0);
    }
    this.#position = 0;
  }
};
function sampleZ({ size, depth, seed, start = 0 }) {
  const random = new RandomState(seed);
  const skipped = checkCount(checkCount(start) * checkCount(depth));
  for (let i = 0; i < skipped; i++) random.nextNormal();
  const z = new Float32Array(checkCount(checkCount(size) * depth));
  for (let i = 0; i < z.length; i++) z[i] = random.nextNormal();
  return z;
}
function checkCount(n) {
  if (Number.isSafeInteger(n) && n >= 0) return n;
  throw new UsageError(`${n} is no number of samples.`, "Give a whole number, zero or more.");
}

// src/models/cost.ts
init_graph();
function costOf(graph, kept, stored = ({ value }) => value.label) {
  const learned = graph.parameters.map(({ value }) => value.id);
  const { sizes } = assignSlots(graph, /* @__PURE__ */ new Set([...learned, ...kept.map(({ id }) => id)]));
  const sum = (numbers2) => [...numbers2].reduce((total, bytes2) => total + bytes2, 0);
  const weights = new Map(graph.parameters.map((parameter) => [stored(parameter), bytesOf(parameter.value)]));
  return {
    flops: graph.flops,
    traffic: sum(graph.steps.flatMap(({ bindings }) => [...new Set(Object.values(bindings))].map(bytesOf))),
    weights: sum(weights.values()),
    activations: sum(sizes) + sum(kept.map(bytesOf))
  };
}

// src/models/edits.ts
init_errors();

// src/kernels/edit.ts
init_graph();

// src/kernels/edit.wgsl.ts
var kernel = {
  "name": "edit",
  "params": {
    "vectors": "u32",
    "width": "u32",
    "pixels": "u32",
    "edits": "u32",
    "total": "u32"
  },
  "bindings": {
    "x": "read",
    "alpha": "read",
    "value": "read",
    "mask": "read",
    "source": "read",
    "y": "read_write"
  },
  "source": "\n\nstruct Params{vectors:u32,width:u32,pixels:u32,edits:u32,total:u32}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read> alpha:array<vec4f>;\n@group(0)@binding(3)var<storage,read> value:array<vec4f>;\n@group(0)@binding(4)var<storage,read> mask:array<f32>;\n@group(0)@binding(5)var<storage,read> source:array<vec4f>;\n@group(0)@binding(6)var<storage,read_write> y:array<vec4f>;\n\nconst COPIES=false;\n\n\nfn rule(x:f32,value:f32,unit:u32,row:u32,column:u32,image:u32)-> f32{return value;}\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet c=at%params.vectors;\nlet pixel=(at/params.vectors)%params.pixels;\nlet image=at/(params.vectors*params.pixels);\nlet row=pixel/params.width;\nlet column=pixel%params.width;\nvar edited=x[at];\nfor(var e=0u;e < params.edits;e++){\nlet a=alpha[e*params.vectors+c]*mask[(image*params.edits+e)*params.pixels+pixel];\nvar v=value[e*params.vectors+c];\nif(COPIES){v+=source[(e*params.pixels+pixel)*params.vectors+c];}\nlet replacement=vec4f(\nrule(edited.x,v.x,4u*c,row,column,image),\nrule(edited.y,v.y,4u*c+1u,row,column,image),\nrule(edited.z,v.z,4u*c+2u,row,column,image),\nrule(edited.w,v.w,4u*c+3u,row,column,image));\n\nedited=select(edited*(1.0 - a)+replacement*a,edited,a==vec4f());\n}\ny[at]=edited;\n}\n"
};
var edit_wgsl_default = kernel;

// src/kernels/edit.ts
init_pointwise();
var EDIT = { name: "edit" };
function edit(graph, x, { edits = 1, copies = false, rule } = {}) {
  const [n = 1, height = 1, width = 1, stored = 4] = x.shape;
  const values = {
    alpha: graph.value(`${x.label}.alpha`, [edits, stored]),
    value: graph.value(`${x.label}.value`, [edits, stored]),
    mask: graph.value(`${x.label}.mask`, [n, edits, height, width]),
    ...copies && { source: graph.value(`${x.label}.source`, [edits, height, width, stored]) }
  };
  const y = graph.value(`${x.label}.edited`, x.shape, "f32", x.channels);
  const total = elements(x.shape) / 4;
  graph.step(
    rule === void 0 ? edit_wgsl_default : ruled(rule),
    { x, source: values.value, ...values, y },
    { vectors: stored / 4, width, pixels: height * width, edits, total },
    lanes(total),
    { choices: { COPIES: copies } }
  );
  if (rule === void 0) {
    graph.record(EDIT, [x, values.alpha, values.value, values.mask, values.source], y, void 0);
  }
  return { y, values };
}
var BODY = "{return value;}";
function ruled(rule) {
  const source = edit_wgsl_default.source.replace(BODY, () => `{
${rule}
}`);
  return { ...edit_wgsl_default, name: "the rule", source };
}
var LINES_BEFORE_RULE = edit_wgsl_default.source.split(BODY)[0].split("\n").length;

// src/models/edits.ts
init_graph();
init_kernel();

// src/models/mask.ts
init_errors();
var isExtent = ({ height, width }) => [height, width].every((edge) => Number.isInteger(edge) && edge >= 1);
function adaptivePool({ height, width, data, pooling = "max" }, rows, columns) {
  if (!isExtent({ height, width }) || data.length !== height * width) {
    throw new ShapeError(`A mask of ${height} \xD7 ${width} cannot have ${data.length} values.`, "Give one a pixel.");
  }
  const pooled = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    const [top, bottom] = span(row, rows, height);
    for (let column = 0; column < columns; column += 1) {
      const [left, right] = span(column, columns, width);
      let most = Number.NEGATIVE_INFINITY;
      let sum = 0;
      for (let y = top; y < bottom; y += 1) {
        for (let x = left; x < right; x += 1) {
          most = Math.max(most, data[y * width + x]);
          sum += data[y * width + x];
        }
      }
      pooled[row * columns + column] = pooling === "max" ? most : sum / ((bottom - top) * (right - left));
    }
  }
  return pooled;
}
var span = (cell, cells, extent) => [
  Math.floor(cell * extent / cells),
  Math.ceil((cell + 1) * extent / cells)
];

// src/models/edits.ts
function editable(layers) {
  const result = /* @__PURE__ */ new Map();
  for (const entry of layers) {
    const { layer, ...options } = typeof entry === "string" ? { layer: entry } : entry;
    const { edits = 1 } = options;
    if (result.has(layer)) throw new UsageError(`"${layer}" is named twice in \`edit\`.`, "Name it once.");
    if (!Number.isInteger(edits) || edits < 1) {
      throw new UsageError(`${edits} edits of ${layer} make no sense.`, "Use a whole number from 1.");
    }
    result.set(layer, options);
  }
  return result;
}
function editableBy(edits, rules = {}) {
  return [.../* @__PURE__ */ new Set([...edits.map(({ layer }) => layer), ...Object.keys(rules)])].map((layer) => {
    const own2 = edits.filter((edit2) => edit2.layer === layer);
    const rule = rules[layer];
    return {
      layer,
      edits: Math.max(1, own2.length),
      copies: own2.some(({ value }) => isCopied(value)),
      ...rule !== void 0 && { rule }
    };
  });
}
async function checkRule(device, layer, { rule, copies = false }) {
  if (rule === void 0) return;
  const kernel37 = ruled(rule);
  try {
    await device.pipeline(kernel37, specialize(kernel37, { COPIES: copies }));
  } catch (cause) {
    if (!(cause instanceof KernelError)) throw cause;
    const [, ...said] = cause.message.replace(cause.fix, "").trim().split("\n");
    const lines = said.map(
      (line) => line.replace(/^the rule\.wgsl:(\d+)/, (_, n) => `line ${Number(n) - LINES_BEFORE_RULE}`)
    );
    throw new UsageError(
      `The edit rule of ${layer} does not compile.
${lines.join("\n")}
`,
      "It is WGSL that ends with `return f32;` and may read x, value, unit, row, column and image.",
      { cause }
    );
  }
}
function prepareEdits(layer, values, edits) {
  const { name, channels, height, width } = layer;
  const stored = padded(channels);
  const [slots = 1] = values.alpha.shape;
  const [n = 1] = values.mask.shape;
  const pixels = height * width;
  if (edits.length > slots) {
    throw new UsageError(
      `This plan composes ${slots} edits of ${name}, not ${edits.length}.`,
      "Say `edits` where you compile it."
    );
  }
  const alpha = new Float32Array(slots * stored);
  const value = new Float32Array(slots * stored);
  const mask2 = new Float32Array(n * slots * pixels);
  const copies = [];
  edits.forEach((edit2, slot) => {
    if (edit2.units !== "all" && !Array.isArray(edit2.units)) {
      throw new UsageError(`An edit of ${name} does not say of which units.`, 'Give `units`: an array, or "all".');
    }
    const units = edit2.units === "all" ? Array.from({ length: channels }, (_, unit) => unit) : edit2.units;
    const replacement = edit2.value ?? 0;
    units.forEach((unit, index) => {
      if (!Number.isInteger(unit) || unit < 0 || unit >= channels) {
        throw new UsageError(`${name} has no unit ${unit}.`, `Its units are 0\u2026${channels - 1}.`);
      }
      alpha[slot * stored + unit] = pick(edit2.alpha ?? 1, index, units.length, "alpha");
      if (!isCopied(replacement)) value[slot * stored + unit] = pick(replacement, index, units.length, "value");
    });
    if (isCopied(replacement)) {
      const { features, image = 0 } = replacement;
      const [of = 0, ...shape] = features.shape;
      const held = Number.isInteger(image) && image >= 0 && image < of;
      if (!held || `${shape}` !== `${[height, width, stored]}`) {
        throw new ShapeError(`[${features.shape}] has no features of ${name} for image ${image}.`);
      }
      if (!values.source) {
        throw new UsageError(`This plan copies no values into ${name}.`, "Say `copies` where you compile it.");
      }
      copies.push({ slot, features, image });
    }
    masksOf(edit2.mask, layer, n).forEach((map, image) => {
      mask2.set(map, (image * slots + slot) * pixels);
    });
  });
  return (tensorOf) => {
    tensorOf(values.alpha).write(alpha);
    tensorOf(values.value).write(value);
    tensorOf(values.mask).write(mask2);
    if (!values.source) return;
    const source = tensorOf(values.source);
    source.clear();
    const bytes2 = 4 * pixels * stored;
    for (const { slot, features, image } of copies) features.copyTo(source, bytes2, image * bytes2, slot * bytes2);
  };
}
function masksOf(mask2, { name, height, width }, n) {
  if (mask2 === void 0) return new Array(n).fill(new Float32Array(height * width).fill(1));
  const given = typeof mask2 === "object" && mask2 && "data" in mask2 ? mask2 : { data: mask2 };
  const { data: numbers2, ...how } = { height, width, ...given };
  if (typeof numbers2 !== "object" || typeof numbers2?.length !== "number") {
    throw new UsageError(`A mask for ${name} has no values.`, "Leave it out to edit everywhere.");
  }
  if (!isExtent(how)) {
    throw new ShapeError(`A mask of ${how.height} \xD7 ${how.width} makes no sense.`, "Use whole numbers from 1.");
  }
  const pixels = how.height * how.width;
  const { length } = numbers2;
  if (length !== pixels && length !== n * pixels) {
    throw new ShapeError(`A mask for ${name} has ${pixels} values or ${n} times as many, not ${length}.`);
  }
  const data = Float32Array.from(numbers2);
  const wrong = data.find((value) => !isFraction(value));
  if (wrong !== void 0) {
    throw new UsageError(`A mask for ${name} has a value of ${wrong}.`, "Use 0\u20261; divide bytes by 255.");
  }
  const maps = Array.from(
    { length: length / pixels },
    (_, image) => adaptivePool({ ...how, data: data.subarray(image * pixels, (image + 1) * pixels) }, height, width)
  );
  return Array.from({ length: n }, (_, image) => maps[image % maps.length]);
}
var isCopied = (value) => typeof value === "object" && value !== null && "features" in value;
var isFloat32 = (value) => Number.isFinite(value) && Number.isFinite(Math.fround(value));
var isFraction = (value) => value >= 0 && value <= 1;
function pick(values, index, count2, what) {
  if (typeof values !== "number" && values.length !== count2) {
    throw new ShapeError(`An edit of ${count2} units has ${values.length} values of ${what}.`);
  }
  const value = typeof values === "number" ? values : values[index];
  if (what === "alpha" && !isFraction(value)) throw new UsageError(`${value} is no alpha.`, "Use 0\u20261.");
  if (!isFloat32(value)) throw new UsageError(`${value} is no ${what}.`, "Use a number within \xB13.4e38.");
  return value;
}

// src/models/generator-plan.ts
init_errors();
init_pointwise();
init_graph();
function notComputed(name, { from = "z", until = "the image" }) {
  throw new UsageError(`"${name}" is not computed on the way from ${from} to ${until}.`, "Name a layer between.");
}
async function compileGenerator(generator, options) {
  const { batch, retain = [], edit: edit2 = [], from, signal } = options;
  const { device, zSize } = generator;
  for (const name of retain) generator.layer(name);
  const graph = new Graph(device.target, "f32", device.tuned);
  const values = generator.append(graph, batch, options);
  const keep = retain.map((name) => values.layers.get(name) ?? notComputed(name, options));
  const rgba = options.bytes && values.image ? bytes(graph, values.image) : void 0;
  if (values.image) keep.push(values.image);
  if (rgba) keep.push(rgba);
  for (const [layer, how] of editable(edit2)) await checkRule(device, layer, how);
  const bind = [...await generator.bind(graph, signal)];
  if (options.input) bind.push([values.input, options.input]);
  const plan = await Plan.compile(device, graph, { keep, bind, signal });
  const input = plan.tensor(values.input);
  const row = from ? elements(values.input.shape) / batch : zSize;
  const stride = from ? row : padded(zSize);
  const setLayers = (layers, edits) => {
    const writes = Array.from(layers, (layer) => {
      const inputs = values.edits.get(layer);
      if (!inputs) throw new UsageError(`This plan does not edit "${layer}".`, "Name it in `edit`.");
      const own2 = edits.filter((change) => change.layer === layer);
      return prepareEdits(generator.layer(layer), inputs, own2);
    });
    for (const write of writes) write((value) => plan.tensor(value));
  };
  const setEdits = (edits) => setLayers(/* @__PURE__ */ new Set([...values.edits.keys(), ...edits.map(({ layer }) => layer)]), edits);
  setEdits([]);
  const dispose = () => plan.dispose();
  return {
    batch,
    run(data) {
      if (data) {
        if (data.length % row !== 0 || data.length > batch * row) {
          throw new ShapeError(`${from ?? "z"} has ${data.length} numbers; at most ${batch} rows of ${row} fit.`);
        }
        const staged = new Float32Array(batch * stride);
        for (let at = 0; at * row < data.length; at += 1) {
          staged.set(data.subarray(at * row, (at + 1) * row), at * stride);
        }
        input.write(staged);
      }
      plan.run();
    },
    input,
    image: values.image && plan.tensor(values.image),
    rgba: rgba && plan.tensor(rgba),
    layers: new Map(retain.map((name) => [name, plan.tensor(values.layers.get(name))])),
    setEdit: (change) => setLayers([change.layer], change.units ? [change] : []),
    setEdits,
    dispose,
    [Symbol.dispose]: dispose
  };
}

// src/models/progan.ts
init_errors();
init_conv();
init_filter();
init_pointwise();
init_graph();
init_state();
var MAX_RESOLUTION = 1024;
function currentNames(state) {
  if (!state.has("features.0.conv.weight")) return state;
  let blocks = 0;
  while (state.has(`features.${blocks}.conv.weight`)) blocks += 1;
  const resolution = 4 * 2 ** Math.floor((blocks - 1) / 2);
  const renamed = /* @__PURE__ */ new Map();
  for (const [key2, tensor] of state) {
    const name = key2.replace(/^features\.(\d+)\./, (_, index) => `layer${Number(index) + 1}.`).replace(/^output\./, `output_${resolution}x${resolution}.`);
    renamed.set(name, tensor);
  }
  return renamed;
}
function inferProgan(state) {
  const first = state.get("layer1.conv.weight")?.shape;
  if (first?.length !== 4) {
    const found2 = [...state.keys()].slice(0, 4).join(", ");
    throw new WeightsError(
      "weights-shape",
      `This is not a Progressive GAN generator: it has no layer1.conv.weight (it holds ${found2 || "no tensors"}).`,
      "Expected names are layer1.conv.weight, layer1.wscale.b, \u2026 output_RxR.conv.weight (or the older features.0.\u2026)."
    );
  }
  const channels = [];
  for (let i = 1; ; i += 1) {
    const shape = state.get(`layer${i}.conv.weight`)?.shape;
    if (!shape) break;
    channels.push(shape[0] ?? 0);
  }
  const zSize = first[1];
  const sizes = [zSize, ...channels.filter((_, index) => index % 2 === 0)];
  const resolution = 4 * 2 ** (Math.ceil(channels.length / 2) - 1);
  const output = `output_${resolution}x${resolution}`;
  const expected = /* @__PURE__ */ new Map();
  const layers = [];
  const blocks = 2 * Math.ceil(channels.length / 2);
  for (let i = 1; i <= blocks; i += 1) {
    const out = sizes[Math.ceil(i / 2)];
    const into = i === 1 ? zSize : sizes[i % 2 === 0 ? i / 2 : (i - 1) / 2];
    const kernel37 = i === 1 ? 4 : 3;
    const extent = 4 * 2 ** (Math.ceil(i / 2) - 1);
    expected.set(`layer${i}.conv.weight`, [out, into, kernel37, kernel37]);
    expected.set(`layer${i}.wscale.b`, [out]);
    layers.push({ name: `layer${i}`, channels: out, height: extent, width: extent });
  }
  const last = sizes.at(-1);
  expected.set(`${output}.conv.weight`, [3, last, 1, 1]);
  expected.set(`${output}.wscale.b`, [3]);
  layers.push({ name: output, channels: 3, height: resolution, width: resolution });
  checkShapes(`a ${resolution}\xD7${resolution} Progressive GAN with sizes [${sizes}]`, state, expected);
  if (resolution > MAX_RESOLUTION) {
    throw new WeightsError(
      "weights-shape",
      `A ${resolution}\xD7${resolution} generator is not supported.`,
      "The largest published one is 1024\xD71024."
    );
  }
  return { zSize, sizes, resolution, layers };
}
function progan(graph, config, batch, options = {}) {
  const { from, until } = options;
  const layers = /* @__PURE__ */ new Map();
  const edits = /* @__PURE__ */ new Map();
  const given = config.layers.find(({ name }) => name === from);
  const input = given ? graph.map(given.name, batch, given.height, given.width, given.channels) : graph.map("z", batch, 1, 1, config.zSize);
  let x = input;
  for (const layer of given ? config.layers.slice(config.layers.indexOf(given)) : config.layers) {
    const { name } = layer;
    let y = layer === given ? input : block(graph, config, x, layer, options.clamp ?? false);
    layers.set(name, y);
    if (name === until) return { input, layers, edits };
    const how = options.edit?.get(name);
    if (how) {
      const edited = edit(graph, y, how);
      edits.set(name, edited.values);
      y = edited.y;
    }
    x = y;
  }
  return { input, layers, edits, image: x };
}
function block(graph, config, x, layer, clamped) {
  const { name, channels, height, width } = layer;
  const normed = pixelnorm(graph, x);
  if (name === "layer1") return dense(graph, normed, { zSize: config.zSize, channels, batch: x.shape[0] });
  const output = name.startsWith("output");
  const inChannels = x.channels;
  const factor = (output ? 1 : Math.SQRT2 / 3) / Math.sqrt(inChannels);
  const weight = { sources: [`${name}.conv.weight`], of: ([w]) => w };
  const bias = { sources: [`${name}.wscale.b`], of: ([b]) => b };
  const y = conv(
    graph,
    normed,
    {
      label: name,
      inChannels,
      outChannels: channels,
      kernel: output ? 1 : 3,
      weight,
      bias,
      scale: constant(factor, channels)
    },
    { pad: output ? 0 : 1, upsample: !output && height > x.shape[1], activation: output ? "none" : "leaky" }
  );
  if (y.shape[1] !== height || y.shape[2] !== width) throw new Error(`${name} came out as [${y.shape}].`);
  return output && clamped ? clamp(graph, y) : y;
}
function dense(graph, z, { zSize, channels, batch }) {
  const stored = padded(channels);
  const y = conv(
    graph,
    z,
    {
      label: "layer1",
      inChannels: zSize,
      outChannels: 16 * stored,
      kernel: 1,
      weight: {
        sources: ["layer1.conv.weight"],
        of: ([w]) => {
          const rows = new Float32Array(16 * stored * zSize);
          for (let pixel = 0; pixel < 16; pixel += 1) {
            for (let o = 0; o < channels; o += 1) {
              for (let i = 0; i < zSize; i += 1) {
                rows[(pixel * stored + o) * zSize + i] = w[(o * zSize + i) * 16 + (15 - pixel)];
              }
            }
          }
          return rows;
        }
      },
      scale: constant(Math.SQRT2 / 4 / Math.sqrt(zSize), 16 * stored),
      bias: {
        sources: ["layer1.wscale.b"],
        of: ([b]) => Float32Array.from({ length: 16 * stored }, (_, at) => b[at % stored] ?? 0)
      }
    },
    { activation: "leaky" }
  );
  return graph.view(y, "layer1", [batch, 4, 4, stored], channels);
}

// src/models/generator.ts
init_state();
var Generator = class _Generator {
  name;
  device;
  config;
  #weights;
  #clamp;
  constructor(name, device, config, weights, clamp2) {
    this.name = name;
    this.device = device;
    this.config = config;
    this.#weights = weights;
    this.#clamp = clamp2;
  }
  /** Opens a checkpoint of any size and container and reads the architecture off its tensors. */
  static async load(source, options) {
    const checkpoint = await openCheckpoint(source, options);
    const state = currentNames(checkpoint.tensors);
    const config = inferProgan(state);
    const name = options.name ?? checkpoint.source.name.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "");
    const weights = new Weights(options.device, state);
    const generator = new _Generator(name, options.device, config, weights, options.clamp ?? false);
    try {
      const { device, signal } = options;
      const describe2 = () => {
        const graph = new Graph(device.target, "f32", device.tuned);
        generator.append(graph, 1);
        return graph;
      };
      await tune(device, describe2, signal);
      await generator.bind(describe2(), signal);
    } catch (error) {
      weights.dispose();
      throw error;
    }
    return generator;
  }
  /** [z, channels at 4×4, at 8×8, …] */
  get sizes() {
    return this.config.sizes;
  }
  get zSize() {
    return this.config.zSize;
  }
  /** Edge of the images in pixels. */
  get resolution() {
    return this.config.resolution;
  }
  get layers() {
    return this.config.layers;
  }
  /** @throws UsageError listing the known layers. */
  layer(name) {
    const layer = this.layers.find((candidate) => candidate.name === name);
    if (layer) return layer;
    const known = this.layers.map((candidate) => candidate.name).join(", ");
    throw new UsageError(`${this.name} has no layer "${name}".`, `Its layers are ${known}.`);
  }
  /** Rows `start`…`start + size − 1` of NumPy's RandomState(seed).standard_normal table, [size, zSize] (spec §1.6). */
  sample(options) {
    return sampleZ({ ...options, depth: this.zSize });
  }
  /**
   * Appends the generator, or its part from a layer on, to a caller's graph: its input, its layers, the changeable numbers of
   * its edits, and the image. `bind` gives its weights.
   */
  append(graph, batch, options = {}) {
    const { edit: edit2 = [], from, until } = options;
    if (!Number.isInteger(batch) || batch < 1) {
      throw new UsageError(`A batch of ${batch} images makes no sense.`, "Use a whole number from 1.");
    }
    const edits = editable(edit2);
    for (const name of [...edits.keys(), ...from ? [from] : [], ...until ? [until] : []]) this.layer(name);
    const values = graph.owned(
      this.#weights,
      () => progan(graph, this.config, batch, {
        clamp: this.#clamp,
        edit: edits,
        ...from && { from },
        ...until && { until }
      })
    );
    for (const name of edits.keys()) if (!values.edits.has(name)) notComputed(name, options);
    return values;
  }
  /** Uploads what this generator learned of a graph and is not yet here; the weights belong to the generator. */
  async bind(graph, signal) {
    const parameters = graph.parameters.filter(({ owner }) => owner === this.#weights);
    return this.#weights.bind({ parameters }, { signal });
  }
  /** Compiles a plan for a batch size. */
  compile(options) {
    return compileGenerator(this, options);
  }
  /**
   * One run on rows of z, with interventions; for repeated runs `compile` once. Edits of one layer are composed in their
   * order. `rules` say in WGSL what replaces an activation of a layer where it is edited; see `EditOptions`.
   */
  async forward(z, options = {}) {
    const { retain = [], edits = [], rules, signal } = options;
    if (z.length === 0 || z.length % this.zSize !== 0) {
      throw new ShapeError(`z has ${z.length} numbers, which is no whole number of rows of ${this.zSize}.`);
    }
    const edit2 = editableBy(edits, rules);
    const plan = await this.compile({ batch: z.length / this.zSize, retain, edit: edit2, signal });
    try {
      plan.setEdits(edits);
      plan.run(z);
    } catch (error) {
      plan.dispose();
      throw error;
    }
    const dispose = () => plan.dispose();
    return { image: plan.image, layers: plan.layers, dispose, [Symbol.dispose]: dispose };
  }
  /** Images `start`…`start + size − 1` of a seed, as RGB bytes, one after the other, with all of these edits in each. */
  async *images(options) {
    const { size, seed, start = 0, edits = [], signal } = options;
    if (!Number.isInteger(size) || size < 1) {
      throw new UsageError(`A size of ${size} images makes no sense.`, "Use a whole number from 1.");
    }
    const batch = Math.min(size, options.batch ?? 8);
    const plan = await this.compile({ batch, bytes: true, edit: editableBy(edits), signal });
    try {
      plan.setEdits(edits);
      const z = this.sample({ size, seed, start });
      const pixels = this.resolution ** 2;
      for (let first = 0; first < size; first += batch) {
        signal?.throwIfAborted();
        const count2 = Math.min(batch, size - first);
        plan.run(z.subarray(first * this.zSize, (first + count2) * this.zSize));
        const rgba = new Uint8Array((await plan.rgba.read(count2 * pixels)).buffer);
        for (let i = 0; i < count2; i += 1) {
          yield { image: start + first + i, size: this.resolution, rgb: withoutAlpha(rgba, i * pixels, pixels) };
        }
      }
    } finally {
      plan.dispose();
    }
  }
  /** What one image costs. */
  cost() {
    const graph = new Graph(this.device.target, "f32", this.device.tuned);
    const { input, image } = this.append(graph, 1);
    return costOf(graph, [input, image]);
  }
  /** Bytes of weights on the device. */
  get bytes() {
    return this.#weights.bytes;
  }
  dispose() {
    this.#weights.dispose();
  }
  [Symbol.dispose]() {
    this.dispose();
  }
};
function withoutAlpha(rgba, first, pixels) {
  const rgb = new Uint8Array(3 * pixels);
  for (let p = 0; p < pixels; p += 1) {
    const from = 4 * (first + p);
    rgb[3 * p] = rgba[from];
    rgb[3 * p + 1] = rgba[from + 1];
    rgb[3 * p + 2] = rgba[from + 2];
  }
  return rgb;
}

// src/models/segmenter.ts
init_errors();

// src/kernels/classify.ts
init_errors();
init_graph();

// src/kernels/classify.wgsl.ts
var kernel12 = {
  "name": "classify",
  "params": {
    "vectors": "u32",
    "inHeight": "u32",
    "inWidth": "u32",
    "outHeight": "u32",
    "outWidth": "u32",
    "total": "u32",
    "maps": "u32",
    "map": "u32",
    "gate": "u32"
  },
  "bindings": {
    "x": "read",
    "ranges": "read",
    "names": "read",
    "labels": "read_write"
  },
  "source": "\n\n\n\nconst CORNER:bool=false;\nconst GATED:bool=false;\n\nstruct Params{\nvectors:u32,inHeight:u32,inWidth:u32,outHeight:u32,outWidth:u32,total:u32,\nmaps:u32,\nmap:u32,\ngate:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read> ranges:array<vec2u>;\n@group(0)@binding(3)var<storage,read> names:array<u32>;\n@group(0)@binding(4)var<storage,read_write> labels:array<u32>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet column=at%params.outWidth;\nlet row=(at/params.outWidth)%params.outHeight;\nlet image=at/params.outWidth/params.outHeight;\nlet size=vec2f(f32(params.inHeight),f32(params.inWidth));\nlet scale=size/vec2f(f32(params.outHeight),f32(params.outWidth));\nvar source=vec2f(f32(row),f32(column))*scale;\nif(!CORNER){source=max((vec2f(f32(row),f32(column))+0.5)*scale - 0.5,vec2f());}\nlet lo=min(vec2u(source),vec2u(size)- 1u);\nlet hi=min(lo+1u,vec2u(size)- 1u);\nlet f=source - vec2f(lo);\nlet top=(image*params.inHeight+lo.x)*params.inWidth;\nlet bottom=(image*params.inHeight+hi.x)*params.inWidth;\nlet a=(top+lo.y)*params.vectors;\nlet b=(top+hi.y)*params.vectors;\nlet d=(bottom+lo.y)*params.vectors;\nlet e=(bottom+hi.y)*params.vectors;\nlet pixels=params.outHeight*params.outWidth;\nlet pixel=row*params.outWidth+column;\nlet to=(image*params.maps+params.map)*pixels+pixel;\nvar range=ranges[0];\nif(GATED){range=ranges[labels[(image*params.maps+params.gate)*pixels+pixel]];}\nif(range.y==0u){labels[to]=0u;return;}\nlet end=range.x+range.y;\nvar best=range.x;\nvar most=0.0;\nfor(var c=range.x/4u;c <(end+3u)/4u;c++){\nlet v=(1.0 - f.x)*((1.0 - f.y)*x[a+c]+f.y*x[b+c])+f.x*((1.0 - f.y)*x[d+c]+f.y*x[e+c]);\nfor(var k=0u;k < 4u;k++){\nlet channel=c*4u+k;\nif(channel >=range.x&&channel < end&&(channel==range.x||v[k] > most)){most=v[k];best=channel;}\n}\n}\nlabels[to]=names[best];\n}\n"
};
var classify_wgsl_default = kernel12;

// src/kernels/mask.wgsl.ts
var kernel13 = {
  "name": "mask",
  "params": {
    "maps": "u32",
    "pixels": "u32",
    "label": "u32",
    "total": "u32"
  },
  "bindings": {
    "labels": "read",
    "y": "read_write"
  },
  "source": "\nstruct Params{maps:u32,pixels:u32,label:u32,total:u32}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> labels:array<u32>;\n@group(0)@binding(2)var<storage,read_write> y:array<f32>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet image=at/params.pixels;\nlet pixel=at%params.pixels;\nvar found=0.0;\nfor(var m=0u;m < params.maps;m++){\nif(labels[(image*params.maps+m)*params.pixels+pixel]==params.label){found=1.0;}\n}\ny[at]=found;\n}\n"
};
var mask_wgsl_default = kernel13;

// src/kernels/pick.wgsl.ts
var kernel14 = {
  "name": "pick",
  "params": {
    "vectors": "u32",
    "channels": "u32",
    "total": "u32"
  },
  "bindings": {
    "x": "read",
    "order": "read",
    "y": "read_write"
  },
  "source": "\nstruct Params{vectors:u32,channels:u32,total:u32}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read> order:array<u32>;\n@group(0)@binding(3)var<storage,read_write> y:array<vec4f>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet c=(at%params.vectors)*4u;\nlet pixel=at/params.vectors;\nvar v=vec4f();\nfor(var k=0u;k < 4u;k++){\nif(c+k < params.channels){\nlet source=order[c+k];\nv[k]=x[pixel*params.vectors+source/4u][source%4u];\n}\n}\ny[at]=v;\n}\n"
};
var pick_wgsl_default = kernel14;

// src/kernels/classify.ts
init_pointwise();

// src/kernels/probability.wgsl.ts
var kernel15 = {
  "name": "probability",
  "params": {
    "vectors": "u32",
    "inHeight": "u32",
    "inWidth": "u32",
    "outHeight": "u32",
    "outWidth": "u32",
    "total": "u32",
    "first": "u32",
    "count": "u32",
    "channel": "u32"
  },
  "bindings": {
    "x": "read",
    "addend": "read",
    "y": "read_write"
  },
  "source": "\n\nconst CORNER:bool=false;\nconst ADD:bool=false;\n\nstruct Params{\nvectors:u32,inHeight:u32,inWidth:u32,outHeight:u32,outWidth:u32,total:u32,\nfirst:u32,count:u32,\nchannel:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read> addend:array<f32>;\n@group(0)@binding(3)var<storage,read_write> y:array<f32>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet column=at%params.outWidth;\nlet row=(at/params.outWidth)%params.outHeight;\nlet image=at/params.outWidth/params.outHeight;\nlet size=vec2f(f32(params.inHeight),f32(params.inWidth));\nlet scale=size/vec2f(f32(params.outHeight),f32(params.outWidth));\nvar source=vec2f(f32(row),f32(column))*scale;\nif(!CORNER){source=max((vec2f(f32(row),f32(column))+0.5)*scale - 0.5,vec2f());}\nlet lo=min(vec2u(source),vec2u(size)- 1u);\nlet hi=min(lo+1u,vec2u(size)- 1u);\nlet f=source - vec2f(lo);\nlet top=(image*params.inHeight+lo.x)*params.inWidth;\nlet bottom=(image*params.inHeight+hi.x)*params.inWidth;\nlet a=(top+lo.y)*params.vectors;\nlet b=(top+hi.y)*params.vectors;\nlet d=(bottom+lo.y)*params.vectors;\nlet e=(bottom+hi.y)*params.vectors;\nlet end=params.first+params.count;\nvar most=0.0;\nvar sum=0.0;\nvar own=0.0;\nfor(var round=0u;round < 2u;round++){\nfor(var c=params.first/4u;c <(end+3u)/4u;c++){\nlet v=(1.0 - f.x)*((1.0 - f.y)*x[a+c]+f.y*x[b+c])+f.x*((1.0 - f.y)*x[d+c]+f.y*x[e+c]);\nfor(var k=0u;k < 4u;k++){\nlet channel=c*4u+k;\nif(channel < params.first||channel >=end){continue;}\nif(round==0u){if(channel==params.first||v[k] > most){most=v[k];}}\nelse{\nlet p=exp(v[k] - most);\nsum+=p;\nif(channel==params.channel){own=p;}\n}\n}\n}\n}\ny[at]=own/sum;\nif(ADD){y[at]+=addend[at];}\n}\n"
};
var probability_wgsl_default = kernel15;

// src/kernels/softmax.wgsl.ts
var kernel16 = {
  "name": "softmax",
  "params": {
    "vectors": "u32",
    "inHeight": "u32",
    "inWidth": "u32",
    "outHeight": "u32",
    "outWidth": "u32",
    "total": "u32",
    "ranges": "u32",
    "first": "u32"
  },
  "bindings": {
    "x": "read",
    "ranges": "read",
    "y": "read_write"
  },
  "source": "\n\nconst CORNER:bool=false;\n\nstruct Params{\nvectors:u32,inHeight:u32,inWidth:u32,outHeight:u32,outWidth:u32,total:u32,\nranges:u32,\nfirst:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<vec4f>;\n@group(0)@binding(2)var<storage,read> ranges:array<vec2u>;\n@group(0)@binding(3)var<storage,read_write> y:array<vec4f>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet column=at%params.outWidth;\nlet row=(at/params.outWidth)%params.outHeight;\nlet image=at/params.outWidth/params.outHeight;\nlet size=vec2f(f32(params.inHeight),f32(params.inWidth));\nlet scale=size/vec2f(f32(params.outHeight),f32(params.outWidth));\nvar source=vec2f(f32(row),f32(column))*scale;\nif(!CORNER){source=max((vec2f(f32(row),f32(column))+0.5)*scale - 0.5,vec2f());}\nlet lo=min(vec2u(source),vec2u(size)- 1u);\nlet hi=min(lo+1u,vec2u(size)- 1u);\nlet f=source - vec2f(lo);\nlet top=(image*params.inHeight+lo.x)*params.inWidth;\nlet bottom=(image*params.inHeight+hi.x)*params.inWidth;\nlet a=(top+lo.y)*params.vectors;\nlet b=(top+hi.y)*params.vectors;\nlet d=(bottom+lo.y)*params.vectors;\nlet e=(bottom+hi.y)*params.vectors;\nfor(var r=0u;r < params.ranges;r++){\nlet range=ranges[r];\nlet end=range.x+range.y;\nvar most=0.0;\nvar sum=0.0;\nfor(var round=0u;round < 3u;round++){\nfor(var c=range.x/4u;c <(end+3u)/4u;c++){\nlet v=(1.0 - f.x)*((1.0 - f.y)*x[a+c]+f.y*x[b+c])+f.x*((1.0 - f.y)*x[d+c]+f.y*x[e+c]);\nlet channels=vec4u(0u,1u,2u,3u)+c*4u;\nlet known=(channels >=vec4u(range.x))&(channels < vec4u(end));\nif(round==0u){\n\nfor(var k=0u;k < 4u;k++){\nif(known[k]&&(channels[k]==range.x||v[k] > most)){most=v[k];}\n}\n}else{\nlet p=select(vec4f(),exp(select(vec4f(),v - most,known)),known);\nif(round==1u){sum+=p.x+p.y+p.z+p.w;}\nelse{\nlet to=at*params.vectors+c;\ny[to]=select(y[to],p/sum+select(y[to],vec4f(),params.first==1u),known);\n}\n}\n}\n}\n}\n}\n"
};
var softmax_wgsl_default = kernel16;

// src/kernels/classify.ts
var PICK = { name: "pick" };
var PROBABILITY = { name: "probability" };
function table(graph, label, numbers2) {
  const hash = numbers2.reduce((sum, number) => Math.imul(sum ^ number, 16777619), 2166136261) >>> 0;
  const name = `${label} ${numbers2.length} ${hash.toString(16)}`;
  return graph.parameter(name, [numbers2.length], [], () => new Float32Array(Uint32Array.from(numbers2).buffer));
}
var flat = (ranges) => ranges.flatMap(({ first, count: count2 }) => [first, count2]);
var within = (x, ranges) => {
  for (const { first, count: count2 } of ranges) {
    if (first < 0 || count2 < 0 || first + count2 > x.channels) {
      throw new ShapeError(`"${x.label}" has ${x.channels} channels, not ${count2} from ${first} on.`);
    }
  }
};
function extents(x, labels) {
  const [, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const [outHeight = 1, outWidth = 1] = labels.shape.slice(-2);
  return { vectors: stored / 4, inHeight, inWidth, outHeight, outWidth };
}
function pick2(graph, x, order) {
  if (order.length !== x.channels || new Set(order).size !== x.channels || order.some((c) => !(c >= 0 && c < x.channels))) {
    throw new ShapeError(`[${order.slice(0, 20)}] is no order of the ${x.channels} channels of "${x.label}".`);
  }
  const y = graph.value(`${x.label}.ordered`, x.shape, "f32", x.channels);
  const total = elements(x.shape) / 4;
  graph.step(
    pick_wgsl_default,
    { x, order: table(graph, `${x.label} order`, order), y },
    { vectors: x.shape.at(-1) / 4, channels: x.channels, total },
    lanes(total)
  );
  graph.record(PICK, [x], y, { order });
  return y;
}
function classify(graph, x, labels, options) {
  const { map, ranges, names, gate, sampling = "centre" } = options;
  within(x, ranges);
  if (names.length !== x.channels) throw new ShapeError(`${names.length} names do not fit "${x.label}" [${x.shape}].`);
  const [, maps = 1] = labels.shape;
  const total = elements(labels.shape) / maps;
  graph.step(
    classify_wgsl_default,
    {
      x,
      ranges: table(graph, `${x.label} ranges of map ${map}`, flat(ranges)),
      names: table(graph, `${x.label} names of map ${map}`, names),
      labels
    },
    { ...extents(x, labels), total, maps, map, gate: gate ?? 0 },
    lanes(total),
    { choices: { CORNER: sampling === "corner", GATED: gate !== void 0 } }
  );
}
function softmaxSum(graph, logits, ranges, [height, width], sampling = "centre") {
  const [n = 1] = logits[0].shape;
  const y = graph.map(`${logits[0].label}.probability`, n, height, width, logits[0].channels);
  const total = n * height * width;
  const choices = table(graph, `${logits[0].label} softmaxes`, flat(ranges));
  logits.forEach((x, index) => {
    within(x, ranges);
    const [, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
    graph.step(
      softmax_wgsl_default,
      { x, ranges: choices, y },
      {
        vectors: stored / 4,
        inHeight,
        inWidth,
        outHeight: height,
        outWidth: width,
        total,
        ranges: ranges.length,
        first: index === 0 ? 1 : 0
      },
      lanes(total),
      { choices: { CORNER: sampling === "corner" } }
    );
  });
  return y;
}
function probability(graph, x, options, [height, width], addend) {
  const { range, channel, sampling = "centre" } = options;
  within(x, [range]);
  if (channel < range.first || channel >= range.first + range.count) {
    throw new ShapeError(`Channel ${channel} is none of the ${range.count} from ${range.first} on.`);
  }
  const [n = 1] = x.shape;
  const y = graph.value(`${x.label}.probability of ${channel}`, [n, height, width]);
  const total = elements(y.shape);
  graph.step(
    probability_wgsl_default,
    { x, addend: addend ?? x, y },
    { ...extents(x, y), total, first: range.first, count: range.count, channel },
    lanes(total),
    { choices: { CORNER: sampling === "corner", ADD: addend !== void 0 } }
  );
  graph.record(PROBABILITY, [x, addend], y, options);
  return y;
}
function mask(graph, labels, label) {
  const [n = 1, maps = 1, height = 1, width = 1] = labels.shape;
  const y = graph.value(`mask of ${label}`, [n, height, width]);
  const total = elements(y.shape);
  graph.step(mask_wgsl_default, { labels, y }, { maps, pixels: height * width, label, total }, lanes(total));
  return y;
}

// src/models/segmenter.ts
init_graph();
init_bytes();
init_labels();

// src/models/near.ts
var OFFERED = 5;
function nearest(text, names) {
  const wanted = text.toLowerCase();
  const away = (name) => name.includes(wanted) || wanted.includes(name) ? 0 : editDistance(wanted, name) / Math.ceil(wanted.length / 3);
  return [...new Set(names)].map((name) => ({ name, distance: away(name.toLowerCase()) })).filter(({ distance }) => distance <= 1).sort((a, b) => a.distance - b.distance).slice(0, OFFERED).map(({ name }) => name);
}
function editDistance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + Number(a[i - 1] !== b[j - 1])));
    }
    row = next;
  }
  return row[b.length];
}

// src/models/network.ts
init_errors();
var mapsOf = (network) => network.maps.length + (network.quad ? 2 : 0);
function shifted(network, offset) {
  if (offset === 0) return network;
  if (network.quad) {
    throw new UsageError("A segmenter with quarters is not the first of those merged.", "Put it first.");
  }
  const nowhere = { first: 0, count: 0 };
  const maps = network.maps.map((map) => ({
    ...map,
    names: map.names.map((label) => label === 0 ? 0 : label + offset),
    ranges: map.gate === void 0 ? map.ranges : [...new Array(offset).fill(nowhere), ...map.ranges]
  }));
  return { ...network, maps };
}
function checkMaps({ labels, maps }) {
  const refuse = (index, why) => {
    throw new UsageError(`Label map ${index} ${why}.`, "See docs/segmenters.md for what a network must say.");
  };
  if (maps.length === 0) throw new UsageError("A network has no label maps.", "Give at least one.");
  maps.forEach(({ ranges, names, gate }, index) => {
    if (gate !== void 0 && !(gate >= 0 && gate < index))
      refuse(index, `is gated by map ${gate}, which is not before it`);
    const most = gate === void 0 ? 0 : maps[gate].names.reduce((a, b) => Math.max(a, b), 0);
    if (ranges.length <= most) refuse(index, `has ${ranges.length} ranges, but its gate may hold label ${most}`);
    const unknown2 = names.find((label) => !(Number.isInteger(label) && label >= 0 && label < labels.length));
    if (unknown2 !== void 0) refuse(index, `names label ${unknown2} of ${labels.length}`);
  });
}

// src/models/readout.ts
init_errors();

// src/kernels/components.ts
init_errors();
init_graph();

// src/kernels/components-divide.wgsl.ts
var kernel17 = {
  "name": "components-divide",
  "params": {
    "height": "u32",
    "width": "u32",
    "total": "u32",
    "maps": "u32",
    "channel": "u32",
    "topBottom": "u32",
    "leftRight": "u32",
    "objects": "u32"
  },
  "bindings": {
    "parent": "read",
    "extents": "read",
    "labels": "read_write"
  },
  "source": "\n\n\nstruct Params{\nheight:u32,width:u32,total:u32,\nmaps:u32,\nchannel:u32,\ntopBottom:u32,\nleftRight:u32,\nobjects:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> parent:array<u32>;\n@group(0)@binding(2)var<storage,read> extents:array<u32>;\n@group(0)@binding(3)var<storage,read_write> labels:array<u32>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet pixels=params.height*params.width;\nlet image=at/pixels*params.maps;\nlet pixel=at%pixels;\nlet label=labels[(image+params.channel)*pixels+pixel];\nvar vertical=0u;\nvar horizontal=0u;\nif(label!=0u){\nlet root=parent[at];\nlet top=root/params.width%params.height;\nlet bottom=extents[3u*root];\nlet right=extents[3u*root+1u];\nlet left=params.width - 1u - extents[3u*root+2u];\nvertical=label+params.objects*select(3u,1u,pixel/params.width <(top+bottom+1u)/2u);\nhorizontal=label+params.objects*select(4u,2u,pixel%params.width <(left+right+1u)/2u);\n}\nlabels[(image+params.topBottom)*pixels+pixel]=vertical;\nlabels[(image+params.leftRight)*pixels+pixel]=horizontal;\n}\n"
};
var components_divide_wgsl_default = kernel17;

// src/kernels/components-extents.wgsl.ts
var kernel18 = {
  "name": "components-extents",
  "params": {
    "height": "u32",
    "width": "u32",
    "total": "u32",
    "maps": "u32",
    "channel": "u32"
  },
  "bindings": {
    "labels": "read",
    "parent": "read_write",
    "extents": "read_write"
  },
  "source": "\n\n\nstruct Params{\nheight:u32,width:u32,total:u32,\nmaps:u32,\nchannel:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> labels:array<u32>;\n@group(0)@binding(2)var<storage,read_write> parent:array<atomic<u32>>;\n@group(0)@binding(3)var<storage,read_write> extents:array<atomic<u32>>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet pixels=params.height*params.width;\nlet here=(at/pixels*params.maps+params.channel)*pixels+at%pixels;\nlet row=at/params.width%params.height;\nlet column=at%params.width;\nlet label=labels[here];\nif(label==0u){return;}\nvar root=at;\nvar up=atomicLoad(&parent[root]);\nwhile(up!=root){\nroot=up;\nup=atomicLoad(&parent[root]);\n}\natomicStore(&parent[at],root);\n\nif(row+1u==params.height||labels[here+params.width]!=label){atomicMax(&extents[3u*root],row);}\nif(column+1u==params.width||labels[here+1u]!=label){atomicMax(&extents[3u*root+1u],column);}\nif(column==0u||labels[here - 1u]!=label){atomicMax(&extents[3u*root+2u],params.width - 1u - column);}\n}\n"
};
var components_extents_wgsl_default = kernel18;

// src/kernels/components-link.wgsl.ts
var kernel19 = {
  "name": "components-link",
  "params": {
    "height": "u32",
    "width": "u32",
    "total": "u32",
    "maps": "u32",
    "channel": "u32"
  },
  "bindings": {
    "labels": "read",
    "parent": "read_write"
  },
  "source": "\n\n\n\nstruct Params{\nheight:u32,width:u32,total:u32,\nmaps:u32,\nchannel:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> labels:array<u32>;\n@group(0)@binding(2)var<storage,read_write> parent:array<atomic<u32>>;\n\n\n\nfn root(start:u32)-> u32{\nvar at=start;\nvar up=atomicLoad(&parent[at]);\nwhile(up!=at){\nlet above=atomicLoad(&parent[up]);\nif(above!=up){atomicMin(&parent[at],above);}\nat=up;\nup=above;\n}\nreturn at;\n}\n\nfn link(a:u32,b:u32){\nvar x=root(a);\nvar y=root(b);\nwhile(x!=y){\nlet later=max(x,y);\nlet earlier=min(x,y);\nlet before=atomicMin(&parent[later],earlier);\nif(before==later){return;}\n\nx=root(before);\ny=earlier;\n}\n}\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet pixels=params.height*params.width;\nlet here=(at/pixels*params.maps+params.channel)*pixels+at%pixels;\nlet row=at/params.width%params.height;\nlet column=at%params.width;\nlet label=labels[here];\nif(label==0u||row==0u){return;}\nlet above=here - params.width;\nlet first=column==0u;\nlet last=column+1u==params.width;\nlet west=!first&&labels[here - 1u]==label;\nlet east=!last&&labels[here+1u]==label;\nlet northWest=!first&&labels[above - 1u]==label;\nlet northEast=!last&&labels[above+1u]==label;\n\nif(labels[above]==label){\nif(!(west&&northWest)){link(at,at - params.width);}\n}else{\nif(northWest&&!west){link(at,at - params.width - 1u);}\nif(northEast&&!east){link(at,at - params.width+1u);}\n}\n}\n"
};
var components_link_wgsl_default = kernel19;

// src/kernels/components-start.wgsl.ts
var kernel20 = {
  "name": "components-start",
  "params": {
    "height": "u32",
    "width": "u32",
    "total": "u32",
    "maps": "u32",
    "channel": "u32"
  },
  "bindings": {
    "labels": "read",
    "parent": "read_write",
    "extents": "read_write"
  },
  "source": "\n\nstruct Params{\nheight:u32,width:u32,total:u32,\nmaps:u32,\nchannel:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> labels:array<u32>;\n@group(0)@binding(2)var<storage,read_write> parent:array<u32>;\n@group(0)@binding(3)var<storage,read_write> extents:array<u32>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet pixels=params.height*params.width;\nlet here=(at/pixels*params.maps+params.channel)*pixels+at%pixels;\nlet west=at%params.width > 0u&&labels[here]==labels[here - 1u];\nparent[at]=select(at,at - 1u,west);\nfor(var i=0u;i < 3u;i++){extents[3u*at+i]=0u;}\n}\n"
};
var components_start_wgsl_default = kernel20;

// src/kernels/components.ts
init_pointwise();
function divide(graph, labels, options) {
  const { channel, topBottom, leftRight, objects, height, width } = options;
  const [n = 1, maps = 1, ...extent] = labels.shape;
  const given = [channel, topBottom, leftRight];
  if (new Set(given).size < given.length || !given.every((map2) => Number.isInteger(map2) && map2 >= 0 && map2 < maps)) {
    throw new ShapeError(`"${labels.label}" [${labels.shape}] has no three different maps ${given.join(", ")}.`);
  }
  if (labels.dtype !== "u32" || elements(extent) !== height * width) {
    throw new ShapeError(`"${labels.label}" [${labels.shape}] holds no u32 labels of ${height} \xD7 ${width} pixels.`);
  }
  const total = n * height * width;
  const parent = graph.value(`${labels.label}.components`, [n, height, width], "u32");
  const extents3 = graph.value(`${labels.label}.extents`, [n, height, width, 3], "u32");
  const map = { height, width, total, maps, channel };
  graph.step(components_start_wgsl_default, { labels, parent, extents: extents3 }, map, lanes(total));
  graph.step(components_link_wgsl_default, { labels, parent }, map, lanes(total));
  graph.step(components_extents_wgsl_default, { labels, parent, extents: extents3 }, map, lanes(total));
  graph.step(components_divide_wgsl_default, { parent, extents: extents3, labels }, { ...map, topBottom, leftRight, objects }, lanes(total));
}

// src/models/readout.ts
init_resample();
function logitsOf(graph, network, image, heads) {
  const [, height = 1, width = 1] = image.shape;
  const sizes = network.segsizes.length > 0 ? network.segsizes.map((edge) => [edge, edge]) : [[height, width]];
  const all = /* @__PURE__ */ new Map();
  for (const size of sizes) {
    const smaller = height < size[0] || width < size[1];
    const fitting = network.enlarge && smaller ? resize(graph, image, Math.max(height, size[0]), Math.max(width, size[1])) : image;
    const x = preprocess(graph, fitting, ...size, network.pixels);
    for (const [head, value] of network.logits(graph, x, heads)) {
      const ordered = network.order ? pick2(graph, value, network.order) : value;
      all.set(head, [...all.get(head) ?? [], ordered]);
    }
  }
  return all;
}
function softmaxes(network, head) {
  const ranges = network.maps.filter((map) => map.head === head).flatMap((map) => map.ranges);
  const distinct = new Map(ranges.filter(({ count: count2 }) => count2 > 0).map((range) => [range.first, range]));
  return [...distinct.values()];
}
function writeMaps(graph, network, image, labels, first) {
  const [, , height = 1, width = 1] = labels.shape;
  const { maps, quad, sampling } = network;
  const logits = logitsOf(graph, network, image, new Set(maps.map(({ head }) => head)));
  const scores = /* @__PURE__ */ new Map();
  for (const [head, values] of logits) {
    const summed = () => softmaxSum(graph, values, softmaxes(network, head), [height, width], sampling);
    scores.set(head, values.length === 1 ? values[0] : summed());
  }
  maps.forEach(({ head, ranges, names, gate }, index) => {
    const score = scores.get(head);
    if (!score)
      throw new ShapeError(`The network makes no logits called "${head}", which label map ${index} is read off.`);
    classify(graph, score, labels, {
      map: first + index,
      ranges,
      names,
      ...gate === void 0 ? {} : { gate: first + gate },
      // Sums of probabilities are at the maps' own resolution already.
      ...sampling ? { sampling } : {}
    });
  });
  if (quad) {
    divide(graph, labels, {
      channel: first,
      topBottom: first + maps.length,
      leftRight: first + maps.length + 1,
      objects: quad.objects,
      height,
      width
    });
  }
}
function scoreOf(graph, network, image, label, extent) {
  const bearing = network.maps.flatMap(
    ({ head, ranges, names }) => ranges.flatMap(
      (range) => Array.from({ length: range.count }, (_, i) => range.first + i).filter((channel) => names[channel] === label).map((channel) => ({ head, range, channel }))
    )
  );
  const heads = new Set(bearing.map(({ head }) => head));
  if (heads.size === 0) return void 0;
  const logits = logitsOf(graph, network, image, heads);
  let sum;
  for (const { head, range, channel } of bearing) {
    for (const value of logits.get(head)) {
      const options = { range, channel, ...network.sampling ? { sampling: network.sampling } : {} };
      sum = probability(graph, value, options, extent, sum);
    }
  }
  return sum;
}

// src/models/segmenter.ts
init_state();
var Segmenter = class _Segmenter {
  name;
  device;
  /** Index 0 is none. */
  labels;
  storage;
  #parts;
  constructor(name, device, storage, parts) {
    this.name = name;
    this.device = device;
    this.storage = storage;
    this.labels = parts.flatMap(({ network }) => network.labels);
    this.#parts = parts;
  }
  /** Opens the files, recognises the network by its tensors and checks the labels against its heads. */
  static async load(files, options) {
    const { sha256, device, name: given, storage, segsizes, heads, segdiv, parts, ...rest } = options;
    const open2 = (key2, source) => openCheckpoint(source, { ...rest, sha256: sha256?.[key2] });
    let state;
    let first;
    if ("weights" in files) {
      first = await open2("weights", files.weights);
      state = first.tensors;
    } else {
      first = await open2("encoder", files.encoder);
      const decoder = await open2("decoder", files.decoder);
      const merged = /* @__PURE__ */ new Map();
      for (const [key2, tensor] of first.tensors) merged.set(`encoder.${key2}`, tensor);
      for (const [key2, tensor] of decoder.tensors) merged.set(`decoder.${key2}`, tensor);
      state = merged;
    }
    const labels = isContents(files.labels) ? files.labels : await readLabels(files.labels, { ...rest, sha256: sha256?.labels });
    const unified = { ...heads && { heads }, ...segdiv && { segdiv }, ...parts && { parts } };
    const { recognise: recognise2, OPERATIONS: OPERATIONS2, parseOperations: parseOperations2 } = await networks();
    const list2 = first.metadata[OPERATIONS2];
    const operations = typeof list2 === "string" ? parseOperations2(list2) : void 0;
    const network = recognise2({ state, labels, operations }, unified);
    if (segsizes !== void 0 && !isSegsizes(segsizes)) {
      throw new UsageError(`segsizes [${segsizes}] make no sense.`, "Use one to eight whole numbers from 32 to 4096.");
    }
    const name = given ?? first.source.name.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "");
    return _Segmenter.define(
      { ...network, segsizes: segsizes ?? network.segsizes },
      { device, name, ...storage && { storage } },
      rest
    );
  }
  /** A segmenter of any network; its weights are uploaded now, since a damaged file should fail here. */
  static async define(network, { device, name = network.architecture, storage = "f32" }, { signal } = {}) {
    checkMaps(network);
    const weights = new Weights(device, network.state);
    const segmenter = new _Segmenter(name, device, storage, [{ network, weights }]);
    try {
      const edge = network.segsizes[0] ?? 256;
      const { graph } = await segmenter.#tuned([1, edge, edge], [edge, edge], signal);
      await segmenter.bind(graph, signal);
    } catch (error) {
      segmenter.dispose();
      throw error;
    }
    return segmenter;
  }
  /**
   * Segmenters side by side as one, such as objects and colours (PNAS): label maps and labels one after the other, ids shifted
   * by the labels before (spec §2.5). The parts belong to the result and are disposed with it.
   */
  static merge(name, segmenters) {
    const [first] = segmenters;
    if (!first) throw new UsageError("There is nothing to merge.", "Give at least one segmenter.");
    if (segmenters.some(({ device, storage }) => device !== first.device || storage !== first.storage)) {
      throw new UsageError("Merged segmenters are on different devices or stored differently.", "Load them alike.");
    }
    let offset = 0;
    const parts = segmenters.flatMap((segmenter) => {
      const first2 = offset;
      offset += segmenter.labels.length;
      return segmenter.#parts.map(({ network, weights }) => ({ network: shifted(network, first2), weights }));
    });
    return new _Segmenter(name, first.device, first.storage, parts);
  }
  /** What the networks are. */
  get architecture() {
    return this.#parts.map(({ network }) => network.architecture).join(" + ");
  }
  /** Input edges of the (first) network; none when it takes images as they are. */
  get segsizes() {
    return this.#parts[0].network.segsizes;
  }
  /** Labels a pixel can have at once. */
  get channels() {
    return this.#parts.reduce((sum, { network }) => sum + mapsOf(network), 0);
  }
  /** Categories in the order in which labels name them. */
  get categories() {
    return [...new Set(this.labels.filter(({ name }) => name !== "-").map((label) => label.category))];
  }
  /**
   * The number of a label by its name, "door", the first of that name, or by category and name, "material/glass". Names may
   * have a slash of their own.
   * @throws UsageError with the nearest names.
   */
  label(concept) {
    const named = (nameOf2) => this.labels.findIndex((label) => label.name !== "-" && nameOf2(label) === concept);
    for (const found2 of [named(({ name }) => name), named(({ category, name }) => `${category}/${name}`)]) {
      if (found2 > 0) return found2;
    }
    const names = this.labels.map(({ name }) => name).filter((name) => name !== "-");
    const near = nearest(concept.slice(concept.indexOf("/") + 1), names);
    throw new UsageError(
      `${this.name} knows no concept "${concept}".`,
      near.length > 0 ? `Near are ${near.join(", ")}.` : `It knows ${this.labels.length - 1}, such as ${this.labels[1]?.name}.`
    );
  }
  /** Appends the segmenter to a graph: labels [n, maps, height, width] of image [n, h, w, 3] in [−1, 1]. */
  append(graph, image, extent) {
    const [height, width] = typeof extent === "number" ? [extent, extent] : extent;
    const labels = graph.value("labels", [image.shape[0], this.channels, height, width], "u32");
    let first = 0;
    for (const { network, weights } of this.#parts) {
      graph.owned(weights, () => writeMaps(graph, network, image, labels, first));
      first += mapsOf(network);
    }
    return labels;
  }
  /**
   * Appends a concept's probability [n, size, size] at every pixel of image [n, h, w, 3], differentiable: summed over input
   * sizes and over all channels that bear its name, owners of parts left aside (spec §2.3). Not for quarters.
   */
  score(graph, image, concept, extent) {
    const label = this.label(concept);
    const size = typeof extent === "number" ? [extent, extent] : extent;
    for (const { network, weights } of this.#parts) {
      const score = graph.owned(weights, () => scoreOf(graph, network, image, label, size));
      if (score) return score;
    }
    throw new UsageError(
      `"${concept}" is a quarter of an object and has no probability of its own.`,
      "Ask for the object."
    );
  }
  /** Appends where a concept was seen [n, size, size]: 1 where any of the label maps (of `append`) holds it, else 0. */
  mask(graph, labels, concept) {
    return mask(graph, labels, this.label(concept));
  }
  #describe(image, extent) {
    const graph = new Graph(this.device.target, this.storage, this.device.tuned);
    const input = graph.map("image", ...image, 3);
    return { graph, input, labels: this.append(graph, input, extent) };
  }
  /** The graph, once the ways of its operations were timed. */
  async #tuned(image, extent, signal) {
    await tune(this.device, () => this.#describe(image, extent).graph, signal);
    return this.#describe(image, extent);
  }
  /** Uploads what this segmenter learned of a graph; the weights belong to the segmenter. */
  async bind(graph, signal) {
    const bound = /* @__PURE__ */ new Map();
    for (const { weights } of this.#parts) {
      const parameters = graph.parameters.filter(({ owner }) => owner === weights);
      for (const [value, tensor] of await weights.bind({ parameters }, { signal })) bound.set(value, tensor);
    }
    return bound;
  }
  /** Compiles the segmenter onto an image tensor [n, h, w, 4], for label maps of the given extent. */
  async compile(image, extent, signal) {
    const [n = 1, height = 1, width = 1] = image.shape;
    const label = typeof extent === "number" ? [extent, extent] : extent;
    const { graph, input, labels } = await this.#tuned([n, height, width], label, signal);
    const weights = await this.bind(graph, signal);
    const plan = await Plan.compile(this.device, graph, {
      keep: [labels],
      bind: [...weights, [input, image]],
      signal
    });
    const dispose = () => plan.dispose();
    return {
      run: () => plan.run(),
      labels: plan.tensor(labels),
      bytes: plan.bytes,
      dispose,
      [Symbol.dispose]: dispose
    };
  }
  /** What one image costs, of `size` × `size` pixels unless the network has input sizes of its own. */
  cost(size = this.segsizes[0] ?? 256) {
    const { graph, input, labels } = this.#describe([1, size, size], [size, size]);
    const part2 = ({ owner }) => this.#parts.findIndex(({ weights }) => weights === owner);
    return costOf(graph, [input, labels], (parameter) => `${part2(parameter)} ${parameter.value.label}`);
  }
  /** Bytes of weights on the device. */
  get bytes() {
    return this.#parts.reduce((sum, { weights }) => sum + weights.bytes, 0);
  }
  dispose() {
    for (const { weights } of this.#parts) weights.dispose();
  }
  [Symbol.dispose]() {
    this.dispose();
  }
};
async function networks() {
  try {
    return await Promise.resolve().then(() => (init_recognise(), recognise_exports));
  } catch (cause) {
    throw new GanatomyError(
      "network",
      "The part of this library that knows the published segmenters did not load.",
      "Serve the whole `dist` folder, chunks included.",
      { cause }
    );
  }
}
function isContents(labels) {
  return typeof labels === "object" && labels !== null && ("object" in labels || "categories" in labels);
}
async function readLabels(like, options) {
  const source = await openSource(like, options);
  if (source.size > 16 * 2 ** 20) {
    throw new LabelsError(
      `${source.name} is ${source.size} bytes long: too much for a label file.`,
      "Give labels.json."
    );
  }
  const text = new TextDecoder().decode(await readExactly(source, 0, source.size, options));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LabelsError(`${source.name} is not JSON.`, "Give the labels.json that came with the network.", { cause });
  }
}

// src/dissect/samples.ts
init_graph();
init_tensor();

// src/dissect/kept.ts
init_errors();
init_tensor();
var Kept = class {
  /** How many batches' label maps are kept: the first ones. */
  labels;
  /** How many batches' feature maps. */
  features;
  #device;
  #maps;
  #labelMaps;
  #copies = /* @__PURE__ */ new Map();
  #full = false;
  /** For `batches` contents that `maps` and `labelMaps` have one after the other; without `labelMaps` only `maps` are kept. */
  constructor(device, maps, labelMaps, batches, memory) {
    this.#device = device;
    this.#maps = maps;
    this.#labelMaps = labelMaps ? [labelMaps] : [];
    const fitting = (bytes2, room) => Math.min(batches, Math.floor(room / bytes2));
    this.labels = labelMaps ? fitting(labelMaps.bytes, memory) : 0;
    const rest = memory - this.labels * (labelMaps?.bytes ?? 0);
    this.features = fitting(
      maps.reduce((sum, { bytes: bytes2 }) => sum + bytes2, 0),
      rest
    );
  }
  /** Brings a batch's label maps back; false if they were not kept. */
  restoreLabels(batch) {
    return this.#restore(`labels ${batch}`, this.#labelMaps);
  }
  /** Brings a batch's feature maps back; false if they were not kept. */
  restoreFeatures(batch) {
    return this.#restore(`features ${batch}`, this.#maps);
  }
  /** Copies the label maps as they are now, if they are among those that fit. */
  async keepLabels(batch) {
    if (batch < this.labels) await this.#keep(`labels ${batch}`, this.#labelMaps);
  }
  /** Copies the feature maps as they are now, if they are among those that fit. */
  async keepFeatures(batch) {
    if (batch < this.features) await this.#keep(`features ${batch}`, this.#maps);
  }
  #restore(name, targets) {
    const copies = this.#copies.get(name);
    copies?.forEach((copy, index) => {
      copy.copyTo(targets[index]);
    });
    return copies !== void 0;
  }
  /** What no longer fits is made again, so a lack of memory only stops the keeping. */
  async #keep(name, sources) {
    if (this.#full || this.#copies.has(name)) return;
    const copies = [];
    try {
      await this.#device.allocating("kept samples", () => {
        for (const source of sources) {
          const copy = Tensor.create(this.#device, `${source.label}, ${name}`, source.shape, source.dtype);
          copies.push(copy);
          source.copyTo(copy);
        }
      });
      this.#copies.set(name, copies);
    } catch (error) {
      for (const copy of copies) copy.dispose();
      if (!(error instanceof DeviceLostError && error.code === "out-of-memory")) throw error;
      this.#full = true;
    }
  }
  dispose() {
    for (const copies of this.#copies.values()) for (const copy of copies) copy.dispose();
    this.#copies.clear();
  }
};

// src/dissect/samples.ts
var Samples = class _Samples {
  size;
  batchSize;
  /** Feature maps of the current batch, [batch, h, w, units], by layer. */
  maps;
  /** Label maps of the current batch, [batch, channels, segmentationSize²]. */
  labelMaps;
  /** [2]: index of the batch's first image, how many are valid. */
  batch;
  #scope;
  #device;
  #generator;
  #options;
  #full;
  #part;
  #segmentation;
  #z;
  #kept;
  #pictures = /* @__PURE__ */ new Map();
  constructor(options, plans, scope) {
    const { generator, size, seed, segmentationSize } = options;
    const device = generator.device;
    this.#options = options;
    this.#device = device;
    this.#generator = generator;
    this.#full = plans.full;
    this.#part = plans.part;
    this.#segmentation = plans.segmentation;
    this.size = size;
    this.batchSize = plans.full.batch;
    this.#z = generator.sample({ size, seed });
    this.maps = new Map(
      [...plans.full.layers].map(([name, { shape }]) => [
        name,
        scope.own(Tensor.create(device, `${name} maps`, shape, "f32"))
      ])
    );
    const channels = elements(plans.segmentation.labels.shape) / (this.batchSize * segmentationSize ** 2);
    const labelShape = [this.batchSize, channels, segmentationSize ** 2];
    this.labelMaps = scope.own(Tensor.create(device, "label maps", labelShape, "u32"));
    this.batch = scope.own(Tensor.create(device, "batch", [2], "u32"));
    this.#scope = scope;
    const features = [...this.maps.values()];
    const { memory, keepLabels } = options;
    this.#kept = scope.own(new Kept(device, features, keepLabels ? this.labelMaps : void 0, this.batches, memory));
  }
  static async create(options) {
    const { generator, segmenter, layers, segmentationSize, pictures, signal } = options;
    const batch = Math.min(options.batch, options.size);
    const depth = (name) => generator.layers.findIndex((layer) => layer.name === name);
    const deepest = layers.reduce((a, b) => depth(a) > depth(b) ? a : b);
    const scope = new Scope();
    try {
      const full = scope.own(await generator.compile({ batch, retain: layers, bytes: pictures, signal }));
      const part2 = scope.own(await generator.compile({ batch, retain: layers, until: deepest, signal }));
      const segmentation = scope.own(await segmenter.compile(full.image, segmentationSize, signal));
      return await generator.device.allocating(
        "a batch",
        () => new _Samples(options, { full, part: part2, segmentation }, scope)
      );
    } catch (error) {
      scope.dispose();
      throw error;
    }
  }
  get batches() {
    return Math.ceil(this.size / this.batchSize);
  }
  /** Labels a pixel can have at once. */
  get channels() {
    return this.labelMaps.shape[1];
  }
  /** Whether no batch is segmented twice. */
  get keepsLabels() {
    return this.#kept.labels === this.batches;
  }
  /**
   * Brings every batch into `maps` and `batch`, and into `labelMaps` when asked, one after the other; at most two are in
   * flight, so that a page stays responsive.
   */
  async *each({
    labels
  }) {
    let pictures;
    let previous;
    try {
      for (let index = 0; index < this.batches; index += 1) {
        this.#options.signal?.throwIfAborted();
        const first = index * this.batchSize;
        const count2 = Math.min(this.batchSize, this.size - first);
        this.batch.write(Uint32Array.of(first, count2));
        const segment = labels && !this.#kept.restoreLabels(index);
        if (segment || !this.#kept.restoreFeatures(index)) await this.#generate(index, first, count2, segment);
        await previous;
        pictures = segment && this.#options.pictures ? this.#readPictures(first, count2) : void 0;
        pictures?.catch(() => {
        });
        yield { first, count: count2 };
        previous = Promise.all([this.#device.idle(), pictures]);
        previous.catch(() => {
        });
      }
      await previous;
    } finally {
      await Promise.allSettled([previous, pictures]);
    }
  }
  async #generate(index, first, count2, segment) {
    const { zSize } = this.#generator;
    const plan = segment ? this.#full : this.#part;
    plan.run(this.#z.subarray(first * zSize, (first + count2) * zSize));
    for (const [name, tensor] of plan.layers) tensor.copyTo(this.maps.get(name));
    await this.#kept.keepFeatures(index);
    if (!segment) return;
    this.#segmentation.run();
    this.#segmentation.labels.copyTo(this.labelMaps);
    await this.#kept.keepLabels(index);
  }
  /** Copies the batch's images and labels off the GPU: submitted at once, before a later batch overwrites them. */
  async #readPictures(first, count2) {
    const { resolution } = this.#generator;
    const pixels = resolution ** 2;
    const perImage = this.channels * this.#options.segmentationSize ** 2;
    const [rgba, labels] = await Promise.all([
      this.#full.rgba.read(count2 * pixels),
      this.labelMaps.read(count2 * perImage)
    ]);
    const bytes2 = new Uint8Array(rgba.buffer);
    for (let i = 0; i < count2; i += 1) {
      this.#pictures.set(first + i, {
        image: first + i,
        rgb: withoutAlpha(bytes2, i * pixels, pixels),
        size: resolution,
        labels: Uint16Array.from(labels.subarray(i * perImage, (i + 1) * perImage))
      });
    }
  }
  /** Pictures of images that were seen with labels. */
  picture(image) {
    const picture = this.#pictures.get(image);
    if (!picture) throw new Error(`Image ${image} was not kept.`);
    return picture;
  }
  dispose() {
    this.#scope.dispose();
  }
};

// src/kernels/statistics.ts
init_errors();
init_graph();

// src/kernels/accumulate.wgsl.ts
var kernel29 = {
  "name": "accumulate",
  "params": {
    "sums": "u32",
    "count": "u32",
    "zero": "u32"
  },
  "bindings": {
    "partial": "read",
    "total": "read_write"
  },
  "source": "\n\n\nstruct Params{sums:u32,count:u32,zero:u32}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> partial:array<f32>;\n@group(0)@binding(2)var<storage,read_write> total:array<vec2f>;\n\n\nfn opaque(x:f32)-> f32{return bitcast<f32>(bitcast<u32>(x)^params.zero);}\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.sums){return;}\nvar sum=total[at];\nfor(var i=0u;i < params.count;i++){\nlet v=partial[i*params.sums+at];\nlet s=opaque(sum.x+v);\nlet back=opaque(s - sum.x);\nsum=vec2f(s,sum.y+(opaque(sum.x - opaque(s - back))+opaque(v - back)));\n}\ntotal[at]=sum;\n}\n"
};
var accumulate_wgsl_default = kernel29;

// src/kernels/count.wgsl.ts
var kernel30 = {
  "name": "count",
  "params": {
    "units": "u32",
    "levels": "u32",
    "height": "u32",
    "width": "u32",
    "size": "u32",
    "total": "u32"
  },
  "bindings": {
    "x": "read",
    "slots": "read",
    "batch": "read",
    "present": "read",
    "level": "read",
    "histogram": "read_write"
  },
  "source": "\n\n\n\n\n\nconst CHANNELS=1;\nconst CATEGORIES=1;\nconst ACROSS=true;\n\nstruct Params{\nunits:u32,\nlevels:u32,\nheight:u32,\nwidth:u32,\nsize:u32,\ntotal:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<f32>;\n@group(0)@binding(2)var<storage,read> slots:array<u32>;\n@group(0)@binding(3)var<storage,read> batch:array<u32>;\n@group(0)@binding(4)var<storage,read> present:array<u32>;\n@group(0)@binding(5)var<storage,read> level:array<f32>;\n@group(0)@binding(6)var<storage,read_write> histogram:array<atomic<u32>>;\n\n\nfn place(i:u32,extent:u32,size:u32)-> f32{\nif(extent==size){return f32(i);}\nreturn clamp((f32(i)+0.5)*f32(extent)/f32(size)- 0.5,0.0,f32(extent)- 1.0);\n}\n\nfn add(row:u32,unit:u32,bucket:u32,length:u32){\natomicAdd(&histogram[(row*params.units+unit)*params.levels+bucket - 1u],length);\n}\n\n\nfn count(slot:u32,there:u32,unit:u32,bucket:u32,length:u32){\nif(bucket==0u||length==0u){return;}\nif(slot > 0u){add(CATEGORIES+slot - 1u,unit,bucket,length);}\nif((there&1u)!=0u){add(0u,unit,bucket,length);}\nif(CATEGORIES > 1){\nfor(var k=1u;k < CATEGORIES;k++){\nif((there&(1u << k))!=0u){add(k,unit,bucket,length);}\n}\n}\n}\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet flat=id.x+id.y*groups.x*64u;\nif(flat >=params.total){return;}\nlet image=flat/params.units/params.size;\nif(image >=batch[1]){return;}\nvar unit=flat%params.units;\nvar column=(flat/params.units)%params.size;\nif(ACROSS){\ncolumn=flat%params.size;\nunit=(flat/params.size)%params.units;\n}\nvar there=0u;\nfor(var k=0u;k < CATEGORIES;k++){\nthere|=select(0u,1u << k,present[image*CATEGORIES+k]!=0u);\n}\nlet source=place(column,params.width,params.size);\nlet left=u32(source);\nlet right=min(left+1u,params.width - 1u);\nlet f=source - f32(left);\nfor(var channel=0u;channel < CHANNELS;channel++){\nif(channel > 0u){there=0u;}\nvar slot=0u;\nvar bucket=0u;\nvar length=0u;\nvar low=level[unit];\nvar high=level[params.units+unit];\nvar row=0u;\nvar line=image*params.height*params.width;\nvar below=mix(x[(line+left)*params.units+unit],x[(line+right)*params.units+unit],f);\nfor(var r=0u;r < params.height;r++){\nlet above=below;\nif(r+1u < params.height){\nline+=params.width;\nbelow=mix(x[(line+left)*params.units+unit],x[(line+right)*params.units+unit],f);\n}\n\n\nlet room=1e-6*max(abs(above),abs(below))+1e-37;\nif(bucket==0u&&max(above,below)+room < high){\nrow=max(row,u32(ceil(max(0.0,(f32(r)+1.5)*f32(params.size)/f32(params.height)- 0.51))));\n}\nfor(;row < params.size;row++){\nlet down=place(row,params.height,params.size);\nif(u32(down)> r){break;}\n\nlet v=clamp(mix(above,below,down - f32(r)),-3.4e38,3.4e38);\nlet here=slots[((image*CHANNELS+channel)*params.size+row)*params.size+column];\nif(here!=slot||v <=low||v > high){\ncount(slot,there,unit,bucket,length);\nslot=here;\nlength=0u;\nwhile(v > high){\nbucket++;\nlow=high;\nhigh=level[(bucket+1u)*params.units+unit];\n}\nwhile(v <=low){\nbucket--;\nhigh=low;\nlow=level[bucket*params.units+unit];\n}\n}\nlength++;\n}\n}\ncount(slot,there,unit,bucket,length);\n}\n}\n"
};
var count_wgsl_default = kernel30;

// src/kernels/images.wgsl.ts
var kernel31 = {
  "name": "images",
  "params": {
    "categories": "u32"
  },
  "bindings": {
    "batch": "read",
    "present": "read",
    "images": "read_write"
  },
  "source": "\nstruct Params{categories:u32}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> batch:array<u32>;\n@group(0)@binding(2)var<storage,read> present:array<u32>;\n@group(0)@binding(3)var<storage,read_write> images:array<u32>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u){\nif(id.x >=params.categories){return;}\nvar count=0u;\nfor(var i=0u;i < batch[1];i++){count+=present[i*params.categories+id.x];}\nimages[id.x]+=count;\n}\n"
};
var images_wgsl_default = kernel31;

// src/kernels/moments.wgsl.ts
var kernel32 = {
  "name": "moments",
  "params": {
    "units": "u32",
    "rows": "u32",
    "channels": "u32",
    "height": "u32",
    "width": "u32",
    "size": "u32",
    "strips": "u32",
    "first": "u32",
    "count": "u32"
  },
  "bindings": {
    "x": "read",
    "slots": "read",
    "batch": "read",
    "partial": "read_write"
  },
  "source": "\n\n\n\nstruct Params{\nunits:u32,\nrows:u32,\nchannels:u32,\nheight:u32,\nwidth:u32,\nsize:u32,\nstrips:u32,\nfirst:u32,\ncount:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<f32>;\n@group(0)@binding(2)var<storage,read> slots:array<u32>;\n@group(0)@binding(3)var<storage,read> batch:array<u32>;\n@group(0)@binding(4)var<storage,read_write> partial:array<f32>;\n\n\nfn place(i:u32,extent:u32,size:u32)-> f32{\nif(extent==size){return f32(i);}\nreturn clamp((f32(i)+0.5)*f32(extent)/f32(size)- 0.5,0.0,f32(extent)- 1.0);\n}\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet flat=id.x+id.y*groups.x*64u;\nif(flat >=params.units*params.count){return;}\nlet unit=flat%params.units;\nlet index=flat/params.units;\nlet image=(params.first+index)/params.strips;\nlet strip=(params.first+index)%params.strips;\nlet base=index*params.rows*params.units+unit;\nfor(var i=0u;i < params.rows;i++){partial[base+i*params.units]=0.0;}\nif(image >=batch[1]){return;}\nlet end=(strip+1u)*params.size/params.strips;\nfor(var channel=0u;channel < params.channels;channel++){\nvar sum=vec2f();\nfor(var column=strip*params.size/params.strips;column < end;column++){\nlet source=place(column,params.width,params.size);\nlet left=u32(source);\nlet right=min(left+1u,params.width - 1u);\nlet f=source - f32(left);\nvar line=image*params.height*params.width;\nvar r=0u;\nvar above=mix(x[(line+left)*params.units+unit],x[(line+right)*params.units+unit],f);\nvar below=above;\nif(params.height > 1u){\nline+=params.width;\nbelow=mix(x[(line+left)*params.units+unit],x[(line+right)*params.units+unit],f);\n}\nvar slot=0u;\nvar run=0.0;\nvar columnSum=vec2f();\nfor(var row=0u;row < params.size;row++){\nlet down=place(row,params.height,params.size);\nwhile(r < u32(down)){\nr++;\nabove=below;\nif(r+1u < params.height){\nline+=params.width;\nbelow=mix(x[(line+left)*params.units+unit],x[(line+right)*params.units+unit],f);\n}\n}\nlet v=mix(above,below,down - f32(r));\nlet here=slots[((image*params.channels+channel)*params.size+row)*params.size+column];\nif(here!=slot){\nif(slot > 0u){partial[base+(1u+slot)*params.units]+=run;}\nslot=here;\nrun=0.0;\n}\nrun+=v;\ncolumnSum+=vec2f(v,v*v);\n}\n\nif(slot > 0u){partial[base+(1u+slot)*params.units]+=run;}\nsum+=columnSum;\n}\nif(channel==0u){\npartial[base]=sum.x;\npartial[base+params.units]=sum.y;\n}\n}\n}\n"
};
var moments_wgsl_default = kernel32;

// src/kernels/narrow.wgsl.ts
var kernel33 = {
  "name": "narrow",
  "params": {
    "units": "u32",
    "targets": "u32",
    "rows": "u32",
    "digits": "u32",
    "bits": "u32"
  },
  "bindings": {
    "counters": "read_write",
    "key": "read_write",
    "rank": "read_write",
    "row": "read_write"
  },
  "source": "\n\n\nstruct Params{\nunits:u32,\ntargets:u32,\nrows:u32,\ndigits:u32,\nbits:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read_write> counters:array<u32>;\n@group(0)@binding(2)var<storage,read_write> key:array<u32>;\n@group(0)@binding(3)var<storage,read_write> rank:array<u32>;\n@group(0)@binding(4)var<storage,read_write> row:array<u32>;\n\n@compute @workgroup_size(16)\nfn main(@builtin(global_invocation_id)id:vec3u){\nlet unit=id.x;\nif(unit >=params.units){return;}\nvar t=0u;\nvar rows=0u;\nwhile(t < params.targets){\nlet here=row[t*params.units+unit];\nvar below=0u;\nfor(var d=0u;d < params.digits;d++){\nlet at=(unit*params.rows+here)*params.digits+d;\nlet count=counters[at];\nvar found=false;\nwhile(t < params.targets){\nlet me=t*params.units+unit;\n\nif(row[me]!=here||(rank[me] >=below+count&&d+1u < params.digits)){break;}\nkey[me]=(key[me] << params.bits)|d;\nrank[me] -=below;\nrow[me]=rows;\nfound=true;\nt++;\n}\ncounters[at]=0u;\nif(found){\nrows++;\ncounters[at]=rows;\n}\nbelow+=count;\n}\n}\n}\n"
};
var narrow_wgsl_default = kernel33;

// src/kernels/statistics.ts
init_pointwise();

// src/kernels/presence.wgsl.ts
var kernel34 = {
  "name": "presence",
  "params": {
    "imagePixels": "u32",
    "channels": "u32",
    "categories": "u32",
    "total": "u32"
  },
  "bindings": {
    "labels": "read",
    "batch": "read",
    "categoryOf": "read",
    "pixels": "read_write",
    "present": "read_write"
  },
  "source": "\n\nstruct Params{imagePixels:u32,channels:u32,categories:u32,total:u32}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> labels:array<u32>;\n@group(0)@binding(2)var<storage,read> batch:array<u32>;\n@group(0)@binding(3)var<storage,read> categoryOf:array<u32>;\n@group(0)@binding(4)var<storage,read_write> pixels:array<atomic<u32>>;\n@group(0)@binding(5)var<storage,read_write> present:array<atomic<u32>>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet image=at/(params.channels*params.imagePixels);\nlet label=labels[at];\nif(image >=batch[1]||label==0u){return;}\nlet channel=(at/params.imagePixels)%params.channels;\nfor(var back=1u;back <=channel;back++){\nif(labels[at - back*params.imagePixels]==label){return;}\n}\natomicAdd(&pixels[label],1u);\natomicOr(&present[image*params.categories+categoryOf[label]],1u);\n}\n"
};
var presence_wgsl_default = kernel34;

// src/kernels/radix.wgsl.ts
var kernel35 = {
  "name": "radix",
  "params": {
    "units": "u32",
    "targets": "u32",
    "height": "u32",
    "width": "u32",
    "rows": "u32",
    "columns": "u32",
    "total": "u32"
  },
  "bindings": {
    "x": "read",
    "batch": "read",
    "high": "read_write",
    "middle": "read_write",
    "low": "read_write"
  },
  "source": "\n\n\n\n\nconst PASS:u32=0;\nconst ACROSS=true;\n\nstruct Params{\nunits:u32,\ntargets:u32,\nheight:u32,\nwidth:u32,\nrows:u32,\ncolumns:u32,\ntotal:u32,\n}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> x:array<f32>;\n@group(0)@binding(2)var<storage,read> batch:array<u32>;\n@group(0)@binding(3)var<storage,read_write> high:array<atomic<u32>>;\n@group(0)@binding(4)var<storage,read_write> middle:array<atomic<u32>>;\n@group(0)@binding(5)var<storage,read_write> low:array<atomic<u32>>;\n\n\nfn place(i:u32,extent:u32,size:u32)-> f32{\nif(extent==size){return f32(i);}\nreturn clamp((f32(i)+0.5)*f32(extent)/f32(size)- 0.5,0.0,f32(extent)- 1.0);\n}\n\n\nfn key(v:f32)-> u32{\nlet bits=bitcast<u32>(select(v,0.0,v==0.0));\nreturn select(bits|0x80000000u,~bits,(bits&0x80000000u)!=0u);\n}\n\nfn add(counter:u32,length:u32){\nif(PASS==0u){atomicAdd(&high[counter],length);}\nif(PASS==1u){atomicAdd(&middle[counter],length);}\nif(PASS==2u){atomicAdd(&low[counter],length);}\n}\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet flat=id.x+id.y*groups.x*64u;\nif(flat >=params.total){return;}\nlet image=flat/params.units/params.columns;\nif(image >=batch[1]){return;}\nvar unit=flat%params.units;\nvar column=(flat/params.units)%params.columns;\nif(ACROSS){\ncolumn=flat%params.columns;\nunit=(flat/params.columns)%params.units;\n}\nlet source=place(column,params.width,params.columns);\nlet left=u32(source);\nlet right=min(left+1u,params.width - 1u);\nlet f=source - f32(left);\nlet none=0xffffffffu;\nvar counter=none;\nvar length=0u;\nvar line=image*params.height*params.width;\nvar r=0u;\nvar above=mix(x[(line+left)*params.units+unit],x[(line+right)*params.units+unit],f);\nvar below=above;\nif(params.height > 1u){\nline+=params.width;\nbelow=mix(x[(line+left)*params.units+unit],x[(line+right)*params.units+unit],f);\n}\nfor(var row=0u;row < params.rows;row++){\nlet down=place(row,params.height,params.rows);\nwhile(r < u32(down)){\nr++;\nabove=below;\nif(r+1u < params.height){\nline+=params.width;\nbelow=mix(x[(line+left)*params.units+unit],x[(line+right)*params.units+unit],f);\n}\n}\nlet k=key(mix(above,below,down - f32(r)));\nvar next=(unit << 16u)+(k >> 16u);\nif(PASS > 0u){\nlet target_=atomicLoad(&high[next]);\nnext=select(none,((unit*params.targets+target_ - 1u)<< 8u)+((k >> 8u)&255u),target_ > 0u);\n}\nif(PASS > 1u&&next!=none){\nlet target_=atomicLoad(&middle[next]);\nnext=select(none,((unit*params.targets+target_ - 1u)<< 8u)+(k&255u),target_ > 0u);\n}\n\nif(next!=counter){\nif(counter!=none){add(counter,length);}\ncounter=next;\nlength=0u;\n}\nlength++;\n}\nif(counter!=none){add(counter,length);}\n}\n"
};
var radix_wgsl_default = kernel35;

// src/kernels/relabel.wgsl.ts
var kernel36 = {
  "name": "relabel",
  "params": {
    "imagePixels": "u32",
    "channels": "u32",
    "total": "u32"
  },
  "bindings": {
    "labels": "read",
    "slotOf": "read",
    "slots": "read_write"
  },
  "source": "\n\nstruct Params{imagePixels:u32,channels:u32,total:u32}\n\n@group(0)@binding(0)var<uniform> params:Params;\n@group(0)@binding(1)var<storage,read> labels:array<u32>;\n@group(0)@binding(2)var<storage,read> slotOf:array<u32>;\n@group(0)@binding(3)var<storage,read_write> slots:array<u32>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id)id:vec3u,@builtin(num_workgroups)groups:vec3u){\nlet at=id.x+id.y*groups.x*64u;\nif(at >=params.total){return;}\nlet label=labels[at];\nvar slot=slotOf[label];\nlet channel=(at/params.imagePixels)%params.channels;\nfor(var back=1u;back <=channel;back++){\nif(labels[at - back*params.imagePixels]==label){slot=0u;}\n}\nslots[at]=slot;\n}\n"
};
var relabel_wgsl_default = kernel36;

// src/kernels/statistics.ts
function extents2({ shape }) {
  const [images = 1, height = 1, width = 1, units = 4] = shape;
  return { images, height, width, units };
}
var across = (graph) => graph.target !== "gpu";
var SAMPLE_FLOPS = 8;
var RADIX_BITS = [16, 8, 8];
function radix(graph, x, bindings, pass, size) {
  const { images, height, width, units } = extents2(x);
  const [rows, columns] = [size ?? height, size ?? width];
  const [, targets = 1] = bindings.middle.shape;
  const total = images * columns * units;
  graph.step(radix_wgsl_default, { x, ...bindings }, { units, targets, height, width, rows, columns, total }, lanes(total), {
    choices: { PASS: pass, ACROSS: across(graph) },
    flops: SAMPLE_FLOPS * total * rows
  });
}
function narrow(graph, bindings, pass) {
  const [targets = 1, units = 4] = bindings.key.shape;
  const bits = RADIX_BITS[pass];
  const rows = pass === 0 ? 1 : targets;
  graph.step(narrow_wgsl_default, bindings, { units, targets, rows, digits: 2 ** bits, bits }, fold(Math.ceil(units / 16)));
}
function presence(graph, bindings) {
  const { images, ...rest } = bindings;
  const [, channels = 1, imagePixels = 1] = bindings.labels.shape;
  const [categories = 1] = images.shape;
  const total = elements(bindings.labels.shape);
  graph.step(presence_wgsl_default, rest, { imagePixels, channels, categories, total }, lanes(total));
  const { batch, present } = bindings;
  graph.step(images_wgsl_default, { batch, present, images }, { categories }, lanes(categories));
}
function relabel(graph, bindings) {
  const [, channels = 1, imagePixels = 1] = bindings.labels.shape;
  const total = elements(bindings.labels.shape);
  graph.step(relabel_wgsl_default, bindings, { imagePixels, channels, total }, lanes(total));
}
function edgeOf(x, slots) {
  const [images = 1, , pixels = 1] = slots.shape;
  const size = Math.sqrt(pixels);
  if (images !== x.shape[0] || !Number.isInteger(size)) {
    throw new ShapeError(`Labels [${slots.shape}] are no squares for each image of "${x.label}" [${x.shape}].`);
  }
  return size;
}
var MAX_CATEGORIES = 32;
function count(graph, x, bindings) {
  const { images, height, width, units } = extents2(x);
  const levels = bindings.level.shape[0] - 2;
  const [, channels = 1] = bindings.slots.shape;
  const [, categories = 1] = bindings.present.shape;
  if (categories > MAX_CATEGORIES) {
    throw new ShapeError(`${categories} categories are more than the ${MAX_CATEGORIES} that can be counted.`);
  }
  const size = edgeOf(x, bindings.slots);
  const total = images * size * units;
  graph.step(count_wgsl_default, { x, ...bindings }, { units, levels, height, width, size, total }, lanes(total), {
    choices: { CHANNELS: channels, CATEGORIES: categories, ACROSS: across(graph) },
    flops: SAMPLE_FLOPS * total * size
  });
}
var PARTIAL_BYTES = 8 * 2 ** 20;
var STRIPS = 16;
function moments(graph, x, bindings) {
  const { images, height, width, units } = extents2(x);
  const [, channels = 1] = bindings.slots.shape;
  const [rows = 2] = bindings.total.shape;
  const size = edgeOf(x, bindings.slots);
  const sums = rows * units;
  const most = Math.max(1, Math.floor(PARTIAL_BYTES / (4 * sums)));
  const strips = Math.min(STRIPS, size, most);
  for (let first = 0; first < images * strips; first += most) {
    const count2 = Math.min(most, images * strips - first);
    const partial = graph.value("moments.partial", [count2, rows, units]);
    graph.step(
      moments_wgsl_default,
      { x, slots: bindings.slots, batch: bindings.batch, partial },
      { units, rows, channels, height, width, size, strips, first, count: count2 },
      lanes(units * count2),
      { flops: SAMPLE_FLOPS * units * count2 * size ** 2 / strips }
    );
    graph.step(accumulate_wgsl_default, { partial, total: bindings.total }, { sums, count: count2, zero: 0 }, lanes(sums));
  }
}

// src/dissect/presence.ts
init_graph();
var Presence = class _Presence {
  /** [n, categories]: which categories the current batch's images hold. */
  present;
  #plan;
  #pixels;
  #images;
  #everywhere;
  constructor(plan, present, pixels, images, everywhere) {
    this.#plan = plan;
    this.present = present;
    this.#pixels = pixels;
    this.#images = images;
    this.#everywhere = everywhere;
  }
  static async create(device, options) {
    const { maps, labels, categories, signal } = options;
    const graph = new Graph(device.target);
    const values = {
      labels: graph.value("labels", maps.shape, "u32"),
      batch: graph.value("batch", [2], "u32"),
      categoryOf: graph.value("category of", [labels.length], "u32"),
      pixels: graph.value("pixels", [labels.length], "u32"),
      present: graph.value("present", [maps.shape[0], categories.length], "u32"),
      images: graph.value("images", [categories.length], "u32")
    };
    presence(graph, values);
    const bind = [
      [values.labels, maps],
      [values.batch, options.batch]
    ];
    const plan = await Plan.compile(device, graph, {
      keep: [values.pixels, values.present, values.images],
      bind,
      signal
    });
    plan.tensor(values.categoryOf).write(Uint32Array.from(labels, ({ category }) => Math.max(0, categories.indexOf(category))));
    return new _Presence(
      plan,
      plan.tensor(values.present),
      plan.tensor(values.pixels),
      plan.tensor(values.images),
      options.everywhere ?? false
    );
  }
  /** Looks at the batch the label maps hold now. */
  add() {
    if (this.#everywhere) this.present.write(new Uint32Array(elements(this.present.shape)).fill(1));
    else this.present.clear();
    this.#plan.run();
  }
  async read() {
    return { pixels: await this.#pixels.read(), images: await this.#images.read() };
  }
  dispose() {
    this.#plan.dispose();
  }
};

// src/dissect/slots.ts
init_graph();
var Slots = class _Slots {
  /** Label maps of the current batch as slots [n, channels, size²], from 1 on in the order assigned; 0 has no counter. */
  maps;
  #plan;
  #slotOf;
  constructor(plan, maps, slotOf) {
    this.#plan = plan;
    this.maps = maps;
    this.#slotOf = slotOf;
  }
  static async create(device, options) {
    const { labelMaps, labels, signal } = options;
    const graph = new Graph(device.target);
    const values = {
      labels: graph.value("labels", labelMaps.shape, "u32"),
      slotOf: graph.value("slot of", [labels], "u32"),
      slots: graph.value("slots", labelMaps.shape, "u32")
    };
    relabel(graph, values);
    const plan = await Plan.compile(device, graph, {
      keep: [values.slots],
      bind: [[values.labels, labelMaps]],
      signal
    });
    return new _Slots(plan, plan.tensor(values.slots), plan.tensor(values.slotOf));
  }
  /** Gives these labels the slots 1, 2 … and all others none. */
  assign(labels) {
    const slotOf = new Uint32Array(this.#slotOf.shape[0]);
    labels.forEach((label, index) => {
      slotOf[label] = index + 1;
    });
    this.#slotOf.write(slotOf);
  }
  /** Looks at the batch the label maps hold now. */
  update() {
    this.#plan.run();
  }
  dispose() {
    this.#plan.dispose();
  }
};

// src/dissect/counts.ts
init_graph();
var READ_BYTES = 8 * 2 ** 20;
var BEYOND = 2 ** 127 * (2 - 2 ** -23);
var Counts = class _Counts {
  #plan;
  /** [categories + labels with slots, units, levels]: pixels that exceed so many levels, from one on. */
  #histogram;
  #levels;
  #channels;
  #rowOf;
  /** The rows read last. */
  #read;
  constructor(plan, histogram, options) {
    this.#plan = plan;
    this.#histogram = histogram;
    this.#levels = options.levels.length / options.channels;
    this.#channels = options.channels;
    const categories = options.present.shape[1];
    this.#rowOf = new Map(options.labels.map((label, index) => [label, categories + index]));
  }
  static async create(device, options) {
    const { maps, channels, batch, slotMaps, labels, present, levels, signal } = options;
    const [n = 1, height = 1, width = 1, stored = 4] = maps.shape;
    const rungs = levels.length / channels;
    const graph = new Graph(device.target);
    const x = graph.map("maps", n, height, width, channels);
    const values = {
      slots: graph.value("slots", slotMaps.shape, "u32"),
      batch: graph.value("batch", [2], "u32"),
      present: graph.value("present", present.shape, "u32"),
      level: graph.value("level", [1 + rungs + 1, stored]),
      histogram: graph.value("joint histogram", [present.shape[1] + labels.length, stored, rungs], "u32")
    };
    count(graph, x, values);
    const bind = [
      [x, maps],
      [values.slots, slotMaps],
      [values.batch, batch],
      [values.present, present]
    ];
    const plan = await Plan.compile(device, graph, { keep: [values.histogram], bind, signal });
    const rows = new Float32Array((1 + rungs + 1) * stored).fill(BEYOND).fill(-BEYOND, 0, stored);
    for (let level = 0; level < rungs; level += 1) {
      rows.set(levels.subarray(level * channels, (level + 1) * channels), (1 + level) * stored);
    }
    plan.tensor(values.level).write(rows);
    return new _Counts(plan, plan.tensor(values.histogram), options);
  }
  /** Counts the batch the maps hold now. */
  add() {
    this.#read = void 0;
    this.#plan.run();
  }
  /** Pixels of a label on which each unit exceeds each level, [levels][channels]. */
  intersection(label) {
    const row = this.#rowOf.get(label);
    if (row === void 0) throw new Error(`Label ${label} was not counted.`);
    return this.#above(row);
  }
  /** Pixels of images with a category on which each unit exceeds each level, [levels][channels]. */
  activation(category) {
    return this.#above(category);
  }
  async #above(row) {
    const histogram = await this.#row(row);
    const above = new Uint32Array(this.#levels * this.#channels);
    for (let unit = 0; unit < this.#channels; unit += 1) {
      let sum = 0;
      for (let level = this.#levels - 1; level >= 0; level -= 1) {
        sum += histogram[unit * this.#levels + level];
        above[level * this.#channels + unit] = sum;
      }
    }
    return above;
  }
  /** Counters of a row [units, levels], read together with those that follow. */
  async #row(row) {
    const [rows = 1, stored = 4, levels = 1] = this.#histogram.shape;
    const length = stored * levels;
    let read = this.#read;
    if (!read || row < read.first || row >= read.first + read.count) {
      const count2 = Math.min(rows - row, Math.max(1, Math.floor(READ_BYTES / (4 * length))));
      read = { first: row, count: count2, counters: await this.#histogram.read(count2 * length, row * length) };
      this.#read = read;
    }
    const { first, counters } = read;
    return counters.subarray((row - first) * length, (row - first + 1) * length);
  }
  dispose() {
    this.#plan.dispose();
  }
};

// src/dissect/moments.ts
init_graph();

// src/dissect/scores.ts
function correlation(sums) {
  const { count: count2, sum, squares, onConcept, pixels } = sums;
  const mean = sum / count2;
  const share = pixels / count2;
  const variance = squares / count2 - mean * mean;
  const covariance = onConcept / count2 - mean * share;
  const product2 = variance * share * (1 - share);
  return product2 > 0 ? covariance / Math.sqrt(product2) : 0;
}

// src/dissect/moments.ts
var Moments = class _Moments {
  #plan;
  #total;
  #stored;
  #channels;
  #labels;
  constructor(plan, total, stored, channels, labels) {
    this.#plan = plan;
    this.#total = total;
    this.#stored = stored;
    this.#channels = channels;
    this.#labels = labels;
  }
  static async create(device, options) {
    const { maps, channels, batch, slotMaps, labels, signal } = options;
    const [n = 1, height = 1, width = 1, stored = 4] = maps.shape;
    const graph = new Graph(device.target);
    const x = graph.map("maps", n, height, width, channels);
    const values = {
      slots: graph.value("slots", slotMaps.shape, "u32"),
      batch: graph.value("batch", [2], "u32"),
      total: graph.value("moments", [2 + labels.length, stored, 2])
    };
    moments(graph, x, values);
    const bind = [
      [x, maps],
      [values.slots, slotMaps],
      [values.batch, batch]
    ];
    const plan = await Plan.compile(device, graph, { keep: [values.total], bind, signal });
    return new _Moments(plan, plan.tensor(values.total), stored, channels, labels);
  }
  /** Adds the batch the maps hold now. */
  add() {
    this.#plan.run();
  }
  /**
   * Correlations [labels][channels] over `count` pixels, of which `pixels[label]` show each label; 0 for labels that do not
   * occur or have no slot.
   */
  async correlations(count2, pixels) {
    const pairs = await this.#total.read();
    const at = (row, unit) => {
      const index = 2 * (row * this.#stored + unit);
      return pairs[index] + pairs[index + 1];
    };
    const result = new Float64Array(pixels.length * this.#channels);
    this.#labels.forEach((label, index) => {
      if (pixels[label] === 0) return;
      for (let unit = 0; unit < this.#channels; unit += 1) {
        result[label * this.#channels + unit] = correlation({
          count: count2,
          sum: at(0, unit),
          squares: at(1, unit),
          onConcept: at(2 + index, unit),
          pixels: pixels[label]
        });
      }
    });
    return result;
  }
  dispose() {
    this.#plan.dispose();
  }
};

// src/dissect/quantiles.ts
init_graph();
init_tensor();
function hazen(quantile, n) {
  const at = Math.min(n - 1, Math.max(0, quantile * n - 0.5));
  const low = Math.min(Math.floor(at), n - 1);
  return { low, weight: at - low };
}
var Quantiles = class _Quantiles {
  /** Times to go through all images. */
  passes = RADIX_BITS.length;
  #positions;
  #ranks;
  #stored;
  #channels;
  #plans;
  #state;
  #scope;
  #pass = 0;
  constructor(options, positions, ranks, plans, state, scope) {
    this.#positions = positions;
    this.#ranks = ranks;
    this.#stored = options.maps.shape.at(-1);
    this.#channels = options.channels;
    this.#plans = plans;
    this.#state = state;
    this.#scope = scope;
  }
  static async create(device, options) {
    const { maps, batch, size, samples, quantiles, channels, signal } = options;
    const positions = quantiles.map((quantile) => hazen(quantile, samples));
    const wanted = positions.flatMap(({ low, weight }) => weight > 0 ? [low, low + 1] : [low]);
    const ranks = [...new Set(wanted)].sort((a, b) => a - b);
    const [n = 1, height = 1, width = 1, stored = 4] = maps.shape;
    const shapes = {
      high: [stored, 2 ** RADIX_BITS[0]],
      middle: [stored, ranks.length, 2 ** RADIX_BITS[1]],
      low: [stored, ranks.length, 2 ** RADIX_BITS[2]],
      key: [ranks.length, stored],
      rank: [ranks.length, stored],
      row: [ranks.length, stored]
    };
    const scope = new Scope();
    try {
      const state = await device.allocating("quantiles", () => {
        const tensors = Object.entries(shapes).map(([name, shape]) => {
          return [name, scope.own(Tensor.create(device, name, shape, "u32"))];
        });
        return Object.fromEntries(tensors);
      });
      state.rank.write(Uint32Array.from({ length: ranks.length * stored }, (_, at) => ranks[Math.floor(at / stored)]));
      const plans = [];
      for (const pass of [0, 1, 2]) {
        const graph = new Graph(device.target);
        const x = graph.map("maps", n, height, width, channels);
        const values = {
          batch: graph.value("batch", [2], "u32"),
          high: graph.value("high", shapes.high, "u32"),
          middle: graph.value("middle", shapes.middle, "u32"),
          low: graph.value("low", shapes.low, "u32")
        };
        radix(graph, x, values, pass, size);
        const bind = [
          [x, maps],
          [values.batch, batch],
          [values.high, state.high],
          [values.middle, state.middle],
          [values.low, state.low]
        ];
        const counting = scope.own(await Plan.compile(device, graph, { bind, signal }));
        const next = new Graph(device.target);
        const counters = [state.high, state.middle, state.low][pass];
        const targets = {
          counters: next.value("counters", counters.shape, "u32"),
          key: next.value("key", shapes.key, "u32"),
          rank: next.value("rank", shapes.rank, "u32"),
          row: next.value("row", shapes.row, "u32")
        };
        narrow(next, targets, pass);
        const compiled = await Plan.compile(device, next, {
          bind: [
            [targets.counters, counters],
            [targets.key, state.key],
            [targets.rank, state.rank],
            [targets.row, state.row]
          ],
          signal
        });
        plans.push({ counting, narrowing: scope.own(compiled) });
      }
      return new _Quantiles(options, positions, ranks, plans, state, scope);
    } catch (error) {
      scope.dispose();
      throw error;
    }
  }
  /** Counts the batch the maps hold now. */
  add() {
    this.#plans[this.#pass].counting.run();
  }
  /** All batches of a pass were added. */
  endPass() {
    this.#plans[this.#pass].narrowing.run();
    this.#pass += 1;
  }
  /** After the last pass: the quantiles, [quantiles][channels], rounded to the activations' precision. */
  async read() {
    if (this.#pass !== this.passes) throw new Error(`${this.#pass} of ${this.passes} passes were made.`);
    const sorted = floats(await this.#state.key.read());
    const rowOf = new Map(this.#ranks.map((rank, row) => [rank, row]));
    const values = new Float32Array(this.#positions.length * this.#channels);
    this.#positions.forEach(({ low, weight }, q) => {
      const lowRow = rowOf.get(low) * this.#stored;
      const highRow = weight > 0 ? rowOf.get(low + 1) * this.#stored : lowRow;
      for (let unit = 0; unit < this.#channels; unit += 1) {
        const a = sorted[lowRow + unit];
        const b = sorted[highRow + unit];
        values[q * this.#channels + unit] = a + (b - a) * weight;
      }
    });
    return values;
  }
  dispose() {
    this.#scope.dispose();
  }
};
function floats(keys) {
  const bits = keys.map((key2) => key2 & 2147483648 ? key2 & 2147483647 : ~key2);
  return new Float32Array(bits.buffer);
}

// src/dissect/levels.ts
var FRACTIONS = Array.from({ length: 100 }, (_, t) => 10 ** (-3 + 3 * t / 99));

// <stdin>
init_device();

// src/node/gpu.ts
init_errors();

// src/node/install.ts
import { readFileSync } from "node:fs";

// src/node/vulkan.ts
import { existsSync, readdirSync as readdirSync2 } from "node:fs";
import { constants as constants2 } from "node:os";
import { join as join2 } from "node:path";

// src/node/chrome.ts
import { accessSync, constants, readdirSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
var PROGRAMS = [
  "google-chrome-stable",
  "google-chrome",
  "chromium",
  "chromium-browser",
  "chrome",
  "microsoft-edge-stable",
  "microsoft-edge",
  "brave-browser"
];
var MAC = ["Google Chrome", "Chromium", "Google Chrome Canary", "Microsoft Edge", "Brave Browser"];
var WINDOWS = [
  ["Google", "Chrome", "Application", "chrome.exe"],
  ["Chromium", "Application", "chrome.exe"],
  ["Microsoft", "Edge", "Application", "msedge.exe"]
];
var LINUX = [
  "/usr/lib/chromium",
  "/usr/lib/chromium-browser",
  "/usr/lib64/chromium-browser",
  "/usr/lib64/chromium",
  "/opt/google/chrome",
  "/opt/google/chrome-beta",
  "/opt/microsoft/msedge",
  "/opt/brave.com/brave",
  "/snap/chromium/current/usr/lib/chromium-browser"
];
function findChrome(env = process.env, platform = process.platform) {
  const named = env["GANATOMY_CHROME"] || env["PUPPETEER_EXECUTABLE_PATH"] || env["CHROME_PATH"];
  if (named) return runs(named) ? named : void 0;
  return [...installed(env, platform), ...downloaded(env, platform)].find(runs);
}
function chromiumFolders(env = process.env, platform = process.platform) {
  const programs = [findChrome(env, platform), ...downloaded(env, platform)].filter((path) => path !== void 0);
  const folders = programs.flatMap((program) => realFolder(program));
  return [.../* @__PURE__ */ new Set([...folders, ...platform === "linux" ? LINUX : []])];
}
function installed(env, platform) {
  if (platform === "darwin") {
    const applications = ["/Applications", join(homedir(), "Applications")];
    return applications.flatMap((folder) => MAC.map((name) => `${folder}/${name}.app/Contents/MacOS/${name}`));
  }
  if (platform === "win32") {
    const roots = [env["PROGRAMFILES"], env["PROGRAMFILES(X86)"], env["LOCALAPPDATA"]].filter(
      (root) => root !== void 0
    );
    return roots.flatMap((root) => WINDOWS.map((path2) => join(root, ...path2)));
  }
  const path = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const inPath = PROGRAMS.flatMap((name) => path.map((folder) => join(folder, name)));
  return [...inPath, "/opt/google/chrome/chrome", "/snap/bin/chromium"];
}
function downloaded(env, platform) {
  const home = homedir();
  const puppeteer = join(env["PUPPETEER_CACHE_DIR"] ?? join(home, ".cache", "puppeteer"), "chrome");
  const playwright = env["PLAYWRIGHT_BROWSERS_PATH"] ?? (platform === "darwin" ? join(home, "Library", "Caches", "ms-playwright") : platform === "win32" ? join(env["LOCALAPPDATA"] ?? home, "ms-playwright") : join(home, ".cache", "ms-playwright"));
  const program = platform === "darwin" ? "Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing" : platform === "win32" ? "chrome.exe" : "chrome";
  return [puppeteer, playwright].flatMap(
    (cache) => newestFirst(cache).filter((version) => cache === puppeteer || /^chromium-\d/.test(version)).flatMap(
      (version) => newestFirst(join(cache, version)).filter((folder) => folder.startsWith("chrome-")).map((folder) => join(cache, version, folder, program))
    )
  );
}
function newestFirst(folder) {
  try {
    return readdirSync(folder).sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  } catch {
    return [];
  }
}
function runs(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
function realFolder(program) {
  try {
    return [dirname(realpathSync(program))];
  } catch {
    return [];
  }
}

// src/node/vulkan.ts
var MANIFEST = "vk_swiftshader_icd.json";
var LOADER = "libvulkan.so.1";
var KEEP_LOADED = 4096;
var GPU_NODES = /^(nvidia\d+|nvidiactl|dxg|mali\d+|kgsl-.*)$/;
function hasChosenDrivers() {
  return Boolean(process.env["VK_DRIVER_FILES"] || process.env["VK_ICD_FILENAMES"]);
}
function hasGpuNode(dev = "/dev") {
  return list(join2(dev, "dri")).some((name) => name.startsWith("renderD")) || list(dev).some((name) => GPU_NODES.test(name));
}
function findSwiftShader(folders = chromiumFolders()) {
  return folders.map((folder) => join2(folder, MANIFEST)).find((path) => existsSync(path));
}
function loadVulkan(folders = chromiumFolders()) {
  if (opens(LOADER)) return LOADER;
  return folders.map((folder) => join2(folder, LOADER)).find((path) => existsSync(path) && opens(path));
}
function opens(library) {
  try {
    process.dlopen({ exports: {} }, library, constants2.dlopen.RTLD_NOW | KEEP_LOADED);
  } catch (error) {
    return /self-register/.test(error.message);
  }
  return true;
}
async function withEnvironment(variables, work) {
  const before = Object.keys(variables).map((name) => [name, process.env[name]]);
  const set = (name, value) => {
    if (value === void 0) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(variables)) set(name, value);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) set(name, value);
  }
}
function list(folder) {
  try {
    return readdirSync2(folder);
  } catch {
    return [];
  }
}

// src/node/install.ts
var PACKAGES = [
  // Ubuntu's Chromium is a snap, which neither root in a container nor Dawn can use; its Mesa is new enough.
  {
    system: /\b(ubuntu|pop|linuxmint)\b/,
    command: ["apt-get", "install"],
    packages: ["mesa-vulkan-drivers", "libvulkan1"]
  },
  { system: /\b(debian|raspbian)\b/, command: ["apt-get", "install"], packages: ["chromium", "libvulkan1"] },
  {
    system: /\b(fedora|rhel|centos)\b/,
    command: ["dnf", "install"],
    packages: ["mesa-vulkan-drivers", "vulkan-loader"]
  },
  { system: /\b(arch|manjaro)\b/, command: ["pacman", "-S"], packages: ["vulkan-swrast", "vulkan-icd-loader"] },
  { system: /\b(suse|opensuse\S*)\b/, command: ["zypper", "install"], packages: ["libvulkan_lvp", "libvulkan1"] }
];
function howToGetAdapter(platform = process.platform, release = osRelease()) {
  if (platform === "darwin")
    return "Every Mac since 2012 has Metal: update macOS, and in a virtual machine enable its GPU.";
  if (platform === "win32")
    return "Install the graphics driver's update; Windows' own software adapter needs Direct3D 12.";
  const known = PACKAGES.find(({ system }) => system.test(release));
  if (!known)
    return "Install a Vulkan driver for the GPU, or Mesa's software driver (lavapipe) and the Vulkan loader (libvulkan.so.1).";
  const command = [...known.command, ...known.packages].join(" ");
  return `Install a Vulkan driver for the GPU; without a GPU, a software driver: \`${command}\`.`;
}
function osRelease() {
  try {
    const text = readFileSync("/etc/os-release", "utf8");
    const field = (name) => new RegExp(`^${name}="?([^"\\n]*)`, "m").exec(text)?.[1] ?? "";
    return `${field("ID")} ${field("ID_LIKE")}`.toLowerCase();
  } catch {
    return "";
  }
}

// src/node/gpu.ts
var LAVAPIPE = "*lvp*";
var instances = [];
var found;
function findGpu() {
  if (!found) {
    found = search();
    found.catch(() => {
      found = void 0;
    });
  }
  return found;
}
async function search() {
  const own2 = globalThis.navigator?.gpu;
  if (own2) return own2;
  const dawn = await loadDawn();
  for (const environment of attempts()) {
    const quiet = { XDG_RUNTIME_DIR: process.env["XDG_RUNTIME_DIR"] ?? "/tmp", ...environment };
    const gpu = await withEnvironment(quiet, async () => {
      const instance = dawn.create([]);
      instances.push(instance);
      return await instance.requestAdapter() ? instance : void 0;
    });
    if (gpu) return gpu;
  }
  if (process.platform === "linux" && hasChosenDrivers()) {
    throw new UnsupportedError(
      "no-adapter",
      "The Vulkan drivers that VK_DRIVER_FILES (or VK_ICD_FILENAMES) names offer no WebGPU adapter.",
      "Unset it, or name a driver that is installed."
    );
  }
  throw new UnsupportedError("no-adapter", "No WebGPU adapter was found on this machine.", howToGetAdapter());
}
async function loadDawn() {
  try {
    return await import("webgpu");
  } catch (cause) {
    const { code } = cause;
    if (code === "ERR_MODULE_NOT_FOUND") {
      throw new UnsupportedError(
        "no-webgpu",
        "Node has no WebGPU of its own, and the package `webgpu` (Dawn) is not installed.",
        "Run `npm install webgpu`, or use Chrome (`--chrome`).",
        { cause }
      );
    }
    throw new UnsupportedError(
      "no-webgpu",
      `The package \`webgpu\` (Dawn) does not load here (${process.platform} ${process.arch}): ${cause.message}.`,
      "It has builds for Linux (glibc 2.34 and GCC 12's libstdc++ or newer), macOS and Windows on x64 and arm64; elsewhere use Chrome (`--chrome`).",
      { cause }
    );
  }
}
function* attempts() {
  if (process.platform !== "linux") {
    yield {};
    return;
  }
  if (!loadVulkan()) return;
  if (hasChosenDrivers()) {
    yield {};
    return;
  }
  if (hasGpuNode()) yield { VK_LOADER_DRIVERS_DISABLE: LAVAPIPE };
  const swiftShader = findSwiftShader();
  if (swiftShader) yield { VK_DRIVER_FILES: swiftShader };
  else yield {};
}

// src/node/files.ts
init_errors();
import { open, stat } from "node:fs/promises";
import { basename } from "node:path";
async function fileSource(path) {
  const name = basename(path);
  const before = await stat(path).catch((cause) => unreadable(path, cause));
  if (before.isDirectory()) throw new UsageError(`"${path}" is a folder.`, "Name the file in it.");
  if (!before.isFile()) throw new UsageError(`"${path}" is no regular file.`, "Copy its contents to a file first.");
  if (before.size === 0) {
    throw new WeightsError("weights-format", `"${path}" is empty.`, "Download or save it again.");
  }
  const file = await open(path).catch((cause) => unreadable(path, cause));
  await file.close();
  return {
    name,
    size: before.size,
    async read(start, end, { signal } = {}) {
      signal?.throwIfAborted();
      const handle = await open(path).catch((cause) => unreadable(path, cause));
      try {
        if (!same(before, await handle.stat())) throw changed(path);
        return await readRange(handle, path, start, end, signal);
      } finally {
        await handle.close();
      }
    }
  };
}
var PIECE = 16 * 2 ** 20;
async function readRange(handle, path, start, end, signal) {
  const bytes2 = new Uint8Array(end - start);
  let done = 0;
  while (done < bytes2.length) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(bytes2, done, Math.min(PIECE, bytes2.length - done), start + done);
    if (bytesRead === 0) throw changed(path);
    done += bytesRead;
  }
  return bytes2;
}
function same(a, b) {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ino === b.ino;
}
function changed(path) {
  return new WeightsError(
    "weights-integrity",
    `"${path}" changed while it was being read.`,
    "Wait for the download to end and start again."
  );
}
function unreadable(path, cause) {
  const { code, message } = cause;
  if (code === "ENOENT" || code === "ENOTDIR") {
    throw new GanatomyError("not-found", `There is no file "${path}".`, "Check the path.", { cause });
  }
  if (code === "EACCES" || code === "EPERM") {
    throw new GanatomyError("not-found", `"${path}" may not be read.`, "Check its permissions.", { cause });
  }
  throw new GanatomyError("not-found", `"${path}" cannot be read: ${message}.`, "Check the disk.", { cause });
}
export {
  Counts,
  Device,
  FRACTIONS,
  Generator,
  Moments,
  Presence,
  Quantiles,
  Samples,
  Segmenter,
  Slots,
  fileSource,
  findGpu
};
