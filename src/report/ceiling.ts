import type { Dissection } from "../dissect/result.ts";
import { labelExtent } from "./extents.ts";

/** Concepts too large for units that are on at a given share of pixels. */
export interface Ceiling {
  /** Share of all pixels above which no concept is detected. */
  readonly share: number;
  /** Names of those that are there. */
  readonly concepts: readonly string[];
}

/**
 * What one quantile for all units leaves out: a unit that is on at a part p of the pixels has with
 * a concept of g > p of them an IoU of at most p / g, which exceeds the threshold only where g < p
 * / threshold. Undefined where levels are searched.
 */
export function ceilingOf({
  settings,
  labels,
  labelPixels,
}: Pick<Dissection, "settings" | "labels" | "labelPixels">): Ceiling | undefined {
  const { quantileThreshold, iouThreshold, size } = settings;
  if (typeof quantileThreshold !== "number") return undefined;
  const share = Number((quantileThreshold / iouThreshold).toPrecision(6));
  const [height, width] = labelExtent({ settings });
  const pixels = size * height * width;
  const concepts = labels.flatMap(({ name }, label) =>
    label > 0 && (labelPixels[label] ?? 0) > share * pixels ? [name] : [],
  );
  return share < 1 ? { share, concepts } : undefined;
}

/** The same in words: "over 25 % of the pixels none is detected (sky, grass)". */
export function ceilingText({ share, concepts }: Ceiling): string {
  const named = concepts.length > 0 ? ` (${concepts.slice(0, 8).join(", ")}${concepts.length > 8 ? ", …" : ""})` : "";
  return `no concept over ${Number((100 * share).toPrecision(3))} % of the pixels can be detected${named}`;
}
