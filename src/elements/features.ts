import type { EditedImage, Stroke } from "../session/recipe.ts";
import type { Session } from "../session/session.ts";

// Tests: test/elements/copying.test.ts

/** What units are at a place, to copy it elsewhere. */
export interface Features {
  readonly layer: string;
  /** Of all units of the layer, in their order. */
  readonly values: readonly number[];
}

/** What is kept of a place of many cells: of each unit its mean there, or its maximum. */
export type Summary = "mean" | "max";

/** Digits that are kept, so that links with them stay short. */
const DIGITS = 4;

/** Asks for features, the latest first: what was asked for before is no longer wanted. */
export class Picker {
  #session: Session | undefined;
  #asking: AbortController | undefined;

  /** Who is asked. */
  set session(session: Session | undefined) {
    if (session !== this.#session) this.#asking?.abort();
    this.#session = session;
  }

  /** The features where a stroke is; undefined if nobody wants them any more. */
  async pick(
    { layer = "", ...edited }: EditedImage,
    { mask }: Stroke,
    summary: Summary,
  ): Promise<Features | undefined> {
    this.#asking?.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    try {
      const found = await this.#session?.region({ ...edited, layer, mask: mask!, layers: [layer], signal });
      const values = found?.layers[0]?.[summary];
      if (signal.aborted || !values) return undefined;
      return { layer, values: Array.from(values, (value) => Number(value.toPrecision(DIGITS))) };
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }
}
