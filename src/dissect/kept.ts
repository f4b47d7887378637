import { DeviceLostError } from "../errors.ts";
import type { Device } from "../runtime/device.ts";
import { Tensor } from "../runtime/tensor.ts";
import type { PackedLabels } from "./packed-labels.ts";

/**
 * Copies of batches that stay on the GPU between passes, as far as they fit. Label maps come first: making an image's costs
 * ten times what its feature maps cost (spec §2.1, §1.2), and packed they take half the room.
 */
export class Kept {
  /** How many batches' label maps are kept: the first ones. */
  readonly labels: number;
  /** How many batches' feature maps. */
  readonly features: number;
  readonly #device: Device;
  readonly #maps: readonly Tensor[];
  readonly #packed: PackedLabels | undefined;
  readonly #copies = new Map<string, readonly Tensor[]>();
  #full = false;

  /** For `batches` contents that `maps` and `packed` have one after the other; without `packed` only `maps` are kept. */
  constructor(
    device: Device,
    maps: readonly Tensor[],
    packed: PackedLabels | undefined,
    batches: number,
    /** Bytes that all copies may take. */
    memory: number,
  ) {
    this.#device = device;
    this.#maps = maps;
    this.#packed = packed;
    const fitting = (bytes: number, room: number): number => Math.min(batches, Math.floor(room / bytes));
    this.labels = packed ? fitting(packed.halves.bytes, memory) : 0;
    // Label maps may come in a later pass than feature maps do: their room is theirs from the start.
    const rest = memory - this.labels * (packed?.halves.bytes ?? 0);
    this.features = fitting(
      maps.reduce((sum, { bytes }) => sum + bytes, 0),
      rest,
    );
  }

  /** Brings a batch's label maps back; false if they were not kept. */
  restoreLabels(batch: number): boolean {
    const packed = this.#packed;
    if (!packed || !this.#restore(`labels ${batch}`, [packed.halves])) return false;
    packed.unpack();
    return true;
  }

  /** Brings a batch's feature maps back; false if they were not kept. */
  restoreFeatures(batch: number): boolean {
    return this.#restore(`features ${batch}`, this.#maps);
  }

  /** Copies the label maps as they are packed now, if they are among those that fit. */
  async keepLabels(batch: number): Promise<void> {
    if (this.#packed && batch < this.labels) await this.#keep(`labels ${batch}`, [this.#packed.halves]);
  }

  /** Copies the feature maps as they are now, if they are among those that fit. */
  async keepFeatures(batch: number): Promise<void> {
    if (batch < this.features) await this.#keep(`features ${batch}`, this.#maps);
  }

  #restore(name: string, targets: readonly Tensor[]): boolean {
    const copies = this.#copies.get(name);
    copies?.forEach((copy, index) => {
      copy.copyTo(targets[index]!);
    });
    return copies !== undefined;
  }

  /** What no longer fits is made again, so a lack of memory only stops the keeping. */
  async #keep(name: string, sources: readonly Tensor[]): Promise<void> {
    if (this.#full || this.#copies.has(name)) return;
    const copies: Tensor[] = [];
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

  dispose(): void {
    for (const copies of this.#copies.values()) for (const copy of copies) copy.dispose();
    this.#copies.clear();
  }
}
