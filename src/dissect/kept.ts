import { DeviceLostError } from "../errors.ts";
import type { Device } from "../runtime/device.ts";
import { Tensor } from "../runtime/tensor.ts";
import type { PackedLabels } from "./packed-labels.ts";

/**
 * Bytes of a buffer that holds many batches' copies, if they are that many. Small ones would stay
 * in the heap of a software adapter's process for good; what is larger than 32 MiB glibc gives
 * back.
 */
const SLAB_BYTES = 64 * 2 ** 20;

/**
 * Copies of batches that stay on the GPU between passes, as far as they fit. Label maps come first:
 * making an image's costs ten times what its feature maps cost (spec §2.1, §1.2), and packed they
 * take half the room.
 */
export class Kept {
  /** How many batches' label maps are kept: the first ones. */
  readonly labels: number;
  /** How many batches' feature maps. */
  readonly features: number;
  readonly #packed: PackedLabels | undefined;
  readonly #labelCopies: Copies;
  readonly #featureCopies: Copies;

  /**
   * For `batches` contents that `maps` and `packed` have one after the other; without `packed` only
   * `maps` are kept.
   */
  constructor(
    device: Device,
    maps: readonly Tensor[],
    packed: PackedLabels | undefined,
    batches: number,
    /** Bytes that all copies may take. */
    memory: number,
    slabBytes = SLAB_BYTES,
  ) {
    this.#packed = packed;
    const fitting = (bytes: number, room: number): number => Math.min(batches, Math.floor(room / bytes));
    this.labels = packed ? fitting(packed.halves.bytes, memory) : 0;
    // Label maps may come in a later pass than feature maps do: their room is theirs from the
    // start.
    const rest = memory - this.labels * (packed?.halves.bytes ?? 0);
    this.features = fitting(
      maps.reduce((sum, { bytes }) => sum + bytes, 0),
      rest,
    );
    this.#labelCopies = new Copies(device, packed ? [packed.halves] : [], this.labels, slabBytes);
    this.#featureCopies = new Copies(device, maps, this.features, slabBytes);
  }

  /** Brings a batch's label maps back; false if they were not kept. */
  restoreLabels(batch: number): boolean {
    const restored = this.#labelCopies.restore(batch);
    if (restored) this.#packed?.unpack();
    return restored;
  }

  /** Brings a batch's feature maps back; false if they were not kept. */
  restoreFeatures(batch: number): boolean {
    return this.#featureCopies.restore(batch);
  }

  /** Copies the label maps as they are packed now, if they are among those that fit. */
  async keepLabels(batch: number): Promise<void> {
    await this.#labelCopies.keep(batch);
  }

  /** Copies the feature maps as they are now, if they are among those that fit. */
  async keepFeatures(batch: number): Promise<void> {
    await this.#featureCopies.keep(batch);
  }

  dispose(): void {
    this.#labelCopies.dispose();
    this.#featureCopies.dispose();
  }
}

/** Copies of what some tensors hold, batch by batch, many batches to a buffer. */
class Copies {
  readonly #device: Device;
  readonly #sources: readonly Tensor[];
  readonly #batches: number;
  readonly #slabBytes: number;
  /** Of each source, by their numbers. */
  readonly #slabs: readonly Map<number, Tensor>[];
  readonly #kept = new Set<number>();
  #full = false;

  constructor(
    device: Device,
    sources: readonly Tensor[],
    /** That may be kept: the first ones. */
    batches: number,
    slabBytes: number,
  ) {
    this.#device = device;
    this.#sources = sources;
    this.#batches = batches;
    this.#slabBytes = slabBytes;
    this.#slabs = sources.map(() => new Map());
  }

  restore(batch: number): boolean {
    if (!this.#kept.has(batch)) return false;
    this.#sources.forEach((target, index) => {
      const { slab, place } = this.#place(target, batch);
      this.#slabs[index]!.get(slab)!.copyTo(target, target.bytes, place * target.bytes);
    });
    return true;
  }

  /** What no longer fits is made again, so a lack of memory only stops the keeping. */
  async keep(batch: number): Promise<void> {
    if (batch >= this.#batches || this.#full || this.#kept.has(batch)) return;
    try {
      await this.#allocate(batch);
    } catch (error) {
      if (!(error instanceof DeviceLostError && error.code === "out-of-memory")) throw error;
      this.#full = true;
      return;
    }
    this.#sources.forEach((source, index) => {
      const { slab, place } = this.#place(source, batch);
      source.copyTo(this.#slabs[index]!.get(slab)!, source.bytes, 0, place * source.bytes);
    });
    this.#kept.add(batch);
  }

  /** Makes the buffers that a batch's copies lie in, as far as there are none. */
  async #allocate(batch: number): Promise<void> {
    const missing = this.#sources.flatMap((source, index) => {
      const { slab, capacity } = this.#place(source, batch);
      return this.#slabs[index]!.has(slab) ? [] : [{ source, index, slab, capacity }];
    });
    if (missing.length === 0) return;
    const made: Tensor[] = [];
    try {
      await this.#device.allocating("kept samples", () => {
        for (const { source, slab, capacity } of missing) {
          const shape = [capacity, source.bytes / 4];
          made.push(Tensor.create(this.#device, `${source.label}, kept ${slab}`, shape, source.dtype));
        }
      });
    } catch (error) {
      for (const tensor of made) tensor.dispose();
      throw error;
    }
    missing.forEach(({ index, slab }, at) => {
      this.#slabs[index]!.set(slab, made[at]!);
    });
  }

  /**
   * Where a batch's copy lies, and how many batches its buffer holds: the last has no room that is
   * never used.
   */
  #place({ bytes }: Tensor, batch: number): { slab: number; place: number; capacity: number } {
    const most = Math.max(1, Math.floor(this.#slabBytes / bytes));
    const slab = Math.floor(batch / most);
    return { slab, place: batch % most, capacity: Math.min(most, this.#batches - slab * most) };
  }

  dispose(): void {
    for (const slabs of this.#slabs) for (const slab of slabs.values()) slab.dispose();
    this.#kept.clear();
  }
}
