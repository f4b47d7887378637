// Tests: test/networks/segmenters/recognise.test.ts

import { conv } from "../../kernels/conv/conv.ts";
import type { Value } from "../../runtime/graph.ts";
import { filterOf } from "../filters.ts";
import type { Build, Lazy } from "../network.ts";
import type { State } from "../state.ts";
import { invertedResidual, STRIDED, type Unit } from "./inverted-residual.ts";

/** The first block of each stage; what is before the first stride is part of the first. */
const STAGES = [1, ...STRIDED.slice(1)] as const;
/**
 * From these on the dilated encoder strides no more, and dilates by 2 and by 4 (spec §2.4, an
 * eighth of the image).
 */
const DILATED = [7, 14] as const;

/** A MobileNetV2 encoder, dilated to an eighth of the image. */
export interface MobilenetConfig {
  /** Inverted residual blocks after the first convolution. */
  readonly blocks: number;
}

/** How many blocks there are; undefined when these are not a MobileNetV2's tensors. */
export function inferMobilenet(state: State, prefix: string): MobilenetConfig | undefined {
  let blocks = 0;
  while (state.has(`${prefix}features.${blocks + 1}.conv.0.weight`)) blocks += 1;
  return state.has(`${prefix}features.0.0.weight`) && blocks > 0 ? { blocks } : undefined;
}

/**
 * The convolutions of a block: expand (where there is one), depthwise, project, by their places in
 * its sequence.
 */
function block(state: State, prefix: string, index: number) {
  const key = `${prefix}features.${index}.conv`;
  const expands = state.has(`${key}.6.weight`);
  return { key, expand: expands ? 0 : undefined, depth: expands ? 3 : 0, project: expands ? 6 : 3 };
}

/**
 * The encoder's stages, of the preprocessed image x [n, h, w, 3]: layers c2…c5, each of which ends
 * before a block that strides, or would if it were not dilated.
 */
export function mobilenet(
  { graph, state, layer }: Pick<Build, "graph" | "state" | "layer">,
  prefix: string,
  { blocks }: MobilenetConfig,
  x: Lazy,
): Lazy[] {
  const stem = (): Value => {
    const image = x();
    const filter = filterOf(state, `${prefix}features.0.0`, `${prefix}features.0.1`, {
      into: image.channels,
      kernel: 3,
    });
    return conv(graph, image, filter, { stride: 2, pad: 1, activation: "relu6" });
  };
  const appended = (y: Value, index: number): Value => {
    const { key, expand, depth, project } = block(state, prefix, index);
    const unit = (at: number): Unit => [`${key}.${at}`, `${key}.${at + 1}`];
    const strides = STRIDED.includes(index);
    const reach = 2 ** DILATED.filter((first) => index >= first).length;
    return invertedResidual({ graph, state }, y, {
      expand: expand === undefined ? undefined : unit(expand),
      depth: unit(depth),
      project: unit(project),
      stride: strides && reach === 1 ? 2 : 1,
      dilation: strides ? Math.max(1, reach / 2) : reach,
      residual: !strides,
    });
  };
  let before: Lazy = stem;
  return STAGES.filter((first) => first <= blocks).map((first, stage) => {
    const [given, end] = [before, Math.min(STAGES[stage + 1] ?? Number.POSITIVE_INFINITY, blocks + 1)];
    before = layer(`c${stage + 2}`, () => {
      let y = given();
      for (let index = first; index < end; index += 1) y = appended(y, index);
      return y;
    });
    return before;
  });
}
