import { unpackCells } from "../session/cells.ts";
import type { EditedImage, Stroke } from "../session/recipe.ts";

// Tests: test/elements/stroke-text.test.ts

const DONE = { draw: "drawn", remove: "removed", copy: "copied" } as const;

/** A stroke in words: "tree drawn, 3 cells". */
export const strokeText = (stroke: Stroke): string => `${unitsText(stroke)} ${doneText(stroke)}`;

/** What it does, and where: "drawn, 3 cells". */
export const doneText = (stroke: Stroke): string => `${DONE[stroke.op]}, ${placesText(stroke)}`;

/** Whose units: "tree", "unit 24", "3 units", "all units". */
export function unitsText({ units }: Pick<Stroke, "units">): string {
  if (units === "all") return "all units";
  if ("concept" in units) return units.concept;
  return units.length === 1 ? `unit ${units[0]}` : `${units.length} units`;
}

/** Where: "3 cells", "everywhere". */
function placesText({ mask }: Pick<Stroke, "mask">): string {
  if (!mask) return "everywhere";
  const cells = unpackCells(mask).reduce((sum, on) => sum + on, 0);
  return cells === 1 ? "1 cell" : `${cells} cells`;
}

/** Which image it is, for those who do not see it. */
export function imageText({ seed = 1, image = 0, latents, toward = [] }: EditedImage): string {
  const others = toward.filter(({ share }) => share !== 0).map((other) => `${other.image} of seed ${other.seed}`);
  return `Image ${image} of ${latents?.name ?? `seed ${seed}`}${others.length > 0 ? `, moved toward ${others.join(" and ")}` : ""}`;
}
