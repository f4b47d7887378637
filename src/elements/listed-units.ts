import type { Loaded, Session } from "../session/session.ts";
import { ownLabel } from "./concepts.ts";

// Tests: test/elements/gan-units.test.ts

/** A unit as it is listed. */
export interface ListedUnit {
  /** Channel of the layer, from 0. */
  readonly unit: number;
  /** By the ranking, or by IoU; absent where nothing is known. */
  readonly score?: number;
  /** Number of the label it detects; absent where it is not known or it detects none. */
  readonly label?: number;
}

/** All units of a layer as far as something is known of them, or those of a concept. */
export async function listedUnits(
  session: Session,
  loaded: Loaded,
  layer: string,
  concept: string,
): Promise<readonly ListedUnit[]> {
  const { model, report, rankings } = loaded;
  if (concept) return session.units({ layer, concept });
  const known = report?.layers.find(({ layer: name }) => name === layer);
  if (known) {
    // The session's labels may be others than the report's: a segmenter's.
    const labels = report!.labels.map((label) => ownLabel(loaded, label));
    return known.units.map(({ unit, iou, interpretable, label }) => ({
      unit,
      ...(iou !== null && { score: iou }),
      ...(interpretable && labels[label]! >= 0 && { label: labels[label]! }),
    }));
  }
  // dissect.json is no report, but has the units' labels beside its rankings.
  if (rankings[layer]?.includes("unit")) return session.units({ layer });
  const channels = model?.layers.find(({ name }) => name === layer)?.channels ?? 0;
  return Array.from({ length: channels }, (_, unit) => ({ unit }));
}
