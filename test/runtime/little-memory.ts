import { findGpu } from "../../src/node/gpu.ts";

/** As WebGPU's, by whose name it is known. */
class GPUOutOfMemoryError {
  readonly message = "Out of memory.";
}

/** A GPU on which buffers cannot be allocated that somebody says so of. */
export interface LittleMemory {
  readonly gpu: GPU;
  /** Whether there is no memory for one, beside `used` bytes. */
  isFull: (buffer: GPUBufferDescriptor, used: number) => boolean;
}

/**
 * The GPU of this machine as it is when memory runs out, as WebGPU's specification has it: an error
 * for the innermost scope of its kind, or an event where there is none, and a buffer that is
 * invalid, which whatever uses it complains of. Software adapters cannot be brought there: they
 * take what the machine has, and hang or end the process.
 */
export async function littleMemory(): Promise<LittleMemory> {
  const real = await findGpu();
  const little: LittleMemory = {
    gpu: replaced(real, {
      requestAdapter: async (options?: GPURequestAdapterOptions) => {
        const adapter = await real.requestAdapter(options);
        const requestDevice = async (asked?: GPUDeviceDescriptor) =>
          deviceOf(await adapter!.requestDevice(asked), little);
        return adapter && replaced(adapter, { requestDevice });
      },
    }),
    isFull: () => false,
  };
  return little;
}

function deviceOf(device: GPUDevice, little: LittleMemory): GPUDevice {
  const scopes: { readonly filter: GPUErrorFilter; failed: boolean }[] = [];
  const listeners: ((event: unknown) => void)[] = [];
  let used = 0;
  const fail = (): void => {
    const scope = scopes.findLast(({ filter }) => filter === "out-of-memory");
    if (scope) scope.failed = true;
    else for (const listener of listeners) listener({ error: new GPUOutOfMemoryError() });
  };
  return replaced(device, {
    pushErrorScope(filter: GPUErrorFilter) {
      scopes.push({ filter, failed: false });
      device.pushErrorScope(filter);
    },
    popErrorScope: async () => {
      const { failed } = scopes.pop()!;
      const error = await device.popErrorScope();
      return failed ? new GPUOutOfMemoryError() : error;
    },
    addEventListener(type: string, listener: (event: unknown) => void) {
      listeners.push(listener);
      device.addEventListener(type as "uncapturederror", listener as never);
    },
    createBuffer(descriptor: GPUBufferDescriptor) {
      if (little.isFull(descriptor, used)) {
        fail();
        // One that is as large, and invalid, without a word.
        device.pushErrorScope("validation");
        const invalid = device.createBuffer({ ...descriptor, usage: 0 });
        device.popErrorScope().catch(() => {});
        return invalid;
      }
      const buffer = device.createBuffer(descriptor);
      used += descriptor.size;
      const destroy = buffer.destroy.bind(buffer);
      buffer.destroy = () => {
        used -= descriptor.size;
        return destroy();
      };
      return buffer;
    },
  });
}

/** An object with some of its properties replaced. */
const replaced = <T extends object>(object: T, others: Readonly<Record<string, unknown>>): T =>
  new Proxy(object, {
    get(target, name) {
      if (typeof name === "string" && name in others) return others[name];
      const own = Reflect.get(target, name, target);
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
