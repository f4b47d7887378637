// Tests: test/networks/segmenters/recognise.test.ts, test/networks/classifiers/recognise.test.ts

import { grouped } from "../../kernels/conv/grouped.ts";
import type { Value } from "../../runtime/graph.ts";
import { filterOf } from "../filters.ts";
import type { Build } from "../network.ts";

/** How a residual block moves over its map. */
export interface ResidualBlock {
  /** Bottlenecks of three convolutions (ResNet-50 and up), or basic blocks of two. */
  readonly bottleneck: boolean;
  /** 1 unless given. */
  readonly stride?: number;
  /** Of its 3×3 convolutions; 1 unless given. */
  readonly dilation?: number;
  /** Of the 3×3 convolution that strides, or would; `dilation` unless given. */
  readonly entering?: number;
  /** What is added; the input unless given. */
  readonly shortcut?: Value;
}

/**
 * A block of a residual network by torchvision's names (He et al. 2016; its groups are ResNeXt's,
 * Xie et al. 2017), which the weight's channels tell. Bottlenecks stride in their 3×3 convolution,
 * basic blocks in the first of two.
 */
export function residualBlock(
  { graph, state }: Pick<Build, "graph" | "state">,
  x: Value,
  key: string,
  { bottleneck, stride = 1, dilation = 1, entering = dilation, shortcut = x }: ResidualBlock,
): Value {
  const kernels = bottleneck ? [1, 3, 1] : [3, 3];
  const striding = kernels.indexOf(3);
  return kernels.reduce((y, kernel, i) => {
    const name = `${key}.conv${i + 1}`;
    const groups = kernel === 3 ? groupsOf(y.channels, state.get(`${name}.weight`)?.shape[1]) : 1;
    const into = y.channels / groups;
    const reach = kernel === 1 ? 1 : i === striding ? entering : dilation;
    return grouped(graph, y, filterOf(state, name, `${key}.bn${i + 1}`, { into, groups, kernel }), {
      stride: i === striding ? stride : 1,
      dilation: reach,
      pad: ((kernel - 1) / 2) * reach,
      activation: "relu",
      groups,
      ...(i === kernels.length - 1 ? { residual: shortcut } : {}),
    });
  }, x);
}

/** Groups of a filter that sees so many channels of a map; 1 where they do not divide it. */
export const groupsOf = (channels: number, seen = channels): number => (channels % seen === 0 ? channels / seen : 1);
