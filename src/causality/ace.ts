import { UsageError } from "../errors.ts";
import { smallerBatch } from "../models/batch-size.ts";
import type { Generator } from "../models/generator.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { type AceOptions, type AceSettings, dividesStep, settleAce } from "./ace-options.ts";
import { type AceCorpus, type AcePresent, type Progress, searchCorpus } from "./ace-search.ts";
import { type AceSnapshot, AceTrainer, orderOf } from "./ace-train.ts";

export type { AceOptions } from "./ace-options.ts";
export type { AceCorpus, AcePresent, Place } from "./ace-search.ts";
export type { AceEvaluation, AceSnapshot } from "./ace-train.ts";

/** What earlier events of the same settings told, to go on from. */
export interface AceResume {
  /** Of a "present" event. */
  readonly present?: AcePresent | undefined;
  /** Of a "corpus" event. */
  readonly corpus?: AceCorpus | undefined;
  /** Of all "epoch" events, in their order. */
  readonly snapshots?: readonly AceSnapshot[];
}

/** The units that cause a concept. */
export interface AceResult {
  /** What it learned from. */
  readonly corpus: AceCorpus;
  /** How much of each unit is to be erased or inserted, [units] in [0, 1]. */
  readonly snapshots: readonly AceSnapshot[];
  /** [units] in [0, 1]: how much of each unit is to be erased or inserted. */
  readonly alpha: Float32Array;
  /** Units by α, highest first; of equals, those with the higher initial score. */
  readonly order: readonly number[];
}

/** What ACE says on its way; the last is its result. */
export type AceEvent =
  | Progress
  | {
      /** Where the concept was found (spec §4.2, phase 1). */
      readonly type: "present";
      /** For `AceResume`. */
      readonly present: AcePresent;
    }
  | {
      /** What is learned from is found (phases 1 and 2). */
      readonly type: "corpus";
      /** For `AceResume`. */
      readonly corpus: AceCorpus;
    }
  | {
      /** An epoch is over, or none has begun yet. */
      readonly type: "epoch";
      /** α as it is now, evaluated; for `AceResume`. */
      readonly snapshot: AceSnapshot;
    }
  | {
      /** All is done; it comes once and last. */
      readonly type: "result";
      /** α after the last epoch, and all before it. */
      readonly result: AceResult;
    };

/**
 * The smallest set of units that causes a concept: α ∈ [0, 1]^units that minimises mean(score left
 * after erasing − score after inserting) + λ‖α‖² (Bau et al. 2019, §3.2, eq. 6; spec §4.2).
 *
 * An async iterable of progress, where the concept was found, the corpus, a snapshot after every
 * epoch, and the result. With what it told before in `resume` it goes on to the same bits. Leaving
 * the loop, or aborting the signal, frees everything.
 * @throws UsageError for options that make no sense, a concept that is hardly there, or a loss that
 *   is no number; the signal's reason.
 */
export async function* ace(
  generator: Generator,
  segmenter: Segmenter,
  options: AceOptions,
  resume: AceResume = {},
): AsyncGenerator<AceEvent, void, undefined> {
  let settings = settleAce(generator, segmenter, options);
  let known = resume;
  for (;;) {
    try {
      for await (const event of learned(generator, segmenter, settings, known)) {
        known = afterEvent(known, event);
        yield event;
      }
      return;
    } catch (error) {
      const batch = await smallerBatch(generator.device, settings.batch, error, dividesStep);
      settings = { ...settings, batch };
    }
  }
}

/** What is known with an event of it. */
function afterEvent(known: AceResume, event: AceEvent): AceResume {
  if (event.type === "present") return { ...known, present: event.present };
  if (event.type === "corpus") return { ...known, corpus: event.corpus };
  if (event.type === "epoch") return { ...known, snapshots: [...(known.snapshots ?? []), event.snapshot] };
  return known;
}

/** The same at one batch, which has to fit into memory. */
async function* learned(
  generator: Generator,
  segmenter: Segmenter,
  settings: AceSettings,
  resume: AceResume,
): AsyncGenerator<AceEvent, void, undefined> {
  const corpus = resume.corpus ?? (yield* searchCorpus(generator, segmenter, settings, resume.present));
  if (!resume.corpus) yield { type: "corpus", corpus };
  const snapshots = [...(resume.snapshots ?? [])];
  const trainer = await AceTrainer.create(generator, segmenter, corpus, settings);
  try {
    trainer.start(snapshots.at(-1) ?? trainer.initial);
    for (let epoch = (snapshots.at(-1)?.epoch ?? -2) + 1; epoch < settings.epochs; epoch += 1) {
      const trained = epoch < 0 ? 0 : yield* trainer.epoch(epoch);
      const state = await trainer.state();
      checkFinite(settings, epoch, [trained, ...state.alpha, ...state.moments]);
      const evaluation = yield* trainer.evaluate(state.alpha);
      checkFinite(settings, epoch, Object.values(evaluation));
      const snapshot = { epoch, ...state, trained, evaluation };
      snapshots.push(snapshot);
      yield { type: "epoch", snapshot };
    }
  } finally {
    trainer.dispose();
  }
  const { alpha } = snapshots.at(-1)!;
  yield { type: "result", result: { corpus, snapshots, alpha, order: orderOf(alpha, settings.initial) } };
}

/**
 * A gradient that is no number may leave an α in [0, 1], since no GPU need clamp it otherwise;
 * Adam's moments show it for good.
 */
function checkFinite({ concept, layer }: AceSettings, epoch: number, numbers: readonly number[]): void {
  if (numbers.every(Number.isFinite)) return;
  throw new UsageError(
    `The loss of "${concept}" at ${layer}, or its gradient, is no number after epoch ${epoch}: the networks give infinite values.`,
    "What was learned before is kept. Check the weights with `ganatomy generate`, or lower `rate`.",
  );
}
