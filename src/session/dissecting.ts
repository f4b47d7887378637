import { dissect } from "../load.ts";
import type { DissectProgress, DissectRequest } from "./answers.ts";
import { findingsOf } from "./findings.ts";
import { type Holdings, isLoss, MAX_LOSSES } from "./holdings.ts";
import type { Loaded } from "./session.ts";

// Tests: test/session/session.test.ts, test/session/lost.test.ts

/** Images on which units are dissected unless it is said: a minute or two on a laptop's GPU. */
const DISSECTED = 200;

/** Where a session's dissection runs. */
export interface Place {
  readonly holdings: Holdings;
  /** Aborts with the session. */
  readonly ended: AbortSignal;
  loaded(): Loaded | undefined;
  /** What nothing but the caller's signal and the session's end stops. */
  wait<T>(work: () => Promise<T>): Promise<T>;
}

/** Behind `session.dissect`: begins again where the device was lost, once it is there again. */
export async function* dissecting(
  place: Place,
  options: DissectRequest,
  onFound: () => void,
): AsyncGenerator<DissectProgress, void, undefined> {
  const before = place.loaded();
  for (let losses = 1; ; losses += 1) {
    try {
      return yield* dissected(place, options, onFound);
    } catch (error) {
      if (!isLoss(error) || losses > MAX_LOSSES) throw error;
      await place.wait(() => place.holdings.revived());
      // Of what is here now nobody asked for a dissection.
      if (place.loaded() !== before) throw error;
    }
  }
}

async function* dissected(
  { holdings, ended }: Place,
  { signal, ...settings }: DissectRequest,
  onFound: () => void,
): AsyncGenerator<DissectProgress, void, undefined> {
  const { models } = holdings;
  const [generator, segmenter] = [models.generator, models.neededSegmenter];
  const events = dissect(generator, segmenter, { size: DISSECTED, ...settings, ...(signal && { signal }) });
  for await (const event of events) {
    ended.throwIfAborted();
    if (event.type === "progress") {
      holdings.drawn(); // images, if not for anybody to see
      yield event;
      continue;
    }
    const found = findingsOf(event.dissection);
    if (event.type === "result" && models.hasGenerator && models.generator === generator) {
      holdings.findings = found;
      onFound();
    }
    yield { type: event.type, report: found.report! };
  }
}
