// Tests: test/networks/segmenters/recognise.test.ts, test/networks/classifiers/recognise.test.ts

import { conv } from "../../kernels/conv/conv.ts";
import { depthwise } from "../../kernels/conv/depthwise.ts";
import type { Value } from "../../runtime/graph.ts";
import { filterOf } from "../filters.ts";
import type { Build } from "../network.ts";

/**
 * MobileNetV2's blocks that stride (Sandler et al. 2018, table 2), counting the stem as block 0.
 */
export const STRIDED: readonly number[] = [2, 4, 7, 14];

/** A convolution and the batch norm behind it, by their names. */
export type Unit = readonly [filter: string, norm: string];

/** The convolutions of an inverted residual, and how the one in its middle moves. */
export interface InvertedResidual {
  /** Absent in the first block. */
  readonly expand?: Unit | undefined;
  readonly depth: Unit;
  readonly project: Unit;
  readonly stride?: number;
  readonly dilation?: number;
  /** Whether the input is added where it has as many channels; unless the block strides. */
  readonly residual: boolean;
}

/** A block of MobileNetV2 (Sandler et al. 2018, §3.3): wider, filtered by channel, narrow again. */
export function invertedResidual(
  { graph, state }: Pick<Build, "graph" | "state">,
  x: Value,
  { expand, depth, project, stride = 1, dilation = 1, residual }: InvertedResidual,
): Value {
  const filter = ([key, norm]: Unit, into: number, kernel: number) => filterOf(state, key, norm, { into, kernel });
  const wide = expand ? conv(graph, x, filter(expand, x.channels, 1), { activation: "relu6" }) : x;
  const filtered = depthwise(
    graph,
    wide,
    { ...filter(depth, 1, 3), inChannels: wide.channels },
    { stride, dilation, pad: dilation, activation: "relu6" },
  );
  const last = filter(project, filtered.channels, 1);
  return conv(graph, filtered, last, residual && last.outChannels === x.channels ? { residual: x } : {});
}
