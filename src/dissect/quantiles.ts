import { type Digit, narrow, radix, rawChunk, upsample } from "../kernels/statistics.ts";
import type { Device } from "../runtime/device.ts";
import { Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";

/** Where a quantile of n sorted samples lies in Hazen's sense: between ranks `low` and `low + 1`, `weight` of the way. */
export interface Position {
  readonly low: number;
  readonly weight: number;
}

/** Sample i of n stands at (i + ½)/n; outside the first and last the quantile is theirs (spec §3.3, a sketch that keeps everything). */
export function hazen(quantile: number, n: number): Position {
  const at = Math.min(n - 1, Math.max(0, quantile * n - 0.5));
  const low = Math.min(Math.floor(at), n - 1);
  return { low, weight: at - low };
}

export interface QuantileOptions {
  /** The layer's feature maps [n, h, w, units], filled anew for every batch. */
  readonly maps: Tensor<"f32">;
  readonly channels: number;
  /** [2]: index of the batch's first image, how many are valid. */
  readonly batch: Tensor<"u32">;
  /** Edge of the grid the maps are upsampled to, or undefined to take raw activations. */
  readonly size: number | undefined;
  /** Samples of a unit over all images. */
  readonly samples: number;
  readonly quantiles: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/** The state of a selection on the GPU. */
type Selection = Readonly<
  Record<"digits" | "histogram" | "prefix" | "rank" | "nextPrefix" | "nextRank", Tensor<"u32">>
>;

/**
 * Exact quantiles of every unit's activations by radix selection: `passes` times over all images, `add` for every batch
 * and `endPass` after the last. Nothing is sampled and nothing but the selected values comes back.
 */
export class Quantiles {
  /** Times to go through all images. */
  readonly passes: number;
  readonly #digit: Digit;
  readonly #positions: readonly Position[];
  readonly #ranks: readonly number[];
  readonly #stored: number;
  readonly #channels: number;
  readonly #counting: Plan;
  readonly #narrowing: Plan;
  readonly #tensors: Selection;
  #pass = 0;

  private constructor(options: {
    digit: Digit;
    positions: readonly Position[];
    ranks: readonly number[];
    stored: number;
    channels: number;
    counting: Plan;
    narrowing: Plan;
    tensors: Selection;
  }) {
    this.passes = 32 / options.digit;
    this.#digit = options.digit;
    this.#positions = options.positions;
    this.#ranks = options.ranks;
    this.#stored = options.stored;
    this.#channels = options.channels;
    this.#counting = options.counting;
    this.#narrowing = options.narrowing;
    this.#tensors = options.tensors;
  }

  static async create(device: Device, options: QuantileOptions): Promise<Quantiles> {
    const { maps, batch, size, samples, quantiles, signal } = options;
    const positions = quantiles.map((quantile) => hazen(quantile, samples));
    const wanted = positions.flatMap(({ low, weight }) => (weight > 0 ? [low, low + 1] : [low]));
    const ranks = [...new Set(wanted)].sort((a, b) => a - b);
    const [n = 1, height = 1, width = 1, stored = 4] = maps.shape;
    const digit: Digit = 4 * ranks.length * 256 * stored <= device.gpu.limits.maxStorageBufferBindingSize ? 8 : 4;

    const graph = new Graph(device.target);
    const x = graph.map("maps", n, height, width, options.channels);
    const values = {
      batch: graph.value("batch", [2], "u32"),
      digits: graph.value("digits", [1], "u32"),
      prefix: graph.value("prefix", [ranks.length, stored], "u32"),
      histogram: graph.value("histogram", [ranks.length, 2 ** digit, stored], "u32"),
    };
    for (const chunk of size === undefined ? [rawChunk(x)] : upsample(graph, x, size))
      radix(graph, chunk, values, digit);
    const counting = await Plan.compile(device, graph, {
      keep: [values.histogram],
      bind: [
        [x, maps],
        [values.batch, batch],
      ] as readonly (readonly [Value, Tensor])[],
      signal,
    });

    const next = new Graph(device.target);
    const targets = [ranks.length, stored] as const;
    const histogram = next.value("histogram", values.histogram.shape, "u32");
    const prefix = next.value("prefix", targets, "u32");
    const rank = next.value("rank", targets, "u32");
    const nextPrefix = next.value("next prefix", targets, "u32");
    const nextRank = next.value("next rank", targets, "u32");
    narrow(next, { histogram, prefix, rank, nextPrefix, nextRank }, digit);
    const narrowing = await Plan.compile(device, next, {
      keep: [nextPrefix, nextRank],
      bind: [
        [histogram, counting.tensor(values.histogram)],
        [prefix, counting.tensor(values.prefix)],
      ] as readonly (readonly [Value, Tensor])[],
      signal,
    });

    const tensors = {
      digits: counting.tensor<"u32">(values.digits),
      histogram: counting.tensor<"u32">(values.histogram),
      prefix: counting.tensor<"u32">(values.prefix),
      rank: narrowing.tensor<"u32">(rank),
      nextPrefix: narrowing.tensor<"u32">(nextPrefix),
      nextRank: narrowing.tensor<"u32">(nextRank),
    };
    tensors.rank.write(Uint32Array.from({ length: ranks.length * stored }, (_, at) => ranks[Math.floor(at / stored)]!));
    return new Quantiles({ digit, positions, ranks, stored, channels: options.channels, counting, narrowing, tensors });
  }

  /** Counts the batch the maps hold now. */
  add(): void {
    this.#counting.run();
  }

  /** All batches of a pass were added. */
  endPass(): void {
    const { digits, histogram, prefix, rank, nextPrefix, nextRank } = this.#tensors;
    this.#narrowing.run();
    nextPrefix.copyTo(prefix);
    nextRank.copyTo(rank);
    histogram.clear();
    this.#pass += 1;
    digits.write(Uint32Array.of(this.#pass));
  }

  /** After the last pass: the quantiles, [quantiles][channels], rounded to the activations' precision. */
  async read(): Promise<Float32Array<ArrayBuffer>> {
    if (this.#pass !== 32 / this.#digit) throw new Error(`${this.#pass} of ${this.passes} passes were made.`);
    const keys = await this.#tensors.prefix.read();
    const sorted = floats(keys);
    const rowOf = new Map(this.#ranks.map((rank, row) => [rank, row]));
    const values = new Float32Array(this.#positions.length * this.#channels);
    this.#positions.forEach(({ low, weight }, q) => {
      const lowRow = rowOf.get(low)! * this.#stored;
      const highRow = weight > 0 ? rowOf.get(low + 1)! * this.#stored : lowRow;
      for (let unit = 0; unit < this.#channels; unit += 1) {
        const a = sorted[lowRow + unit]!;
        const b = sorted[highRow + unit]!;
        values[q * this.#channels + unit] = a + (b - a) * weight;
      }
    });
    return values;
  }

  dispose(): void {
    this.#narrowing.dispose();
    this.#counting.dispose();
  }
}

/** The floats whose ordered keys (see radix.wgsl) these are. */
function floats(keys: Uint32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const bits = keys.map((key) => (key & 0x80000000 ? key & 0x7fffffff : ~key));
  return new Float32Array(bits.buffer);
}
