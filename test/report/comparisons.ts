import { compare } from "../../src/compare/index.ts";
import { layerOf } from "../compare/dissections/layers.ts";

const early = layerOf({
  units: [
    [1, 0.9],
    [1, 0.7],
    [2, 0.6],
    [4, 0.5],
    [2, 0.01],
    [2, 0.4],
  ],
});
const late = layerOf({
  units: [
    [1, 0.9],
    [2, 0.01],
    [2, 0.01],
  ],
  about: { source: "b", layer: "layer6" },
});
const last = layerOf({
  units: [
    [4, 0.9],
    [2, 0.01],
    [2, 0.5],
  ],
  about: { source: "c", layer: "layer8" },
});

/** Three layers. */
export const three = compare([early, late, last]);
/** Of other images. */
export const forced = compare([early, { ...late, seed: 3 }], { force: true });
const { blocks: _, ...old } = late;
/** A single one, of an older report. */
export const withoutErrors = compare([old]);
/** Where nothing is found at all. */
export const nothing = compare([layerOf({ units: [[2, 0.01]] })]);
