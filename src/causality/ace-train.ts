import { adam } from "../kernels/edit/causality.ts";
import type { Generator } from "../models/generator.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { elements, Graph, padded } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import { Scope } from "../runtime/scope.ts";
import { Tensor } from "../runtime/tensor.ts";
import { permutation } from "../weights/permutation.ts";
import { RandomState } from "../weights/random.ts";
import { type AceSettings, PAIRS_A_STEP } from "./ace-options.ts";
import { Batches, effects, type Pair } from "./ace-pairs.ts";
import { type AceCorpus, type Progress, padded4 } from "./ace-search.ts";
import { InFlight } from "./in-flight.ts";
import { cellReach, DifferentiableResponse, Response } from "./response.ts";

/** What α does to the pairs that it did not learn from (spec §4.2). */
export interface AceEvaluation {
  /**
   * Mean over the pairs of what is left after erasing minus what is there after inserting, and λ
   * Σα²: what is minimised.
   */
  readonly loss: number;
  /** Mean score of the concept in the cells where it was erased. */
  readonly erase: number;
  /** Mean score of it in the cells where it was inserted. */
  readonly add: number;
  /** λ Σα². */
  readonly regularizer: number;
  /**
   * As `loss` without the regulariser, of labels instead of scores, for the twenty highest units
   * with α = 1.
   */
  readonly both20: number;
  /**
   * Pixels of the concept left in an image, in the mean, with the ten highest units ablated
   * everywhere by their α.
   */
  readonly left10: number;
  /** The same with the twenty highest. */
  readonly left20: number;
}

/** α after an epoch; −1 is before the first. Enough to go on from, to the same bits. */
export interface AceSnapshot {
  /** From 0; −1 is before the first. */
  readonly epoch: number;
  /** How much of each unit is erased or inserted, [units] in [0, 1]. */
  readonly alpha: Float32Array;
  /** `[units, 4]`: Adam's moments, and 1 − βᵗ. */
  readonly moments: Float32Array;
  /** Mean loss of the epoch's pairs, without the regulariser. */
  readonly trained: number;
  /** What α does to pairs that it did not learn from. */
  readonly evaluation: AceEvaluation;
}

/** Units by α, highest first; of equals, those with the higher initial score. */
export function orderOf(alpha: ArrayLike<number>, initial: ArrayLike<number>): number[] {
  const units = Array.from({ length: alpha.length }, (_, unit) => unit);
  return units.sort((a, b) => alpha[b]! - alpha[a]! || initial[b]! - initial[a]! || a - b);
}

/** α with only the `count` highest units, as they are or as 1. */
function highest(alpha: Float32Array, initial: Float32Array, count: number, full: boolean): Float32Array {
  const kept = new Float32Array(alpha.length);
  for (const unit of orderOf(alpha, initial).slice(0, count)) kept[unit] = full ? 1 : alpha[unit]!;
  return kept;
}

/**
 * Learns α by Adam on the erased and inserted concept's score (Bau et al. 2019, §3.2, eq. 4–6; spec
 * §4.2), one epoch after the other, each evaluated. The insertion's effect is read where it was
 * inserted (spec §13, erratum 1).
 */
export class AceTrainer {
  readonly #scope = new Scope();
  readonly #settings: AceSettings;
  readonly #corpus: AceCorpus;
  readonly #generator: Generator;
  readonly #perImage: number;
  readonly #batches: Batches;
  readonly #response: DifferentiableResponse;
  readonly #scores: Response;
  readonly #labels: Response;
  readonly #adam: Plan;
  /** [gradients of a step, units], [units, 4], [units] */
  readonly #gradients: Tensor<"f32">;
  readonly #moments: Tensor<"f32">;
  readonly #alpha: Tensor<"f32">;

