import { checkSamples } from "../dissect/options.ts";
import { ShapeError, UsageError } from "../errors.ts";
import type { Generator } from "../models/generator.ts";
import { padded } from "../runtime/graph.ts";

// Tests: test/causality/experiment.test.ts

/** Those of an experiment's options that say what its images are. */
interface Options {
  readonly size?: number;
  readonly seed?: number;
  readonly rows?: Float32Array;
  readonly from?: string;
}

/** What images are made of. */
export interface ExperimentImages {
  readonly size: number;
  readonly rows: Float32Array;
  /** Numbers of one. */
  readonly row: number;
}

/** @throws UsageError for features behind the first edited layer; ShapeError for no whole rows. */
export function experimentImages(generator: Generator, first: string, options: Options): ExperimentImages {
  const { size = 200, seed = 3, rows, from } = options;
  const pixels = generator.height * generator.width;
  if (!rows) {
    if (from !== undefined) {
      throw new UsageError(`Images from "${from}" on are made of its features.`, "Give them as `rows`.");
    }
    checkSamples(size, seed, pixels);
    return { size, rows: generator.sample({ size, seed }), row: generator.rowSize };
  }
  let row = generator.rowSize;
  if (from !== undefined) {
    const order = generator.layers.map(({ name }) => name);
    const { height, width, channels } = generator.layer(from);
    if (order.indexOf(first) < order.indexOf(from)) {
      throw new UsageError(
        `The images are made of features of ${from}, which no edit of ${first} reaches: it comes before.`,
        `Edit ${from} or a layer behind it, or give what ${first} is made of.`,
      );
    }
    row = height * width * padded(channels);
  }
  if (rows.length === 0 || rows.length % row !== 0) {
    throw new ShapeError(`Rows of ${rows.length} numbers are no whole number of ${row}.`, "Give whole rows.");
  }
  checkSamples(rows.length / row, seed, pixels);
  return { size: rows.length / row, rows, row };
}
