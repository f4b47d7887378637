/**
 * Looking at units: what they do at a place, pictures of them, the images that drive them most.
 *
 * @module
 */

export { type Cutoff, CutoffCurves } from "./cutoff-curves.ts";
export { type CutoffsOptions, cutoffCurves } from "./cutoffs.ts";
export { type LassosOptions, lassos } from "./lassos.ts";
export { type Thumbnail, type ThumbnailsOptions, thumbnails, type UnitView } from "./thumbnails.ts";
export { type TopImages, type TopImagesOptions, topImages } from "./top-images.ts";
export { type TopUnit, type TopUnitsOptions, topUnits } from "./top-units.ts";
export { type UnitActivations, type UnitsAtOptions, unitsAt } from "./units-at.ts";
