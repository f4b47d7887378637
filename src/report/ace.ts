import type { AceResult } from "../causality/ace.ts";
import type { AceSnapshot } from "../causality/ace-train.ts";
import { UsageError } from "../errors.ts";
import { parseJson } from "../weights/json.ts";
import type { Ranking } from "./rankings.ts";

/**
 * What gandissect's aceoptimize leaves of a search in `summary.json` (spec §4.2), and the losses
 * behind it.
 */
export interface AceSummary {
  readonly layers: readonly { readonly layer: string; readonly rankings: readonly Ranking[] }[];
  /**
   * Pairs that were learned from and evaluated on: fewer than wanted where few images show the
   * concept.
   */
  readonly trainSize: number;
  readonly evalSize: number;
  /** By epoch; −1 is before the first. */
  readonly losses: readonly ({ readonly epoch: number; readonly trained: number } & AceSnapshot["evaluation"])[];
}

/**
 * Units by α as gandissect ranks them: the lowest score first. The concept is named as in the
 * report's other rankings (see `uniqueNames`).
 */
export const toAceRanking = (concept: string, alpha: Float32Array): Ranking => ({
  name: `${concept}-ace`,
  metric: "ace",
  score: Array.from(alpha, (value) => (value === 0 ? 0 : -value)),
});

export const toAceSummary = (
  layer: string,
  ranking: Ranking,
  { corpus: { trainSize, evalSize }, snapshots }: Pick<AceResult, "corpus" | "snapshots">,
): AceSummary => ({
  layers: [{ layer, rankings: [ranking] }],
  trainSize,
  evalSize,
  losses: snapshots.map(({ epoch, trained, evaluation }) => ({ epoch, trained, ...evaluation })),
});

/** Where gandissect puts the ranking: behind "unit" and "label". */
const PLACE = 2;

/**
 * A dissect.json, ours or gandissect's, with the ranking in its layer; one of the same name is
 * replaced.
 * @throws UsageError when it is none, or has no such layer.
 */
export function withAceRanking(text: string, layer: string, ranking: Ranking): string {
  const refuse = (what: string): never => {
    throw new UsageError(`This dissect.json ${what}.`, "Name one that has the layer that was searched.");
  };
  let dissection: { layers?: { layer?: string; rankings?: { name?: string }[] }[] };
  try {
    dissection = parseJson(text) as typeof dissection;
  } catch {
    return refuse("is not JSON");
  }
  const found = dissection?.layers?.find?.((candidate) => candidate?.layer === layer);
  if (!Array.isArray(found?.rankings)) return refuse(`has no rankings of ${layer}`);
  found.rankings = found.rankings.filter(({ name }) => name !== ranking.name);
  found.rankings.splice(PLACE, 0, ranking);
  return JSON.stringify(dissection);
}
