import { ShapeError } from "../../errors.ts";
import { elements, type Graph, type OperationKind, type Value } from "../../runtime/graph.ts";
import spreadKernel from "../generated/spread.wgsl.ts";
import acrossKernel from "../generated/spread-across.wgsl.ts";
import { lanes } from "../lanes.ts";
import { ACTIVATIONS, type Activation } from "./activation.ts";
import { conv } from "./conv.ts";
import { constant, type Filter } from "./filter.ts";

/**
 * The products of nine taps [n, h, w, 9 c], resized, shifted and summed onto the second input
 * (spread.wgsl).
 */
export const SPREAD: OperationKind<{ readonly activation: Activation }> = { name: "spread" };

/**
 * A filter's weights for input channels `first`…`first + count − 1`, as 3×3 taps or as nine 1×1
 * filters side by side.
 */
function part(filter: Filter, first: number, count: number, label: string, apart: boolean): Filter {
  const { inChannels, outChannels, weight, scale } = filter;
  const split = weight.sources.length;
  const rows = apart ? 9 * outChannels : outChannels;
  return {
    label,
    inChannels: count,
    outChannels: rows,
    kernel: apart ? 1 : 3,
    weight: {
      sources: [...weight.sources, ...scale.sources],
      of: (sources) => {
        const w = weight.of(sources.slice(0, split));
        const s = scale.of(sources.slice(split));
        const values = new Float64Array(9 * outChannels * count);
        for (let o = 0; o < outChannels; o += 1) {
          for (let i = 0; i < count; i += 1) {
            for (let t = 0; t < 9; t += 1) {
              const to = apart ? (t * outChannels + o) * count + i : (o * count + i) * 9 + t;
              values[to] = w[(o * inChannels + first + i) * 9 + t]! * s[o]!;
            }
          }
        }
        return values;
      },
    },
    scale: constant(1, rows),
    // The first part brings the whole convolution's bias.
    bias: apart ? constant(0, rows) : filter.bias,
  };
}

/**
 * y = activation(conv3×3(the parts side by side in channels, each resized to the first one's
 * extents) + bias), padding 1. Smaller parts are multiplied at their own resolution and resized
 * afterwards: for UPerNet's fusion layer 12.8 instead of 38.7 GMAC, exact up to the order of sums.
 */
export function convOfPyramid(graph: Graph, parts: readonly Value[], filter: Filter, activation: Activation): Value {
  const { label, inChannels, outChannels } = filter;
  const [finest, ...coarser] = parts as [Value, ...Value[]];
  const channels = parts.reduce((sum, { channels }) => sum + channels, 0);
  if (filter.kernel !== 3 || channels !== inChannels || outChannels % 4 !== 0) {
    throw new ShapeError(
      `"${label}" is no 3×3 convolution of ${channels} to a multiple of four channels.`,
      "Use `concat` and `conv` for others.",
    );
  }
  const only = coarser.length === 0;
  let y = conv(graph, finest, part(filter, 0, finest.channels, `${label}.0`, false), {
    pad: 1,
    activation: only ? activation : "none",
  });
  const [n = 1, outHeight = 1, outWidth = 1] = finest.shape;
  let first = finest.channels;
  coarser.forEach((x, index) => {
    const [, inHeight = 1, inWidth = 1] = x.shape;
    const t = conv(graph, x, part(filter, first, x.channels, `${label}.${index + 1}`, true));
    first += x.channels;
    const sum = graph.value(`${label}.sum${index + 1}`, y.shape, "f32", outChannels);
    const then = index === coarser.length - 1 ? activation : "none";
    const across = graph.value(`${label}.across${index + 1}`, [n, inHeight, outWidth, 3 * outChannels]);
    const vectors = outChannels / 4;
    const half = elements(across.shape) / 4;
    graph.step(acrossKernel, { t, y: across }, { vectors, inWidth, outWidth, total: half }, lanes(half));
    const total = elements(y.shape) / 4;
    graph.step(
      spreadKernel,
      { x: across, addend: y, y: sum },
      { vectors, inHeight, outHeight, width: outWidth, total },
      lanes(total),
      { choices: { ACTIVATION: ACTIVATIONS[then] } },
    );
    graph.record(SPREAD, [t, y], sum, { activation: then });
    y = sum;
  });
  return y;
}
