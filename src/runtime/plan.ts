import { ShapeError } from "../errors.ts";
import type { Device } from "./device.ts";
import { assignSlots, bytesOf, type DType, type Graph, type Value } from "./graph.ts";
import { packParams, paramsSize, specialize } from "./kernel.ts";
import { BUFFER } from "./memory.ts";
import { Scope } from "./scope.ts";
import { Tensor } from "./tensor.ts";

/** WebGPU's minimum alignment of a uniform buffer offset. */
const PARAMS_STRIDE = 256;

/** Options of `Plan.compile`. */
export interface CompileOptions {
  /**
   * Values whose contents outlive a run: outputs, retained layers, accumulators. Inputs are kept
   * anyway.
   */
  readonly keep?: Iterable<Value>;
  /** Tensors to use for values: weights, or another plan's kept values. They stay their owner's. */
  readonly bind?: Iterable<readonly [Value, Tensor]>;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly grid: readonly [number, number, number];
  readonly flops: number;
}

/** A graph with its memory and pipelines on a device. Running it allocates nothing. */
export class Plan {
  /** Where it runs. */
  readonly device: Device;
  /** Bytes of GPU memory that this plan owns. */
  readonly bytes: number;
  readonly #dispatches: readonly Dispatch[];
  readonly #tensors: ReadonlyMap<number, Tensor>;
  readonly #scope: Scope;
  #disposed = false;

  private constructor(
    device: Device,
    bytes: number,
    dispatches: readonly Dispatch[],
    tensors: ReadonlyMap<number, Tensor>,
    scope: Scope,
  ) {
    this.device = device;
    this.bytes = bytes;
    this.#dispatches = dispatches;
    this.#tensors = tensors;
    this.#scope = scope;
  }

  /**
   * Begins to compile a graph's pipelines, which `compile` then need not wait for, nor begin. What
   * fails is forgotten, and tried again there.
   */
  static prepare(device: Device, graph: Graph): void {
    for (const { kernel, choices } of graph.steps) {
      device.pipeline(kernel, specialize(kernel, choices)).catch(() => {});
    }
  }

  /**
   * Allocates everything, writes every step's parameters once, and compiles all pipelines in
   * parallel.
   * @throws ShapeError for a bound tensor that is too small, UnsupportedError for what the device
   *   cannot hold, KernelError, DeviceLostError; the signal's reason.
   */
  static async compile(device: Device, graph: Graph, options: CompileOptions = {}): Promise<Plan> {
    options.signal?.throwIfAborted();
    if (graph.tuned === device.tuned) device.tuning.settle(graph.tunables);
    // By id, not by object: views of a value share its id and its memory.
    const tensors = new Map<number, Tensor>();
    for (const [value, tensor] of options.bind ?? []) {
      if (tensor.bytes < bytesOf(value)) {
        throw new ShapeError(
          `"${tensor.label}" [${tensor.shape}] cannot stand for "${value.label}" [${value.shape}].`,
          "Bind a tensor of the same shape and type.",
        );
      }
      tensors.set(value.id, tensor);
    }
    const kept = new Map([...(options.keep ?? []), ...inputsOf(graph)].map((value) => [value.id, value]));
    for (const id of tensors.keys()) kept.delete(id);
    const { slotOf, sizes } = assignSlots(graph, new Set([...kept.keys(), ...tensors.keys()]));

    const scope = new Scope();
    try {
      return await device
        .allocating("a plan", () => {
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
            BUFFER.UNIFORM | BUFFER.COPY_DST,
          );
          scope.own({ dispose: () => device.release(uniforms) });
          return { slots, uniforms };
        })
        .then(async ({ slots, uniforms }) => {
          const dispatches = await Promise.all(
            graph.steps.map(async ({ kernel, choices, params, bindings, grid, flops }, index): Promise<Dispatch> => {
              const entries: GPUBindGroupEntry[] = Object.keys(kernel.bindings).map((name, position) => {
                const value = bindings[name]!;
                const buffer = tensors.get(value.id)?.buffer ?? slots[slotOf.get(value.id)!]!;
                // Slots may be larger than the value: bind what it needs, so that arrayLength means
                // its length.
                return { binding: position + 1, resource: { buffer, size: bytesOf(value) } };
              });
              const size = paramsSize(kernel);
              if (size > 0) {
                const offset = index * PARAMS_STRIDE;
                device.gpu.queue.writeBuffer(uniforms, offset, packParams(kernel, params));
                entries.push({ binding: 0, resource: { buffer: uniforms, offset, size } });
              }
              const group = device.gpu.createBindGroup({ label: kernel.name, layout: device.layout(kernel), entries });
              const pipeline = await device.pipeline(kernel, specialize(kernel, choices));
              return { pipeline, group, grid, flops };
            }),
          );
          options.signal?.throwIfAborted();
          device.check();
          const bytes =
            sizes.reduce((sum, size) => sum + size, 0) +
            [...kept.values()].reduce((sum, value) => sum + bytesOf(value), 0);
          return new Plan(device, bytes, dispatches, tensors, scope);
        });
    } catch (error) {
      scope.dispose();
      throw error;
    }
  }

  /**
   * The tensor of a kept, bound or input value.
   * @throws ShapeError for another, whose memory others may use.
   */
  tensor<D extends DType = "f32">(value: Value): Tensor<D> {
    const tensor = this.#tensors.get(value.id);
    if (!tensor) throw new ShapeError(`"${value.label}" is not kept by this plan.`, "Name it in `keep`.");
    return tensor as Tensor<D>;
  }

  /**
   * Submits every step, in as many submits of at least one dispatch as leave a page that shares the
   * GPU its frames.
   * @throws ShapeError once it was disposed, DeviceLostError.
   */
  run(): void {
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
        const { pipeline, group, grid, flops: work } = this.#dispatches[index]!;
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

  /** Frees its memory, but for tensors that were bound; running it throws from then on. */
  dispose(): void {
    this.#disposed = true;
    this.#scope.dispose();
  }

  /** The same as `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Values that are read before any step writes them. */
function inputsOf(graph: Graph): Value[] {
  const known = new Set<number>();
  const inputs: Value[] = [];
  for (const { kernel, bindings } of graph.steps) {
    const entries = Object.entries(bindings);
    for (const [name, value] of entries) {
      if (kernel.bindings[name] === "read" && !known.has(value.id)) {
        known.add(value.id);
        inputs.push(value);
      }
    }
    for (const [, value] of entries) known.add(value.id);
  }
  return inputs;
}
