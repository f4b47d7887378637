import { type Covering, narrow, RADIX_BITS, radix, tabulate } from "../kernels/statistics/statistics.ts";
import type { Device } from "../runtime/device.ts";
import { type Extent, Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import { Scope } from "../runtime/scope.ts";
import { Tensor } from "../runtime/tensor.ts";
import { type Counters, countersOf } from "./checkpoint.ts";
import type { Counter } from "./counter.ts";
import { narrowed } from "./narrow.ts";

/**
 * Where a quantile of n sorted samples lies in Hazen's sense: between ranks `low` and `low + 1`,
 * `weight` of the way.
 */
export interface Position {
  readonly low: number;
  readonly weight: number;
}

/**
 * Sample i of n stands at (i + ½)/n; outside the first and last the quantile is theirs (spec §3.3,
 * a sketch that keeps everything).
 */
export function hazen(quantile: number, n: number): Position {
  const at = Math.min(n - 1, Math.max(0, quantile * n - 0.5));
  const low = Math.floor(at);
  return { low, weight: at - low };
}

export interface QuantileOptions {
  /** The layer's feature maps [n, h, w, units], filled anew for every batch. */
  readonly maps: Tensor<"f32">;
  readonly channels: number;
  /** `[2]`: index of the batch's first image, how many are valid. */
  readonly batch: Tensor<"u32">;
  /** The grid the maps are upsampled to, or undefined to take raw activations. */
  readonly grid: Extent | undefined;
  /** Where the maps lie on it; see `Covering`. */
  readonly covering?: Covering | undefined;
  /** Samples of a unit over all images. */
  readonly samples: number;
  readonly quantiles: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Exact quantiles of every unit's activations by radix selection: `passes` times over all images,
 * `add` for every batch and `endPass` after the last. Nothing is sampled and nothing but the
 * selected values comes back.
 */
export class Quantiles {
  /** Times to go through all images. */
  readonly passes = RADIX_BITS.length;
  readonly #positions: readonly Position[];
  readonly #ranks: readonly number[];
  readonly #stored: number;
  readonly #channels: number;
  readonly #plans: readonly Pass[];
  readonly #state: Selection;
  readonly #counters: Counters;
  readonly #scope: Scope;
  #pass = 0;

  private constructor(
    options: QuantileOptions,
    positions: readonly Position[],
    ranks: readonly number[],
    plans: readonly Pass[],
    state: Selection,
    scope: Scope,
  ) {
    this.#positions = positions;
    this.#ranks = ranks;
    this.#stored = options.maps.shape.at(-1)!;
    this.#channels = options.channels;
    this.#plans = plans;
    this.#state = state;
    this.#counters = countersOf(state);
    this.#scope = scope;
  }

  static async create(device: Device, options: QuantileOptions): Promise<Quantiles> {
    const { maps, batch, grid, covering, samples, quantiles, channels, signal } = options;
    const positions = quantiles.map((quantile) => hazen(quantile, samples));
    const wanted = positions.flatMap(({ low, weight }) => (weight > 0 ? [low, low + 1] : [low]));
    const ranks = [...new Set(wanted)].sort((a, b) => a - b);
    const [n = 1, height = 1, width = 1, stored = 4] = maps.shape;
    const shapes = {
      high: [stored, 2 ** RADIX_BITS[0]],
      middle: [stored, ranks.length, 2 ** RADIX_BITS[1]],
      low: [stored, ranks.length, 2 ** RADIX_BITS[2]],
      key: [ranks.length, stored],
      rank: [ranks.length, stored],
      row: [ranks.length, stored],
    } as const;
    const scope = new Scope();
    try {
      const state = await device.allocating("quantiles", () => {
        const tensors = Object.entries(shapes).map(([name, shape]) => {
          return [name, scope.own(Tensor.create(device, name, shape, "u32"))] as const;
        });
        return Object.fromEntries(tensors) as Selection;
      });
      state.rank.write(Uint32Array.from(ranksOf(ranks, stored)));
      // All are described before the first is compiled: nothing is under way if a description is
      // refused.
      const passes = ([0, 1, 2] as const).map((pass) => {
        const counting = new Graph(device.target);
        const x = counting.map("maps", n, height, width, channels);
        const values = {
          batch: counting.value("batch", [2], "u32"),
          high: counting.value("high", shapes.high, "u32"),
          middle: counting.value("middle", shapes.middle, "u32"),
          low: counting.value("low", shapes.low, "u32"),
        };
        radix(counting, x, values, pass, grid, covering);
        const counters = [state.high, state.middle, state.low][pass]!;
        const afterwards = (append: typeof narrow | typeof tabulate): Described => {
          const graph = new Graph(device.target);
          const targets = {
            key: graph.value("key", shapes.key, "u32"),
            rank: graph.value("rank", shapes.rank, "u32"),
            row: graph.value("row", shapes.row, "u32"),
          };
          const counted = graph.value("counters", counters.shape, "u32");
          append(graph, targets, counted, pass);
          const bind: Described["bind"] = [
            [targets.key, state.key],
            [targets.rank, state.rank],
            [targets.row, state.row],
            [counted, counters],
          ];
          return { graph, bind };
        };
        const bind: Described["bind"] = [
          [x, maps],
          [values.batch, batch],
          [values.high, state.high],
          [values.middle, state.middle],
          [values.low, state.low],
        ];
        const described = [{ graph: counting, bind }, afterwards(narrow)];
        if (pass < 2) described.push(afterwards(tabulate));
        return { counters, described };
      });
      const compiled = await scope.all(
        passes.flatMap(({ described }) =>
          described.map(({ graph, bind }) => Plan.compile(device, graph, { bind, signal })),
        ),
      );
      const plans = passes.map(({ counters, described }): Pass => {
        const [counting, narrowing, tabulating] = compiled.splice(0, described.length);
        return { counting: counting!, narrowing: narrowing!, tabulating, counters };
      });
      return new Quantiles(options, positions, ranks, plans, state, scope);
    } catch (error) {
      scope.dispose();
      throw error;
    }
  }

  /** What this pass counts into. */
  get counters(): Counters {
    const name = COUNTED[this.#pass]!;
    return { [name]: this.#counters[name]! };
  }

  /** What it goes by, which the passes before it found. */
  get known(): Counters {
    if (this.#pass === 0) return {};
    const names = [...COUNTED.slice(0, this.#pass), "key", "rank", "row"];
    return Object.fromEntries(names.map((name) => [name, this.#counters[name]!]));
  }

  /** Goes on in this pass, before its counters are restored. */
  goOn(pass: number): void {
    this.#pass = pass;
  }

  /** Counts the batch the maps hold now. */
  add(): void {
    this.#plans[this.#pass]!.counting.run();
  }

  /** All batches of a pass were added. */
  async endPass(): Promise<void> {
    const { narrowing, counters, tabulating } = this.#plans[this.#pass]!;
    if (this.#counters[COUNTED[this.#pass]!]!.isMerged) return this.#endMerged();
    narrowing.run();
    this.#pass += 1;
    if (!tabulating) return;
    counters.clear();
    tabulating.run();
  }

  /** The same by what many machines counted, which may be more than 32 bits hold. */
  async #endMerged(): Promise<void> {
    const { key, rank, row } = this.#counters as Record<"key" | "rank" | "row", Counter>;
    const counted = this.#counters[COUNTED[this.#pass]!]!;
    const units = this.#stored;
    const isFirst = this.#pass === 0;
    const table = narrowed({
      counts: await counted.read(),
      units,
      rows: isFirst ? 1 : this.#ranks.length,
      bits: RADIX_BITS[this.#pass]!,
      key: await key.read(),
      rank: isFirst ? ranksOf(this.#ranks, units) : await rank.read(),
      row: await row.read(),
    });
    for (const name of ["key", "rank", "row"] as const) this.#counters[name]!.take(table[name]);
    counted.take(table.next);
    this.#pass += 1;
  }

  /**
   * After the last pass: the quantiles, [quantiles][channels], rounded to the activations'
   * precision.
   */
  async read(): Promise<Float32Array<ArrayBuffer>> {
    if (this.#pass !== this.passes) throw new Error(`${this.#pass} of ${this.passes} passes were made.`);
    const sorted = floats(await this.#state.key.read());
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
    this.#scope.dispose();
  }
}

/** Bytes that a selection of at most `targets` ranks keeps on the GPU for maps [n, h, w, units]. */
export function selectionBytes(shape: readonly number[], targets: number): number {
  const [high, middle, low] = RADIX_BITS;
  return 4 * shape.at(-1)! * (2 ** high + targets * (2 ** middle + 2 ** low));
}

/** A plan to be: its graph, and which tensors its values are. */
interface Described {
  readonly graph: Graph;
  readonly bind: readonly (readonly [Value, Tensor])[];
}

/** What a pass runs for every batch, and after the last one. */
interface Pass {
  readonly counting: Plan;
  readonly narrowing: Plan;
  /** What the next pass looks values up in; the last has none. */
  readonly tabulating: Plan | undefined;
  readonly counters: Tensor<"u32">;
}

/** What each pass counts into. */
const COUNTED = ["high", "middle", "low"] as const;

/** [targets, units] */
const ranksOf = (ranks: readonly number[], units: number): Float64Array<ArrayBuffer> =>
  Float64Array.from({ length: ranks.length * units }, (_, at) => ranks[Math.floor(at / units)]!);

/** The state of a selection on the GPU; see radix.wgsl and narrow.wgsl. */
type Selection = Readonly<Record<"high" | "middle" | "low" | "key" | "rank" | "row", Tensor<"u32">>>;

/** The floats whose ordered keys (see radix.wgsl) these are. */
function floats(keys: Uint32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const bits = keys.map((key) => (key & 0x80000000 ? key & 0x7fffffff : ~key));
  return new Float32Array(bits.buffer);
}
