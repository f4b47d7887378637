// Tests: test/networks/segmenters/recognise.test.ts, test/networks/segmenters/upernet.test.ts

import type { ConvOptions } from "../../kernels/conv/conv.ts";
import { conv } from "../../kernels/conv/conv.ts";
import { maxpool } from "../../kernels/maps/resample.ts";
import type { Value } from "../../runtime/graph.ts";
import { filterOf } from "../filters.ts";
import type { Build, Lazy } from "../network.ts";
import type { State } from "../state.ts";
import { residualBlock } from "./residual.ts";

/**
 * A residual encoder with a stem of three 3×3 convolutions, read off its tensors (spec §2.1, §2.4).
 */
export interface ResnetConfig {
  /** Residual blocks of each of the four stages. */
  readonly blocks: readonly number[];
  /** Bottlenecks of three convolutions (ResNet-50 and up), or basic blocks of two. */
  readonly bottleneck: boolean;
  /**
   * The last two stages are dilated by 2 and 4 instead of striding: features at an eighth of the
   * image.
   */
  readonly dilated: boolean;
}

/** How many blocks each stage has; undefined when these are not a residual encoder's tensors. */
export function inferResnet(state: State, prefix: string, dilated: boolean): ResnetConfig | undefined {
  const blocks = [1, 2, 3, 4].map((stage) => {
    let count = 0;
    while (state.has(`${prefix}layer${stage}.${count}.conv1.weight`)) count += 1;
    return count;
  });
  if (!state.has(`${prefix}conv3.weight`) || blocks.includes(0)) return undefined;
  return { blocks, bottleneck: state.has(`${prefix}layer1.0.conv3.weight`), dilated };
}

/** What it is called: ResNet-50 and the like. */
export function resnetName({ blocks, bottleneck, dilated }: ResnetConfig): string {
  const convolutions = blocks.reduce((sum, count) => sum + count, 0) * (bottleneck ? 3 : 2);
  return `ResNet-${convolutions + 2}${dilated ? " dilated" : ""}`;
}

/** The encoder's stages, layers c2…c5, of the preprocessed image x [n, h, w, 3]. */
export function resnet(
  { graph, state, layer }: Pick<Build, "graph" | "state" | "layer">,
  prefix: string,
  config: ResnetConfig,
  x: Lazy,
): Lazy[] {
  const unit = (input: Value, key: string, norm: string, kernel: number, options: ConvOptions = {}): Value =>
    conv(graph, input, filterOf(state, key, norm, { into: input.channels, kernel }), {
      activation: "relu",
      ...options,
    });
  const stem = (): Value => {
    let y = unit(x(), `${prefix}conv1`, `${prefix}bn1`, 3, { stride: 2, pad: 1 });
    y = unit(y, `${prefix}conv2`, `${prefix}bn2`, 3, { pad: 1 });
    y = unit(y, `${prefix}conv3`, `${prefix}bn3`, 3, { pad: 1 });
    return maxpool(graph, y);
  };
  const stage = (before: Value, count: number, index: number): Value => {
    let y = before;
    // Dilation 2 and 4 in the last two stages; where a stride fell away, in the first block, half
    // of it (spec §2.4).
    const dilation = config.dilated && index >= 2 ? 2 ** (index - 1) : 1;
    for (let b = 0; b < count; b += 1) {
      const key = `${prefix}layer${index + 1}.${b}`;
      const entrance = index > 0 && b === 0;
      const stride = entrance && dilation === 1 ? 2 : 1;
      const shortcut = state.has(`${key}.downsample.0.weight`)
        ? unit(y, `${key}.downsample.0`, `${key}.downsample.1`, 1, { stride, activation: "none" })
        : y;
      const entering = entrance ? Math.max(1, dilation / 2) : dilation;
      y = residualBlock({ graph, state }, y, key, {
        bottleneck: config.bottleneck,
        ...{ stride, dilation, entering, shortcut },
      });
    }
    return y;
  };
  let before: Lazy = stem;
  return config.blocks.map((count, index) => {
    const given = before;
    before = layer(`c${index + 2}`, () => stage(given(), count, index));
    return before;
  });
}
