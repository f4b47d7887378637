import { Kept } from "../dissect/kept.ts";
import { defaultBatch } from "../dissect/options.ts";
import { classifierViewer, type Photographs, photographed } from "../dissect/photographed.ts";
import type { Batches } from "../dissect/subject.ts";
import { UsageError } from "../errors.ts";
import { withFittingBatch } from "../models/batch-size.ts";
import type { Classifier } from "../models/classifier.ts";
import type { ClassifierPlan } from "../models/classifier-plan.ts";
import { type Edit, type EditableLayer, editable } from "../models/edits.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { Scope } from "../runtime/scope.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { type ClassScore, scoresOf } from "./class-scores.ts";
import { digest, type Measurements, once } from "./measurements.ts";

/** What a `ClassExperiment` tries edits on, and what it may hold. */
export interface ClassExperimentOptions {
  /** Layers that will be edited; the classifier runs anew only from the first of them on. */
  readonly editable: readonly (string | EditableLayer)[];
  /** The class of each photograph, its place among the classifier's, where that is known. */
  readonly truth?: ArrayLike<number>;
  /** Photographs at a time; chosen for the adapter unless given. Results do not depend on it. */
  readonly batch?: number;
  /**
   * Bytes of features that may stay on the GPU; what does not fit is made again for every edit. 512
   * MiB unless given.
   */
  readonly memory?: number;
  /** A cache of measurements: what it has is not measured again, what is measured it is given. */
  readonly finished?: Measurements;
  /** So many photographs more have been classified. */
  readonly onPhotographs?: (photographs: number) => void;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<ClassExperimentOptions> = {
  editable: "list",
  truth: true,
  batch: true,
  memory: true,
  finished: true,
  onPhotographs: true,
  signal: true,
};

/** What becomes of the photographs of one class. */
export interface ClassOutcome extends ClassScore {
  /** How many photographs it has. */
  readonly photographs: number;
  /** Mean probability, by the softmax, with which its photographs are taken for it. */
  readonly probability: number;
}

/** What a classifier says of all photographs, with edits or without. */
export interface ClassEffect {
  /** `[photographs]`: the class of the largest logit, the first of equals. */
  readonly taken: Uint32Array;
  /** `[classes]`: mean probability of each class, by the softmax, over all photographs. */
  readonly probabilities: Float64Array;
  /** The part of the photographs that are taken for their own class; with `truth`. */
  readonly accuracy?: number;
  /** Of every class that has photographs, by its number; with `truth`. */
  readonly classes?: ReadonlyMap<number, ClassOutcome>;
}

/**
 * Photographs on which edits of a classifier's layers are tried, as `Experiment` tries those of a
 * generator's: their features at the first edited layer are at hand, and what every edit makes of
 * them are classes and probabilities. (Bau et al., PNAS 2020, §1.3, turn off units of a classifier
 * and look at each class's accuracy.)
 */
export class ClassExperiment {
  /** Whose layers are edited; it is not disposed with the experiment. */
  readonly classifier: Classifier;
  /** How many photographs there are. */
  readonly size: number;
  /** The first edited layer: the one whose features are at hand. */
  readonly layer: string;
  /** What is said of the photographs without any edit. */
  readonly before: ClassEffect;
  readonly #options: ClassExperimentOptions;
  readonly #stages: Stages;
  /** A digest of what all measurements of this experiment depend on. */
  readonly #fingerprint: string;
  /** Settles when all turns that were asked for so far are over. */
  #turns: Promise<unknown> = Promise.resolve();

  private constructor(
    options: ClassExperimentOptions,
    stages: Stages,
    { fingerprint, before }: { readonly fingerprint: string; readonly before: ClassEffect },
  ) {
    this.classifier = stages.classifier;
    this.size = stages.size;
    this.layer = stages.layer;
    this.before = before;
    this.#options = options;
    this.#stages = stages;
    this.#fingerprint = fingerprint;
  }

