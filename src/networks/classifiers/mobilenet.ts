// Tests: test/networks/classifiers/recognise.test.ts

import { conv } from "../../kernels/conv/conv.ts";
import { average } from "../../kernels/maps/resample.ts";
import { invertedResidual, STRIDED, type Unit } from "../encoders/inverted-residual.ts";
import { filterOf } from "../filters.ts";
import { linearFilterOf } from "../linear.ts";
import type { Lazy } from "../network.ts";
import type { State } from "../state.ts";
import { type ClassifierBuild, type ClassifierFamily, IMAGENET_VIEW } from "./family.ts";

/** How a file calls the parts of a MobileNetV2. */
interface Names {
  readonly stem: Unit;
  /** Layers by name, and their convolutions. */
  readonly blocks: readonly { readonly name: string; readonly units: readonly Unit[] }[];
  /** The last convolution, its layer's name, and the linear layer. */
  readonly last: Unit;
  readonly lastName: string;
  readonly head: string;
}

/**
 * MobileNetV2 (Sandler et al. 2018) by the names of torchvision and of timm, after which layers are
 * called: "features.0" … "features.18", or "conv_stem", "blocks.0.0" …, "conv_head".
 */
export const MOBILENET: ClassifierFamily = {
  name: "a MobileNetV2",
  keys: [/^(features\.1\.conv\.0\.0|blocks\.0\.0\.conv_dw)\.weight$/, /^classifier(\.1)?\.weight$/],
  of: (state) => {
    const names = state.has("conv_stem.weight") ? timm(state) : torchvision(state);
    return { name: "MobileNetV2", view: IMAGENET_VIEW, build: (parts) => build(parts, names) };
  },
};

function torchvision(state: State): Names {
  let count = 1;
  while (state.has(`features.${count}.conv.0.0.weight`)) count += 1;
  const blocks = Array.from({ length: count - 1 }, (_, i) => {
    const name = `features.${i + 1}`;
    const key = `${name}.conv`;
    const expands = state.has(`${key}.1.0.weight`);
    const inner = expands ? [`${key}.0`, `${key}.1`] : [`${key}.0`];
    const units = inner.map((unit): Unit => [`${unit}.0`, `${unit}.1`]);
    const project: Unit = expands ? [`${key}.2`, `${key}.3`] : [`${key}.1`, `${key}.2`];
    return { name, units: [...units, project] };
  });
  const lastName = `features.${count}`;
  const unit = (key: string): Unit => [`${key}.0`, `${key}.1`];
  return { stem: unit("features.0"), blocks, last: unit(lastName), lastName, head: "classifier.1" };
}

function timm(state: State): Names {
  const blocks: { name: string; units: Unit[] }[] = [];
  for (let stage = 0; state.has(`blocks.${stage}.0.conv_dw.weight`); stage += 1) {
    for (let i = 0; state.has(`blocks.${stage}.${i}.conv_dw.weight`); i += 1) {
      const name = `blocks.${stage}.${i}`;
      const convolutions = state.has(`${name}.conv_pwl.weight`)
        ? ["conv_pw", "conv_dw", "conv_pwl"]
        : ["conv_dw", "conv_pw"];
      blocks.push({ name, units: convolutions.map((key, at): Unit => [`${name}.${key}`, `${name}.bn${at + 1}`]) });
    }
  }
  const named = { lastName: "conv_head", head: "classifier" };
  return { stem: ["conv_stem", "bn1"], blocks, last: ["conv_head", "bn2"], ...named };
}

function build({ graph, state, layer, image, logits }: ClassifierBuild, names: Names): void {
  const stemName = names.stem[0].replace(/\.0$/, "");
  let before: Lazy = layer(stemName, () => {
    const filter = filterOf(state, ...names.stem, { into: 3, kernel: 3 });
    return conv(graph, image(), filter, { stride: 2, pad: 1, activation: "relu6" });
  });
  names.blocks.forEach(({ name, units }, index) => {
    const given = before;
    const [expand, depth, project] = units.length === 3 ? units : [undefined, ...units];
    const strides = STRIDED.includes(index + 1);
    const moves = { stride: strides ? 2 : 1, residual: !strides };
    before = layer(name, () =>
      invertedResidual({ graph, state }, given(), { expand, depth: depth!, project: project!, ...moves }),
    );
  });
  const narrow = before;
  const last = layer(names.lastName, () => {
    const x = narrow();
    const filter = filterOf(state, ...names.last, { into: x.channels, kernel: 1 });
    return conv(graph, x, filter, { activation: "relu6" });
  });
  logits(() => conv(graph, average(graph, last(), 1, 1), linearFilterOf(state, names.head)));
}
