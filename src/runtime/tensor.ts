import { DeviceLostError, GanatomyError, ShapeError } from "../errors.ts";
import type { Device } from "./device.ts";
import { bytesOf, type DType, elements } from "./graph.ts";
import { BUFFER } from "./memory.ts";

/** The array type of each dtype. */
export type ArrayOf<D extends DType> = D extends "f32" ? Float32Array<ArrayBuffer> : Uint32Array<ArrayBuffer>;

/**
 * A GPU buffer with a shape: C order, four bytes an element. Feature maps are [n, height, width,
 * channels].
 */
export class Tensor<D extends DType = DType> {
  /** Where it lies. */
  readonly device: Device;
  /** What messages and debuggers call it. */
  readonly label: string;
  /** Extents in C order, padding of channels included. */
  readonly shape: readonly number[];
  /** What its elements are. */
  readonly dtype: D;
  /** The memory: at least four bytes an element. */
  readonly buffer: GPUBuffer;
  readonly #owned: boolean;
  #disposed = false;

  private constructor(
    device: Device,
    label: string,
    shape: readonly number[],
    dtype: D,
    buffer: GPUBuffer,
    owned: boolean,
  ) {
    this.device = device;
    this.label = label;
    this.shape = shape;
    this.dtype = dtype;
    this.buffer = buffer;
    this.#owned = owned;
  }

  /** A zeroed tensor. */
  static create<D extends DType>(device: Device, label: string, shape: readonly number[], dtype: D): Tensor<D> {
    const usage = BUFFER.STORAGE | BUFFER.COPY_SRC | BUFFER.COPY_DST;
    return new Tensor(device, label, shape, dtype, device.createBuffer(label, bytesOf({ shape }), usage), true);
  }

  /** A tensor with these contents. */
  static from<D extends DType>(
    device: Device,
    label: string,
    shape: readonly number[],
    dtype: D,
    data: ArrayOf<D>,
  ): Tensor<D> {
    const tensor = Tensor.create(device, label, shape, dtype);
    try {
      tensor.write(data);
    } catch (error) {
      tensor.dispose();
      throw error;
    }
    return tensor;
  }

  /**
   * A tensor over a caller's buffer (usage STORAGE, and COPY_SRC to read it back); disposing it
   * leaves the buffer alone.
   * @throws ShapeError for a buffer of less than four bytes an element.
   */
  static wrap<D extends DType>(device: Device, buffer: GPUBuffer, shape: readonly number[], dtype: D): Tensor<D> {
    if (buffer.size < bytesOf({ shape })) {
      throw new ShapeError(
        `A buffer of ${buffer.size} bytes cannot hold [${shape}].`,
        "Give a buffer of four bytes an element.",
      );
    }
    return new Tensor(device, buffer.label, shape, dtype, buffer, false);
  }

  #check(): void {
    this.device.check();
    if (this.#disposed) throw new ShapeError(`"${this.label}" was disposed.`, "Read what you need before.");
  }

  /** Bytes of its elements. */
  get bytes(): number {
    return bytesOf(this);
  }

  /**
   * Replaces the first `data.length` elements. Takes effect before anything submitted later.
   * @throws ShapeError for more than it has, or once it was disposed; DeviceLostError.
   */
  write(data: ArrayOf<D>): void {
    this.#check();
    if (data.length > elements(this.shape)) {
      throw new ShapeError(
        `${data.length} elements do not fit "${this.label}" [${this.shape}].`,
        "Write at most as many as its shape has.",
      );
    }
    this.device.gpu.queue.writeBuffer(this.buffer, 0, data);
  }

  /** Sets every element to zero. */
  clear(): void {
    this.#check();
    const encoder = this.device.gpu.createCommandEncoder();
    encoder.clearBuffer(this.buffer);
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  /**
   * Copies `bytes` bytes, from byte `from` on, to byte `to` of another tensor of the device.
   * @throws ShapeError for what lies outside of either, or once one was disposed; DeviceLostError.
   */
  copyTo(target: Tensor, bytes = Math.min(this.bytes, target.bytes), from = 0, to = 0): void {
    this.#check();
    target.#check();
    if (from + bytes > this.bytes || to + bytes > target.bytes) {
      throw new ShapeError(
        `${bytes} bytes of "${this.label}" do not fit "${target.label}" there.`,
        "Copy what lies within both.",
      );
    }
    const encoder = this.device.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(this.buffer, from, target.buffer, to, bytes);
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  /**
   * `count` elements from `first` on, all of them unless said otherwise, copied off the GPU.
   * @throws ShapeError for what lies beyond its shape, or once it was disposed; DeviceLostError.
   */
  async read(count?: number, first = 0): Promise<ArrayOf<D>> {
    const { device } = this;
    this.#check();
    const size = 4 * (count ?? elements(this.shape) - first);
    if (!(first >= 0 && size >= 0 && 4 * first + size <= this.bytes)) {
      throw new ShapeError(
        `"${this.label}" [${this.shape}] has no ${size / 4} elements from ${first} on.`,
        "Read what lies within its shape.",
      );
    }
    const staging = device.createBuffer(`read ${this.label}`, size, BUFFER.COPY_DST | BUFFER.MAP_READ);
    try {
      const encoder = device.gpu.createCommandEncoder();
      encoder.copyBufferToBuffer(this.buffer, 4 * first, staging, 0, size);
      device.gpu.queue.submit([encoder.finish()]);
      const done = device.pace.waiting();
      try {
        await device.waitFor(() => staging.mapAsync(0x1));
      } catch (cause) {
        device.check();
        if (cause instanceof GanatomyError) throw cause;
        // What a buffer that is invalid rejects with; one of a lost device is an AbortError.
        if ((cause as DOMException).name === "OperationError") throw device.exhausted(`reading "${this.label}"`);
        throw new DeviceLostError("device-lost", `"${this.label}" could not be read back.`, "Request a new device.", {
          cause,
        });
      }
      done();
      const bytes = staging.getMappedRange().slice(0);
      return (this.dtype === "f32" ? new Float32Array(bytes) : new Uint32Array(bytes)) as ArrayOf<D>;
    } finally {
      device.release(staging);
    }
  }

  /** Destroys the buffer, unless it is the caller's; what is asked of it from then on throws. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#owned) this.device.release(this.buffer);
  }

  /** The same as `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
