// Tests: test/networks/classifiers/recognise.test.ts

import { conv } from "../../kernels/conv/conv.ts";
import { poolMax } from "../../kernels/maps/pool.ts";
import { average } from "../../kernels/maps/resample.ts";
import { filterOf } from "../filters.ts";
import type { Lazy } from "../network.ts";
import type { State } from "../state.ts";
import { denseHead } from "./dense.ts";
import { type ClassifierBuild, type ClassifierFamily, IMAGENET_VIEW } from "./family.ts";

/** The map that its linear layers are over. */
const HEAD = 7;
/** The heads of torchvision, of PNAS 2020, and of timm. */
const HEADS = [
  ["classifier.0", "classifier.3", "classifier.6"],
  ["classifier.fc6", "classifier.fc7", "classifier.fc8a"],
  ["pre_logits.fc1", "pre_logits.fc2", "head.fc"],
] as const;

/** A convolution, and what it is called in the paper: the second of the fifth stage is "5_2". */
interface Step {
  readonly key: string;
  readonly norm: string | undefined;
  readonly place: string;
  /** The stage, behind whose last convolution a pool halves the map. */
  readonly stage: number;
  readonly last: boolean;
}

/**
 * VGGs (Simonyan & Zisserman 2015), with batch norms or without, by the names of torchvision, timm
 * and PNAS 2020. Layers are called as in the paper, and are behind their ReLUs: "relu5_3" is what
 * PNAS calls conv5_3, since its ReLUs are in place. Then "pool5", "relu6", "relu7".
 */
export const VGG: ClassifierFamily = {
  name: "a VGG",
  keys: [/^features\.(0|conv1_1)\.weight$/, /^(classifier\.(0|fc6)|pre_logits\.fc1)\.weight$/],
  of: (state) => {
    const steps = stepsOf(state);
    return {
      name: `VGG-${steps.length + 3}${steps[0]?.norm === undefined ? "" : " with batch norms"}`,
      view: IMAGENET_VIEW,
      build: (parts) => build(parts, steps),
    };
  },
};

/** The convolutions in their order. In torchvision's lists a pool takes a place of its own. */
function stepsOf(state: State): Step[] {
  const named = [...state.keys()].flatMap((key) => {
    const [, stage, place] = /^features\.conv(\d+)_(\d+)\.weight$/.exec(key) ?? [];
    return place === undefined ? [] : [{ key: key.slice(0, -7), norm: undefined, stage: Number(stage), place }];
  });
  const found = named.length > 0 ? named : numbered(state);
  return found.map(({ key, norm, stage }, index) => {
    const before = found.slice(0, index).filter((step) => step.stage === stage).length;
    return { key, norm, stage, place: `${stage}_${before + 1}`, last: found[index + 1]?.stage !== stage };
  });
}

function numbered(state: State): Omit<Step, "place" | "last">[] {
  const numbers = [...state.entries()]
    .flatMap(([key, { shape }]) => (shape.length === 4 ? [/^features\.(\d+)\.weight$/.exec(key)?.[1]] : []))
    .flatMap((number) => (number === undefined ? [] : [Number(number)]))
    .sort((a, b) => a - b);
  let stage = 1;
  return numbers.map((number, index) => {
    const norm = state.has(`features.${number + 1}.running_mean`) ? `features.${number + 1}` : undefined;
    const without = norm === undefined ? 2 : 3;
    if (index > 0 && number - numbers[index - 1]! > without) stage += 1;
    return { key: `features.${number}`, norm, stage };
  });
}

function build({ graph, state, layer, image, logits }: ClassifierBuild, steps: readonly Step[]): void {
  let before: Lazy = image;
  for (const { key, norm, place, stage, last } of steps) {
    const given = before;
    before = layer(`relu${place}`, () => {
      const x = given();
      const filter = filterOf(state, key, norm, { into: x.channels, kernel: 3, bias: true });
      return conv(graph, x, filter, { pad: 1, activation: "relu" });
    });
    if (!last) continue;
    const full = before;
    before = layer(`pool${stage}`, () => poolMax(graph, full(), { size: 2, stride: 2 }));
  }
  const pooled = before;
  const square: Lazy = () => {
    const x = pooled();
    const [, height, width] = x.shape;
    return height === HEAD && width === HEAD ? x : average(graph, x, HEAD, HEAD);
  };
  const head = HEADS.find(([first]) => state.has(`${first}.weight`)) ?? HEADS[0];
  denseHead({ graph, state, layer, logits }, square, head);
}
