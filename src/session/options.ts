import { checkNames, type NamesOf } from "../names.ts";
import { whole } from "./checks.ts";
import { checkLatents, type LatentsName } from "./recipe.ts";
import type {
  ConceptsOptions,
  DissectRequest,
  EffectOptions,
  LevelsOptions,
  LoadRequest,
  PictureOptions,
  PixelOptions,
  RegionOptions,
  ThumbnailOptions,
  TopImagesOptions,
  UnitsOptions,
  UnloadRequest,
} from "./session.ts";
import { EDITED_NAMES } from "./view.ts";

// Tests: test/session/session.test.ts

export const LOAD_NAMES: NamesOf<LoadRequest> = {
  generator: true,
  segmenter: true,
  report: true,
  quantiles: true,
  latents: true,
  name: true,
  sha256: true,
  network: true,
  classes: "list",
  onProgress: true,
  signal: true,
};
export const PIXEL_NAMES: NamesOf<PixelOptions> = {
  ...EDITED_NAMES,
  y: "needed",
  x: "needed",
  layers: "list",
  top: true,
  signal: true,
};
export const REGION_NAMES: NamesOf<RegionOptions> = { ...EDITED_NAMES, mask: "needed", layers: "needed", signal: true };
export const UNITS_NAMES: NamesOf<UnitsOptions> = {
  layer: "needed",
  concept: true,
  ranking: true,
  top: true,
  signal: true,
};
export const CONCEPTS_NAMES: NamesOf<ConceptsOptions> = {
  layer: "needed",
  unit: true,
  category: true,
  ranking: true,
  top: true,
  signal: true,
};
export const LEVELS_NAMES: NamesOf<LevelsOptions> = { layer: "needed", quantiles: "needed", signal: true };
export const EFFECT_NAMES: NamesOf<EffectOptions> = { ...EDITED_NAMES, size: true, signal: true };
export const PICTURE_NAMES: NamesOf<PictureOptions> = {
  ...EDITED_NAMES,
  view: true,
  unit: true,
  type: true,
  signal: true,
};
export const TOP_NAMES: NamesOf<TopImagesOptions> = {
  layer: "needed",
  unit: "needed",
  top: true,
  size: true,
  seed: true,
  signal: true,
};
export const THUMBNAIL_NAMES: NamesOf<ThumbnailOptions> = { layer: "needed", units: "list", size: true, signal: true };
export const DISSECT_NAMES: NamesOf<DissectRequest> = {
  layers: "list",
  size: true,
  seed: true,
  trainSeed: true,
  quantileThreshold: true,
  signal: true,
};

/** @throws UsageError for amounts that make no sense. */
export function checkTop({ top, size, seed }: Omit<TopImagesOptions, "layer" | "unit">): void {
  if (top !== undefined) whole(top, "top", 100, 1);
  if (size !== undefined) whole(size, "size", 10_000, 1);
  if (seed !== undefined) whole(seed, "seed", 2 ** 32 - 1);
}

const UNLOAD_NAMES: NamesOf<UnloadRequest> = { latents: "needed", signal: true };

/** Names what is to be unloaded as recipes do. @throws UsageError for what names nothing. */
export function checkUnload(request: UnloadRequest): LatentsName {
  checkNames("session.unload", request, UNLOAD_NAMES);
  const { name, sha256 } = { ...request.latents }; // `loaded` tells more of it
  return checkLatents({ name, sha256 });
}
