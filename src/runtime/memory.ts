import { DeviceLostError, UnsupportedError } from "../errors.ts";

/** WebGPU's flag values, written out because Node has no globals for them. */
export const BUFFER = {
  MAP_READ: 0x1,
  COPY_SRC: 0x4,
  COPY_DST: 0x8,
  UNIFORM: 0x40,
  STORAGE: 0x80,
} as const;

/** The buffers that were made through a device and are alive. */
export class Memory {
  /** How many, and their sizes, added up. */
  readonly live = { buffers: 0, bytes: 0 };
  readonly #gpu: GPUDevice;
  readonly #buffers = new Set<GPUBuffer>();

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** @throws UnsupportedError `limit` for a size that is too large */
  create(label: string, size: number, usage: number): GPUBuffer {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#gpu.limits;
    const limit = usage & BUFFER.STORAGE ? Math.min(maxBufferSize, maxStorageBufferBindingSize) : maxBufferSize;
    if (size > limit) {
      throw new UnsupportedError(
        "limit",
        `"${label}" needs ${mebibytes(size)}, and this adapter binds at most ${mebibytes(limit)}.`,
        SMALLER,
      );
    }
    const buffer = this.#gpu.createBuffer({ label, size, usage });
    this.#buffers.add(buffer);
    this.live.buffers += 1;
    this.live.bytes += size;
    return buffer;
  }

  /** Destroys a buffer, unless it is gone already. */
  release(buffer: GPUBuffer): void {
    if (!this.#buffers.delete(buffer)) return;
    this.live.buffers -= 1;
    this.live.bytes -= buffer.size;
    buffer.destroy();
  }

  /** What is thrown where an allocation failed. */
  exhausted(what: string): DeviceLostError {
    return new DeviceLostError(
      "out-of-memory",
      `The GPU has no memory left for ${what}, beside ${mebibytes(this.live.bytes)} that are in use.`,
      `${SMALLER} Closing other tabs may help.`,
    );
  }

  /** Destroys what is left. */
  dispose(): void {
    for (const buffer of this.#buffers) this.release(buffer);
  }
}

const SMALLER = "Use a smaller batch, fewer layers or a smaller model.";

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
