// Tests: test/causality/unit-importance.test.ts

import { defaultBatch } from "../dissect/options.ts";
import { classifierViewer, type Photographs, photographed } from "../dissect/photographed.ts";
import type { Batches } from "../dissect/subject.ts";
import { classify } from "../kernels/readout/classify.ts";
import { withFittingBatch } from "../models/batch-size.ts";
import type { Classifier } from "../models/classifier.ts";
import type { ClassifierPlan } from "../models/classifier-plan.ts";
import { Weights } from "../models/weights.ts";
import { Graph } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import { Scope } from "../runtime/scope.ts";
import { Tensor } from "../runtime/tensor.ts";
import { InFlight } from "./in-flight.ts";
import { digest, type Measurements } from "./measurements.ts";

/** Sets of units that are off in turn before what came of them is read, and kept. */
const GROUP = 32;

export interface ClassPredictionsOptions {
  readonly layer: string;
  readonly batch?: number | undefined;
  readonly finished?: Measurements | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** From features at the layer to the class of the largest logit; the first of equals. */
interface Tail extends Pick<ClassifierPlan, "batch" | "run" | "setEdits"> {
  readonly logits: Tensor<"f32">;
  /** [batch, 1, 1, 1], after a run. */
  readonly best: Tensor<"u32">;
}

/**
 * The classes that a classifier takes photographs for while units of a layer are off: what lies
 * before the layer runs once a photograph, the rest once for every set of units.
 */
export class ClassPredictions {
  readonly #options: ClassPredictionsOptions;
  readonly #source: Batches;
  readonly #tail: Tail;
  /** [sets, batch] */
  readonly #rows: Tensor<"u32">;
  readonly #scope: Scope;

  private constructor(
    options: ClassPredictionsOptions,
    parts: { readonly source: Batches; readonly tail: Tail; readonly rows: Tensor<"u32"> },
    scope: Scope,
  ) {
    this.#options = options;
    this.#source = parts.source;
    this.#tail = parts.tail;
    this.#rows = parts.rows;
    this.#scope = scope;
  }

  static async create(
    classifier: Classifier,
    photographs: Photographs,
    options: ClassPredictionsOptions,
  ): Promise<ClassPredictions> {
    const { device } = classifier;
    const { layer, signal } = options;
    const { count: size } = photographs;
    const subject = photographed(classifierViewer(classifier), photographs);
    const asked = Math.min(size, options.batch ?? defaultBatch(subject, { reads: "image" }));
    return withFittingBatch(device, asked, async (batch) => {
      const scope = new Scope();
      try {
        const of = { set: "whole", size, seed: 0, bytes: false, raw: false } as const;
        const source = scope.own(await subject.open({ ...of, batch, layers: [layer], signal }));
        const { layers } = await source.bring(0, 1, false);
        const tail = await tailOf(classifier, { ...options, batch }, layers.get(layer)!, scope);
        const rows = scope.own(Tensor.create(device, "predictions", [GROUP, batch], "u32"));
        return new ClassPredictions(options, { source, tail, rows }, scope);
      } catch (error) {
        scope.dispose();
        throw error;
      }
    });
  }

  /** Batches that photographs `first` … `end − 1` come in. */
  batches(first: number, end: number): number {
    return Math.ceil((end - first) / this.#tail.batch);
  }

  /**
   * The classes [sets][end − first] that photographs `first` … `end − 1` are taken for, with each
   * set of units off. Yields how many sets of a batch are done, which is not many at once.
   */
  async *of(
    sets: readonly (readonly number[])[],
    first: number,
    end: number,
  ): AsyncGenerator<number, Uint32Array[], undefined> {
    const { layer, finished, signal } = this.#options;
    const result = sets.map(() => new Uint32Array(end - first));
    for (let start = first; start < end; start += this.#tail.batch) {
      signal?.throwIfAborted();
      const count = Math.min(this.#tail.batch, end - start);
      await this.#source.bring(start, count, false);
      const fingerprint = finished && (await this.#fingerprint(count));
      for (let at = 0; at < sets.length; at += GROUP) {
        signal?.throwIfAborted();
        const group = sets.slice(at, at + GROUP);
        const key = fingerprint && (await digest([fingerprint, "predictions", layer, group]));
        const known = key ? await finished!.get(key) : undefined;
        const classes = known ?? (await this.#run(group, count));
        if (key && !known) await finished!.set(key, classes);
        group.forEach((_, i) => {
          result[at + i]!.set(classes.slice(i * count, (i + 1) * count), start - first);
        });
        yield group.length;
      }
    }
    return result;
  }

  /** Of the batch's features: the logits of unedited photographs stand for weights and adapter. */
  async #fingerprint(count: number): Promise<string> {
    this.#tail.setEdits([]);
    this.#tail.run();
    const { logits, batch } = this.#tail;
    return digest([count, await logits.read((count * logits.bytes) / 4 / batch)]);
  }

  /** The classes [sets, count] of the batch that was brought. */
  async #run(sets: readonly (readonly number[])[], count: number): Promise<readonly number[]> {
    const { batch, best } = this.#tail;
    const inFlight = new InFlight(this.#rows.device);
    for (const [row, units] of sets.entries()) {
      this.#tail.setEdits(units.length === 0 ? [] : [{ layer: this.#options.layer, units }]);
      this.#tail.run();
      best.copyTo(this.#rows, best.bytes, 0, row * best.bytes);
      await inFlight.submitted();
    }
    await inFlight.end();
    const all = await this.#rows.read(sets.length * batch);
    return sets.flatMap((_, row) => [...all.subarray(row * batch, row * batch + count)]);
  }

  dispose(): void {
    this.#scope.dispose();
  }
}

async function tailOf(
  classifier: Classifier,
  { layer, batch, signal }: ClassPredictionsOptions & { readonly batch: number },
  input: Tensor<"f32">,
  scope: Scope,
): Promise<Tail> {
  const { device, classes } = classifier;
  const plan = scope.own(await classifier.compile({ batch, from: layer, editable: [layer], input, signal }));
  const logits = plan.logits!;
  const graph = new Graph(device.target);
  const read = graph.map("logits", batch, 1, 1, classes.length);
  const best = graph.value("best", [batch, 1, 1, 1], "u32");
  const names = [...classes.keys()];
  classify(graph, read, best, { map: 0, ranges: [{ first: 0, count: names.length }], names });
  const tables = await scope.own(new Weights(device, new Map())).bind(graph, { signal });
  const chosen = scope.own(
    await Plan.compile(device, graph, { keep: [best], bind: [[read, logits], ...tables], signal }),
  );
  return {
    batch,
    logits,
    best: chosen.tensor(best),
    setEdits: (edits) => plan.setEdits(edits),
    run() {
      plan.run();
      chosen.run();
    },
  };
}
