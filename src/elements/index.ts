/**
 * Custom elements: paint, look and compare with a few tags.
 *
 * @module
 */

export type { ErrorDetail } from "./element.ts";
export { GanCompare } from "./gan-compare.ts";
export { GanHistory } from "./gan-history.ts";
export { type Edits, GanImage } from "./gan-image.ts";
export { GanInspect } from "./gan-inspect.ts";
export { GanPaint } from "./gan-paint.ts";
export { GanSession } from "./gan-session.ts";
export { GanUnits } from "./gan-units.ts";
export type { ListedUnit } from "./listed-units.ts";
export type { Place } from "./place.ts";
export { define } from "./registry.ts";
