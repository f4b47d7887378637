import type { Generator } from "../models/generator.ts";
import type { GeneratorPlan } from "../models/generator-plan.ts";
import type { AceSettings } from "./ace-options.ts";
import type { Place } from "./ace-search.ts";

/** An image that shows the concept at a cell, and one that does not, with the cell to insert at. */
export interface Pair {
  readonly present: Place;
  readonly candidate: Place;
}

/**
 * Images of pairs as a layer's features: the present ones of a batch first, then as many
 * candidates.
 */
export class Batches {
  readonly pairs: number;
  readonly features: GeneratorPlan;
  readonly #generator: Generator;
  readonly #rows: readonly [present: Float32Array, candidates: Float32Array];
  readonly #cells: number;

  constructor(generator: Generator, features: GeneratorPlan, settings: AceSettings) {
    const { searchSize: size, presentSeed, candidateSeed } = settings;
    const { height, width } = generator.layer(settings.layer);
    this.#generator = generator;
    this.features = features;
    this.pairs = features.batch / 2;
    this.#cells = height * width;
    this.#rows = [generator.sample({ size, seed: presentSeed }), generator.sample({ size, seed: candidateSeed })];
  }

  /**
   * Computes the features of up to `pairs` pairs, and where erasing and inserting happens: masks [2
   * pairs, 2 edits, h, w].
   */
  load(pairs: readonly Pair[]): Float32Array<ArrayBuffer> {
    const { rowSize } = this.#generator;
    const rows = new Float32Array(2 * this.pairs * rowSize);
    const mask = new Float32Array(2 * this.pairs * 2 * this.#cells);
    pairs.forEach(({ present, candidate }, i) => {
      const [from, to] = this.#rows;
      rows.set(from.subarray(present.image * rowSize, (present.image + 1) * rowSize), i * rowSize);
      rows.set(to.subarray(candidate.image * rowSize, (candidate.image + 1) * rowSize), (this.pairs + i) * rowSize);
      mask[i * 2 * this.#cells + present.cell] = 1;
      mask[((this.pairs + i) * 2 + 1) * this.#cells + candidate.cell] = 1;
    });
    this.features.run(rows);
    return mask;
  }
}

/**
 * What a pair's cells show: of the present image after erasing, of the candidate after inserting.
 */
export function effects(cells: Float32Array, pairs: readonly Pair[], batch: number, perImage: number) {
  let [erase, add] = [0, 0];
  pairs.forEach(({ present, candidate }, index) => {
    const row = 2 * batch * Math.floor(index / batch) + (index % batch);
    erase += cells[row * perImage + present.cell]!;
    add += cells[(row + batch) * perImage + candidate.cell]!;
  });
  return { erase: erase / pairs.length, add: add / pairs.length };
}