  /**
   * @throws UsageError for options that make no sense, and no photographs; what compiling and
   *   reading photographs throw; the signal's reason.
   */
  static async create(
    classifier: Classifier,
    photographs: Photographs,
    options: ClassExperimentOptions,
  ): Promise<ClassExperiment> {
    checkNames("ClassExperiment.create", options, NAMES);
    checkTruth(classifier, photographs, options.truth);
    const stages = await Stages.create(classifier, photographs, options);
    try {
      const before = await stages.measure([], options);
      // What is said of the photographs stands for them, the weights and the adapter; how each
      // layer can be edited it cannot show.
      const how = [...editable(options.editable)].map(([layer, { edits = 1, copies = false, rule = null }]) => {
        return [layer, edits, copies, rule];
      });
      const fingerprint = await digest(["classes", classifier.name, how, before]);
      return new ClassExperiment(options, stages, {
        fingerprint,
        before: effectOf(classifier, stages.size, options.truth, before),
      });
    } catch (error) {
      stages.dispose();
      throw error;
    }
  }

  /**
   * What the classifier says of the photographs with these edits; those of one layer are composed
   * in their order. Units are off by `{ layer, units }` alone.
   *
   * @throws UsageError for edits that make no sense; the signal's reason.
   */
  classes(edits: readonly Edit[]): Promise<ClassEffect> {
    const { finished, truth } = this.#options;
    const result = this.#turns.then(() =>
      once(finished, [this.#fingerprint, ...edits], () => this.#stages.measure(edits, this.#options)),
    );
    this.#turns = result.catch(() => {}); // whoever asked for it gets the rejection
    return result.then((numbers) => effectOf(this.classifier, this.size, truth, numbers));
  }

  /** Frees its memory on the device; the classifier stays. */
  dispose(): void {
    this.#stages.dispose();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** From photographs to logits: the classifier up to the edited layer, and the rest of it. */
class Stages {
  readonly classifier: Classifier;
  readonly size: number;
  readonly layer: string;
  readonly #source: Batches;
  readonly #tail: ClassifierPlan;
  readonly #kept: Kept;
  readonly #scope: Scope;

  private constructor(
    of: { readonly classifier: Classifier; readonly size: number; readonly layer: string },
    parts: { readonly source: Batches; readonly tail: ClassifierPlan; readonly kept: Kept },
    scope: Scope,
  ) {
    this.classifier = of.classifier;
    this.size = of.size;
    this.layer = of.layer;
    this.#source = parts.source;
    this.#tail = parts.tail;
    this.#kept = parts.kept;
    this.#scope = scope;
  }

  static async create(
    classifier: Classifier,
    photographs: Photographs,
    { editable: layers, batch: most, memory = 512 * 2 ** 20, signal }: ClassExperimentOptions,
  ): Promise<Stages> {
    const layer = firstLayer(classifier, layers);
    const size = photographs.count;
    const subject = photographed(classifierViewer(classifier), photographs);
    const asked = Math.min(size, most ?? defaultBatch(subject, { reads: "image" }));
    return withFittingBatch(classifier.device, asked, async (batch) => {
      const scope = new Scope();
      try {
        const of = { set: "whole", size, seed: 0, bytes: false, raw: false } as const;
        const source = scope.own(await subject.open({ ...of, batch, layers: [layer], signal }));
        // Which tensor the features come in is known when some have come.
        const features: Tensor<"f32"> = (await source.bring(0, 1, false)).layers.get(layer)!;
        const tail = scope.own(
          await classifier.compile({ batch, from: layer, editable: layers, input: features, signal }),
        );
        const kept = scope.own(new Kept(classifier.device, [features], undefined, Math.ceil(size / batch), memory));
        return new Stages({ classifier, size, layer }, { source, tail, kept }, scope);
      } catch (error) {
        scope.dispose();
        throw error;
      }
    });
  }

  /**
   * Of all photographs: the classes that they are taken for, the probabilities of their own where
   * these are known, and sums of every class's probabilities.
   */
  async measure(
    edits: readonly Edit[],
    { truth, signal, onPhotographs }: ClassExperimentOptions,
  ): Promise<readonly number[]> {
    const { batch, logits } = this.#tail;
    const count = this.classifier.classes.length;
    const row = logits!.bytes / 4 / batch;
    const taken: number[] = [];
    const own: number[] = [];
    const sums = new Float64Array(count);
    this.#tail.setEdits(edits);
    for (let first = 0; first < this.size; first += batch) {
      signal?.throwIfAborted();
      const here = Math.min(batch, this.size - first);
      if (!this.#kept.restoreFeatures(first / batch)) {
        await this.#source.bring(first, here, false);
        await this.#kept.keepFeatures(first / batch);
      }
      this.#tail.run();
      const numbers = await logits!.read(here * row);
      for (let i = 0; i < here; i += 1) {
        const { best, probabilities } = softmax(numbers.subarray(i * row, i * row + count));
        taken.push(best);
        if (truth) own.push(probabilities[truth[first + i]!]!);
        for (let of = 0; of < count; of += 1) sums[of]! += probabilities[of]!;
      }
      onPhotographs?.(here);
    }
    return [...taken, ...own, ...sums];
  }

  dispose(): void {
    this.#scope.dispose();
  }
}

/** In double precision, less the largest logit, so that nothing overflows. */
function softmax(logits: Float32Array): { readonly best: number; readonly probabilities: Float64Array } {
  let best = 0;
  for (let of = 1; of < logits.length; of += 1) if (logits[of]! > logits[best]!) best = of;
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - logits[best]!));
  const sum = powers.reduce((all, power) => all + power, 0);
  return { best, probabilities: powers.map((power) => power / sum) };
}

/** What numbers of `measure` say. */
function effectOf(
  { classes }: Classifier,
  size: number,
  truth: ArrayLike<number> | undefined,
  numbers: readonly number[],
): ClassEffect {
  const taken = Uint32Array.from(numbers.slice(0, size));
  const probabilities = Float64Array.from(numbers.slice(-classes.length), (sum) => sum / size);
  if (!truth) return { taken, probabilities };
  const sums = new Map<number, { photographs: number; probability: number }>();
  for (let i = 0; i < size; i += 1) {
    const { photographs, probability } = sums.get(truth[i]!) ?? { photographs: 0, probability: 0 };
    sums.set(truth[i]!, { photographs: photographs + 1, probability: probability + numbers[size + i]! });
  }
  const scores = scoresOf(truth, taken);
  const outcomes = Array.from(scores, ([name, score]) => {
    const { photographs, probability } = sums.get(name)!;
    return [name, { ...score, photographs, probability: probability / photographs }] as const;
  });
  const right = taken.reduce((hits, of, i) => hits + Number(of === truth[i]), 0);
  return { taken, probabilities, accuracy: right / size, classes: new Map(outcomes.sort(([a], [b]) => a - b)) };
}

/** The one of these layers that comes first. */
function firstLayer(classifier: Classifier, layers: ClassExperimentOptions["editable"]): string {
  const names = layers.map((entry) => classifier.layer(typeof entry === "string" ? entry : entry.layer).name);
  const first = classifier.layers.find(({ name }) => names.includes(name));
  if (first) return first.name;
  throw new UsageError("There is no layer to edit.", "Name at least one in `editable`.");
}

/** @throws UsageError for no photographs, and classes that are not theirs or that there are not. */
function checkTruth({ name, classes }: Classifier, { count }: Photographs, truth: ArrayLike<number> | undefined): void {
  if (!(count > 0)) throw new UsageError("There are no photographs.", "Give some.");
  if (!truth) return;
  if (truth.length !== count) {
    throw new UsageError(`There are ${count} photographs and ${truth.length} classes.`, "Give each its class.");
  }
  const wrong = Array.prototype.find.call(
    truth,
    (of: number) => !(Number.isInteger(of) && of >= 0 && of < classes.length),
  );
  if (wrong === undefined) return;
  throw new UsageError(`${name} has no class ${wrong}.`, `Its classes are 0…${classes.length - 1}.`);
}
