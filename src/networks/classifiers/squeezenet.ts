// Tests: test/networks/classifiers/recognise.test.ts

import { conv } from "../../kernels/conv/conv.ts";
import { poolMax } from "../../kernels/maps/pool.ts";
import { average, concat } from "../../kernels/maps/resample.ts";
import type { Value } from "../../runtime/graph.ts";
import { filterOf } from "../filters.ts";
import type { Lazy } from "../network.ts";
import type { State } from "../state.ts";
import { type ClassifierBuild, type ClassifierFamily, IMAGENET_VIEW } from "./family.ts";

/** The places of pools among torchvision's features, of 1.0 and of 1.1. */
const POOLS = { "1.0": [2, 6, 11], "1.1": [2, 5, 8] } as const;
const POOL = { size: 3, stride: 2, ceil: true } as const;

/**
 * SqueezeNet 1.0 and 1.1 (Iandola et al. 2016) by torchvision's names, after which layers are
 * called: "features.1" is the stem behind its ReLU, "features.12" the ninth fire module of 1.0.
 */
export const SQUEEZENET: ClassifierFamily = {
  name: "a SqueezeNet",
  keys: [/^features\.\d+\.squeeze\.weight$/, /^features\.0\.weight$/],
  of: (state) => {
    const version = state.get("features.0.weight")?.shape[2] === 7 ? "1.0" : "1.1";
    return { name: `SqueezeNet ${version}`, view: IMAGENET_VIEW, build: (parts) => build(parts, version) };
  },
};

/** Places of fire modules, in their order. */
const firesOf = (state: State): number[] =>
  [...state.keys()]
    .flatMap((key) => /^features\.(\d+)\.squeeze\.weight$/.exec(key)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);

function build({ graph, state, layer, image, logits }: ClassifierBuild, version: keyof typeof POOLS): void {
  const unit = (x: Value, key: string, kernel: number, options = {}): Value =>
    conv(graph, x, filterOf(state, key, undefined, { into: x.channels, kernel, bias: true }), {
      activation: "relu",
      ...options,
    });
  const fire = (x: Value, key: string): Value => {
    const squeezed = unit(x, `${key}.squeeze`, 1);
    const expanded = [unit(squeezed, `${key}.expand1x1`, 1), unit(squeezed, `${key}.expand3x3`, 3, { pad: 1 })];
    const [, height = 1, width = 1] = squeezed.shape;
    return concat(graph, key, expanded, height, width);
  };
  let before: Lazy = layer("features.1", () => unit(image(), "features.0", version === "1.0" ? 7 : 3, { stride: 2 }));
  const pools: readonly number[] = POOLS[version];
  const places = [...firesOf(state), ...pools].sort((a, b) => a - b);
  for (const place of places) {
    const given = before;
    const key = `features.${place}`;
    before = layer(key, () => (pools.includes(place) ? poolMax(graph, given(), POOL) : fire(given(), key)));
  }
  const last = before;
  logits(() => average(graph, unit(last(), "classifier.1", 1), 1, 1));
}