  private constructor(
    generator: Generator,
    corpus: AceCorpus,
    settings: AceSettings,
    parts: {
      readonly batches: Batches;
      readonly response: DifferentiableResponse;
      readonly scores: Response;
      readonly labels: Response;
      readonly adam: Plan;
      readonly tensors: readonly Tensor<"f32">[];
    },
  ) {
    const { height, width } = generator.layer(settings.layer);
    this.#settings = settings;
    this.#corpus = corpus;
    this.#generator = generator;
    this.#perImage = height * width;
    this.#batches = parts.batches;
    this.#response = parts.response;
    this.#scores = parts.scores;
    this.#labels = parts.labels;
    this.#adam = parts.adam;
    [this.#gradients, this.#moments, this.#alpha] = parts.tensors as [Tensor<"f32">, Tensor<"f32">, Tensor<"f32">];
  }

  static async create(
    generator: Generator,
    segmenter: Segmenter,
    corpus: AceCorpus,
    settings: AceSettings,
  ): Promise<AceTrainer> {
    const { layer, grid, batch, signal, rate, lambda } = settings;
    const { device } = generator;
    const scope = new Scope();
    try {
      const plan = scope.own(await generator.compile({ batch, retain: [layer], until: layer, signal }));
      const inputs = plan.behind(layer);
      const common = { ...settings, generator, segmenter, inputs, extent: grid, edits: 2 };
      const rows = (pairs: number) => batch * Math.ceil(pairs / (batch / 2));
      const response = scope.own(await DifferentiableResponse.create({ ...common, rows: rows(corpus.trainSize) }));
      const evaluated = { ...common, rows: rows(corpus.evalSize) };
      const scores = scope.own(await Response.create({ ...evaluated, of: "score" }));
      const labels = scope.own(await Response.create({ ...evaluated, of: "mask" }));

      const stored = padded(generator.layer(layer).channels);
      const graph = new Graph(device.target);
      const values = {
        // Two edits, erasing and inserting, a run.
        gradient: graph.value("gradient", [(2 * PAIRS_A_STEP) / (batch / 2), stored]),
        moments: graph.value("moments", [stored, 4]),
        alpha: graph.value("alpha", [stored]),
      };
      adam(graph, values, { rate, decay: 2 * lambda * PAIRS_A_STEP });
      const own = Object.values(values).map((value) =>
        scope.own(Tensor.create(device, value.label, value.shape, "f32")),
      );
      const bind = Object.values(values).map((value, index) => [value, own[index]!] as const);
      const step = scope.own(await Plan.compile(device, graph, { bind, signal }));
      for (const each of [response, scores, labels]) each.value.write(valuesOf(corpus.feature));
      const batches = new Batches(generator, plan, settings);
      const trainer = new AceTrainer(generator, corpus, settings, {
        batches,
        response,
        scores,
        labels,
        adam: step,
        tensors: own,
      });
      trainer.#scope.own(scope);
      return trainer;
    } catch (error) {
      scope.dispose();
      throw error;
    }
  }

  /** Sets what the next epoch starts from. */
  start({ alpha, moments }: Pick<AceSnapshot, "alpha" | "moments">): void {
    this.#alpha.write(padded4(alpha));
    const stored = new Float32Array(this.#moments.bytes / 4);
    stored.set(moments);
    this.#moments.write(stored);
  }

  /** α before the first epoch. */
  get initial(): Pick<AceSnapshot, "alpha" | "moments"> {
    const { initial } = this.#settings;
    const most = initial.reduce((a, b) => Math.max(a, b), 0);
    return { alpha: initial.map((score) => Math.max(0, score / most)), moments: new Float32Array(4 * initial.length) };
  }

  /** Learns from every pair once; their mean loss without the regulariser. */
  async *epoch(epoch: number): AsyncGenerator<Progress, number> {
    const { trainSize } = this.#corpus;
    const { device } = this.#generator;
    const pairs = this.#shuffled(epoch);
    const { pairs: size } = this.#batches;
    const bytes = this.#response.gradient.bytes;
    const inFlight = new InFlight(device);
    for (let first = 0; first < trainSize; first += size) {
      this.#settings.signal?.throwIfAborted();
      if (first % PAIRS_A_STEP === 0) this.#share();
      const taken = pairs.slice(first, first + size);
      this.#response.mask.write(this.#batches.load(taken));
      this.#response.weights.write(this.#weights(taken));
      this.#response.run(2 * first);
      const part = (first % PAIRS_A_STEP) / size;
      this.#response.gradient.copyTo(this.#gradients, bytes, 0, part * bytes);
      if (first % PAIRS_A_STEP === PAIRS_A_STEP - size) this.#adam.run();
      await inFlight.submitted();
      yield { type: "progress", phase: "optimise", done: first + size, total: trainSize };
    }
    await inFlight.end();
    const { erase, add } = effects(await this.#response.cells.read(), pairs, size, this.#perImage);
    return erase - add;
  }

  /** α and Adam's state as they are now. */
  async state(): Promise<Pick<AceSnapshot, "alpha" | "moments">> {
    const { channels } = this.#generator.layer(this.#settings.layer);
    const [alpha, moments] = await Promise.all([this.#alpha.read(channels), this.#moments.read(4 * channels)]);
    return { alpha, moments };
  }

  /** What α does to the pairs kept for it. */
  async *evaluate(alpha: Float32Array): AsyncGenerator<Progress, AceEvaluation> {
    const { evalSize } = this.#corpus;
    const { initial, lambda, grid } = this.#settings;
    const pairs = this.#pairs(this.#corpus.trainSize, evalSize);
    const everywhere = (mask: Float32Array) =>
      mask.map((_, at) => (Math.floor(at / this.#perImage) % 2 === 0 ? 1 : 0)) as Float32Array<ArrayBuffer>;
    const total = 4 * evalSize;
    const runs: { readonly response: Response; readonly alpha: Float32Array; readonly everywhere: boolean }[] = [
      { response: this.#scores, alpha, everywhere: false },
      { response: this.#labels, alpha: highest(alpha, initial, 20, true), everywhere: false },
      { response: this.#labels, alpha: highest(alpha, initial, 10, false), everywhere: true },
      { response: this.#labels, alpha: highest(alpha, initial, 20, false), everywhere: true },
    ];
    const inFlight = new InFlight(this.#generator.device);
    const found: { erase: number; add: number; left: number }[] = [];
    for (const [index, run] of runs.entries()) {
      const { response } = run;
      response.alpha.write(valuesTwice(run.alpha));
      for (let first = 0; first < evalSize; first += this.#batches.pairs) {
        this.#settings.signal?.throwIfAborted();
        const mask = this.#batches.load(pairs.slice(first, first + this.#batches.pairs));
        response.mask.write(run.everywhere ? everywhere(mask) : mask);
        response.run(2 * first);
        await inFlight.submitted();
        yield {
          type: "progress",
          phase: "evaluate",
          done: index * evalSize + Math.min(evalSize, first + this.#batches.pairs),
          total,
        };
      }
      const [cells, totals] = await Promise.all([response.cells.read(), response.totals.read()]);
      const { erase, add } = effects(cells, pairs, this.#batches.pairs, this.#perImage);
      const left = pairs.reduce((sum, _, pair) => sum + totals[this.#rowOf(pair)]!, 0) * elements(grid);
      found.push({ erase, add, left: left / evalSize });
    }
    const [soft, hard, ten, twenty] = found as [
      (typeof found)[0],
      (typeof found)[0],
      (typeof found)[0],
      (typeof found)[0],
    ];
    const regularizer = lambda * alpha.reduce((sum, a) => sum + a * a, 0);
    return {
      loss: soft.erase - soft.add + regularizer,
      erase: soft.erase,
      add: soft.add,
      regularizer,
      both20: hard.erase - hard.add,
      left10: ten.left,
      left20: twenty.left,
    };
  }

  dispose(): void {
    this.#scope.dispose();
  }

  #rowOf(pair: number): number {
    const { pairs } = this.#batches;
    return 2 * pairs * Math.floor(pair / pairs) + (pair % pairs);
  }

  #pairs(first: number, count: number): Pair[] {
    const { present, candidates } = this.#corpus;
    return present
      .slice(first, first + count)
      .map((place, index) => ({ present: place, candidate: candidates[first + index]! }));
  }

  /** The pairs to learn from, both halves in an order of the epoch's own. */
  #shuffled(epoch: number): Pair[] {
    const { trainSize, present, candidates } = this.#corpus;
    const { seed, epochs } = this.#settings;
    const random = new RandomState((seed * epochs + epoch) % 2 ** 32);
    const [first, second] = [permutation(random, trainSize), permutation(random, trainSize)];
    return Array.from(first, (image, index) => ({ present: present[image]!, candidate: candidates[second[index]!]! }));
  }

  /**
   * What each pixel's score counts for: the mean of the cell that is erased, minus that of the one
   * inserted at.
   */
  #weights(pairs: readonly Pair[]): Float32Array<ArrayBuffer> {
    const { grid, layer } = this.#settings;
    const [rows, columns] = grid;
    const reach = cellReach(this.#generator, grid);
    const { height, width } = this.#generator.layer(layer);
    const weights = new Float32Array(2 * this.#batches.pairs * rows * columns);
    const count = (image: number, cell: number, sign: number): void => {
      const [row, column] = [Math.floor(cell / width), cell % width];
      const [top, bottom] = [Math.floor((row * reach[0]) / height), Math.ceil(((row + 1) * reach[0]) / height)];
      const [left, right] = [Math.floor((column * reach[1]) / width), Math.ceil(((column + 1) * reach[1]) / width)];
      const weight = sign / ((bottom - top) * (right - left));
      for (let y = top; y < Math.min(bottom, rows); y += 1) {
        const start = (image * rows + y) * columns;
        weights.fill(weight, start + left, start + Math.min(right, columns));
      }
    };
    pairs.forEach(({ present, candidate }, i) => {
      count(i, present.cell, 1);
      count(this.#batches.pairs + i, candidate.cell, -1);
    });
    return weights;
  }

  /** Gives both edits α as it is now. */
  #share(): void {
    const { bytes } = this.#alpha;
    for (const edit of [0, 1]) this.#alpha.copyTo(this.#response.alpha, bytes, 0, edit * bytes);
  }
}

/** Values [2, units]: erased becomes 0, inserted the concept's mean features. */
function valuesOf(feature: Float32Array): Float32Array<ArrayBuffer> {
  const stored = padded(feature.length);
  const values = new Float32Array(2 * stored);
  values.set(feature, stored);
  return values;
}

/** α [2, units] of both edits. */
function valuesTwice(alpha: Float32Array): Float32Array<ArrayBuffer> {
  const values = valuesOf(alpha);
  values.set(alpha, 0);
  return values;
}
