import { type Covering, count } from "../kernels/statistics/statistics.ts";
import type { Device } from "../runtime/device.ts";
import { Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";
import type { Counters } from "./checkpoint.ts";
import { addCounts, Counter, type CountTable } from "./counter.ts";
import { ladderOf } from "./ladder.ts";

export interface CountsOptions {
  /** The layer's feature maps [n, h, w, units] of the current batch. */
  readonly maps: Tensor<"f32">;
  readonly channels: number;
  readonly batch: Tensor<"u32">;
  /** Slots of the current batch's labels [n, labels a pixel, rows, columns]; see `Slots`. */
  readonly slotMaps: Tensor<"u32">;
  /** The labels that have slots, in their order. */
  readonly labels: readonly number[];
  /** `[n, categories]`: which categories the current batch's images hold. */
  readonly present: Tensor<"u32">;
  /** Where the feature maps lie on label maps; see `Covering`. */
  readonly covering?: Covering | undefined;
  /** Ascending levels of every unit, [levels][channels]. */
  readonly levels: Float32Array;
  /** Image i is counted in block i mod so many; 1, all together, unless given. */
  readonly blocks?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes of one label's or category's counters, for so many levels of maps [n, h, w, units]. */
export const rowBytes = (shape: readonly number[], levels: number): number => 4 * levels * shape.at(-1)!;

/**
 * Counters that are read back at once, where one row is not more: a call takes about a millisecond
 * whatever it reads.
 */
const READ_BYTES = 8 * 2 ** 20;

/**
 * Exact joint counts of one layer's units with concepts at every level, in one pass. A pixel falls
 * into the bucket of how many levels its activation exceeds; the number above level j is the sum of
 * the buckets beyond j. Counters are integers, so neither batches nor the order of pixels change
 * them.
 */
export class Counts {
  readonly #plan: Plan;
  /**
   * `[blocks · (categories + labels with slots), units, levels]`: pixels that exceed so many
   * levels, from one on. Where there is one category and one label a pixel, the category's row has
   * only those without a slot.
   */
  readonly #histogram: Counter;
  readonly #blocks: number;
  /** Of a block. */
  readonly #rows: number;
  readonly #levels: number;
  readonly #channels: number;
  /** Whether every pixel counts in one row: a category's are the sum of all. */
  readonly #disjoint: boolean;
  readonly #rowOf: ReadonlyMap<number, number>;
  /** The rows read last, block by block. */
  #read: { readonly first: number; readonly count: number; readonly counters: readonly CountTable[] } | undefined;

  private constructor(plan: Plan, histogram: Tensor<"u32">, options: CountsOptions) {
    this.#plan = plan;
    this.#histogram = new Counter(histogram);
    this.#levels = options.levels.length / options.channels;
    this.#channels = options.channels;
    const categories = options.present.shape[1]!;
    this.#blocks = options.blocks ?? 1;
    this.#rows = categories + options.labels.length;
    this.#disjoint = categories === 1 && options.slotMaps.shape[1] === 1;
    this.#rowOf = new Map(options.labels.map((label, index) => [label, categories + index]));
  }

  static async create(device: Device, options: CountsOptions): Promise<Counts> {
    const { maps, channels, batch, slotMaps, labels, present, levels, covering, blocks = 1, signal } = options;
    const [n = 1, height = 1, width = 1, stored = 4] = maps.shape;
    const rungs = levels.length / channels;
    const ladder = ladderOf(levels, channels, stored);
    const graph = new Graph(device.target);
    const x = graph.map("maps", n, height, width, channels);
    const values = {
      slots: graph.value("slots", slotMaps.shape, "u32"),
      batch: graph.value("batch", [2], "u32"),
      present: graph.value("present", present.shape, "u32"),
      level: graph.value("level", [stored, rungs + 1]),
      ladder: graph.value("ladder", [stored, ladder.cells.length / stored], "u32"),
      histogram: graph.value("joint histogram", [blocks * (present.shape[1]! + labels.length), stored, rungs], "u32"),
    };
    count(graph, x, values, { ...covering, blocks });
    const bind: (readonly [Value, Tensor])[] = [
      [x, maps],
      [values.slots, slotMaps],
      [values.batch, batch],
      [values.present, present],
    ];
    const plan = await Plan.compile(device, graph, { keep: [values.histogram], bind, signal });
    plan.tensor(values.level).write(ladder.levels);
    plan.tensor<"u32">(values.ladder).write(ladder.cells);
    return new Counts(plan, plan.tensor(values.histogram), options);
  }

  get counters(): Counters {
    return { histogram: this.#histogram };
  }

  /** Whether they are what many machines counted. */
  get isMerged(): boolean {
    return this.#histogram.isMerged;
  }

  /** Counts the batch the maps hold now. */
  add(): void {
    this.#read = undefined;
    this.#plan.run();
  }

  /** Pixels of a label on which each unit exceeds each level, [levels][channels]. */
  async intersection(label: number): Promise<CountTable> {
    return sumOf(await this.intersections(label));
  }

  /** The same of every block. */
  async intersections(label: number): Promise<CountTable[]> {
    const row = this.#rowOf.get(label);
    if (row === undefined) throw new Error(`Label ${label} was not counted.`);
    return this.#above([row]);
  }

  /** Pixels of images with a category on which each unit exceeds each level, [levels][channels]. */
  async activation(category: number): Promise<CountTable> {
    return sumOf(await this.activations(category));
  }

  /** The same of every block. */
  activations(category: number): Promise<CountTable[]> {
    return this.#above(this.#disjoint ? [...Array(this.#rows).keys()] : [category]);
  }

  /** Pixels of all these rows on which each unit exceeds each level, block by block. */
  async #above(rows: readonly number[]): Promise<CountTable[]> {
    const Table = this.#histogram.isMerged ? Float64Array : Uint32Array;
    const above = Array.from({ length: this.#blocks }, () => new Table(this.#levels * this.#channels));
    for (const row of rows) {
      const histograms = await this.#row(row);
      above.forEach((counted, block) => {
        const histogram = histograms[block]!;
        for (let unit = 0; unit < this.#channels; unit += 1) {
          let sum = 0;
          for (let level = this.#levels - 1; level >= 0; level -= 1) {
            sum += histogram[unit * this.#levels + level]!;
            counted[level * this.#channels + unit]! += sum;
          }
        }
      });
    }
    return above;
  }

  /** Counters of a row [units, levels] of every block, read together with those that follow. */
  async #row(row: number): Promise<CountTable[]> {
    const [, stored = 4, levels = 1] = this.#histogram.tensor.shape;
    const [rows, length] = [this.#rows, stored * levels];
    let read = this.#read;
    if (!read || row < read.first || row >= read.first + read.count) {
      const most = Math.max(1, Math.floor(READ_BYTES / (4 * length * this.#blocks)));
      const count = Math.min(rows - row, most);
      // Where rows are few, all blocks lie together.
      const all = count === rows ? await this.#histogram.read(this.#blocks * rows * length, 0) : undefined;
      const counters: CountTable[] = [];
      for (let block = 0; block < this.#blocks; block += 1) {
        const first = (block * rows + row) * length;
        counters.push(
          all?.subarray(first, first + count * length) ?? (await this.#histogram.read(count * length, first)),
        );
      }
      read = { first: row, count, counters };
      this.#read = read;
    }
    const at = (row - read.first) * length;
    return read.counters.map((counters) => counters.subarray(at, at + length));
  }

  dispose(): void {
    this.#plan.dispose();
  }
}

/** The sums of several counts. */
function sumOf([first, ...others]: readonly CountTable[]): CountTable {
  for (const other of others) addCounts(first!, other);
  return first!;
}
