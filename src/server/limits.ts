import { UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";

// Tests: test/server/limits.test.ts

/** What a server takes at most, and keeps. */
export interface Limits {
  /** Bytes of a request's body; 4 MiB unless given. */
  readonly body: number;
  /** Bytes of a file of latents; 64 MiB unless given. */
  readonly latents: number;
  /** Images of a request; 64 unless given. */
  readonly ids: number;
  /**
   * The largest id, 9999 unless given: z is drawn in order, so that a far row costs as much as all
   * before it.
   */
  readonly lastId: number;
  /** Interventions of a request; 256 unless given. */
  readonly interventions: number;
  /** Records of units in all of a request's interventions; 8192 unless given. */
  readonly ablations: number;
  /** Rows and columns of a mask; 2048 unless given. */
  readonly maskEdge: number;
  /** Pixels of all masks of a request; 2²⁴ unless given. */
  readonly maskPixels: number;
  /** Numbers of features in one answer; 2²² unless given. */
  readonly features: number;
  /** Requests that wait for a generator; 8 unless given. */
  readonly queue: number;
  /** Pictures of `return_urls` that are kept; 64 unless given. */
  readonly pictures: number;
}

/** The limits of a server that is told no others. */
export const LIMITS: Limits = {
  body: 4 * 2 ** 20,
  latents: 64 * 2 ** 20,
  ids: 64,
  lastId: 9_999,
  interventions: 256,
  ablations: 8_192,
  maskEdge: 2_048,
  maskPixels: 2 ** 24, // 256 strokes of ganclient, which are 256 × 256
  features: 2 ** 22,
  queue: 8,
  pictures: 64,
};

const NAMES = Object.fromEntries(Object.keys(LIMITS).map((name) => [name, true])) as NamesOf<Limits>;

/**
 * The limits, some of them changed.
 * @throws UsageError for one that there is not, or that is no whole number from 0.
 */
export function limitsOf(given: Partial<Limits> = {}): Limits {
  checkNames("limits", given as Limits, NAMES);
  for (const [name, value] of Object.entries(given)) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new UsageError(`A limit of ${String(value)} ${name} makes no sense.`, "Give a whole number from 0.");
    }
  }
  return { ...LIMITS, ...given };
}
