import { ShapeError } from "../../errors.ts";
import {
  AXES,
  type AxisName,
  type Extents,
  extentsOf,
  reshape,
  shuffle,
  stack,
  transpose,
} from "../../kernels/maps/layout.ts";
import { concat, resize, slice } from "../../kernels/maps/resample.ts";
import { channelwise, picking, separable, upsample, whole } from "../../kernels/maps/separable.ts";
import { elements, type Graph, padded, type Value } from "../../runtime/graph.ts";
import { need } from "../recording.ts";
import {
  AXIS,
  COUNT,
  EXTENTS,
  INDICES,
  INTEGER,
  NUMBER,
  ORDER,
  oneOf,
  operation,
  optional,
  PAIR,
  POSITIVE,
  RESULT,
  RESULTS,
  SIDES,
  type Surroundings,
  TENSOR,
} from "./field.ts";

// Tests: test/networks/operations.test.ts, test/networks/operations/layout.test.ts

/** What stands beyond a map's edge. */
const MODES = oneOf({ constant: true, reflect: true, edge: true });
type Mode = "constant" | "reflect" | "edge";

/** Along one axis the inputs of these numbers; `fill` where one is none. */
function along(graph: Graph, x: Value, axis: AxisName, from: readonly number[], fill = 0): Value {
  const [channels, height, width] = extentsOf(x);
  if (axis === "c") return channelwise(graph, x, picking(channels, from), fill);
  if (axis === "h") return separable(graph, x, picking(height, from), whole(width), fill);
  return separable(graph, x, whole(height), picking(width, from), fill);
}

/**
 * Where outputs of an axis come from when `before` and `after` are put around it; −1 is nowhere.
 */
function around(extent: number, before: number, after: number, mode: Mode): number[] {
  const count = Math.max(0, extent + before + after);
  return Array.from({ length: count }, (_, to) => {
    const from = to - before;
    if (mode === "constant") return from >= 0 && from < extent ? from : -1;
    if (mode === "edge" || extent === 1) return Math.min(extent - 1, Math.max(0, from));
    const period = 2 * (extent - 1);
    const place = ((from % period) + period) % period;
    return Math.min(place, period - place);
  });
}

/** Whether parts can be put side by side as whole vectors, which also resizes them. */
const wholeVectors = (parts: readonly Value[]): boolean => parts.every(({ channels }) => channels % 4 === 0);

/** One behind the other in channels, resized to the first's extents. */
function beside(graph: Graph, label: string, parts: readonly Value[]): Value {
  const [, height = 1, width = 1] = parts[0]!.shape;
  if (wholeVectors(parts)) return concat(graph, label, parts, height, width);
  const fitted = parts.map((part) =>
    part.shape[1] === height && part.shape[2] === width ? part : resize(graph, part, height, width),
  );
  return stack(graph, label, fitted, "c");
}

/** A tensor of the file as a map of one image: row by row of channel by channel. */
export function constantMap({ graph, state }: Surroundings, tensor: string, [channels, height, width]: Extents): Value {
  const count = channels * height * width;
  const found = state.get(tensor)?.shape;
  need(state, tensor, found && elements(found) === count ? found : [channels, height, width]);
  const stored = padded(channels);
  return {
    ...graph.parameter(
      `${tensor}.map.${[channels, height, width]}`,
      [1, height, width, stored],
      [tensor],
      ([numbers]) => {
        const map = new Float32Array(height * width * stored);
        for (let c = 0; c < channels; c += 1) {
          for (let pixel = 0; pixel < height * width; pixel += 1) {
            map[pixel * stored + c] = numbers![c * height * width + pixel]!;
          }
        }
        return map;
      },
    ),
    channels,
  };
}

/** What moves numbers about without computing with them. */
export const LAYOUT = {
  /** A tensor of the file, row by row of channel by channel, the same for all images. */
  constant: operation({ tensor: TENSOR, shape: EXTENTS }, ({ tensor, shape }, around) =>
    constantMap(around, tensor, shape),
  ),
  /** The same numbers, row by row of channel by channel. */
  reshape: operation({ x: RESULT, shape: EXTENTS }, ({ x, shape }, { graph, of }) => reshape(graph, of(x), shape)),
  /** Axes in another order. */
  transpose: operation({ x: RESULT, order: ORDER }, ({ x, order }, { graph, of }) =>
    transpose(graph, of(x), [...order] as AxisName[]),
  ),
  /** One behind the other; along channels resized to the first's extents. */
  concat: operation({ parts: RESULTS, axis: optional(AXIS) }, ({ to, parts, axis = "c" }, { graph, of }) => {
    const values = parts.map(of);
    return axis === "c" ? beside(graph, to, values) : stack(graph, to, values, axis);
  }),
  /** `channels` of them from the first on; or `count` along an axis, `step` apart. */
  slice: operation(
    {
      x: RESULT,
      first: COUNT,
      channels: optional(POSITIVE),
      axis: optional(AXIS),
      count: optional(POSITIVE),
      step: optional(INTEGER),
    },
    ({ x, to, first, channels, axis = "c", count = channels, step = 1 }, { graph, of }) => {
      const value = of(x);
      if (channels !== undefined && channels % 4 === 0 && first % 4 === 0) return slice(graph, value, first, channels);
      const extent = extentsOf(value)[AXES.indexOf(axis)]!;
      const from = Array.from({ length: count ?? 0 }, (_, index) => first + index * step);
      if (from.length === 0 || from.some((index) => index < 0 || index >= extent)) {
        throw new ShapeError(
          `"${to}" takes ${count ?? "no"} of the ${extent} of "${x}" along ${axis}, from ${first} on in steps of ${step}.`,
          "Take some that it has.",
        );
      }
      return along(graph, value, axis, from);
    },
  ),
  /** Along an axis, those of these numbers. */
  gather: operation(
    { x: RESULT, indices: INDICES, axis: optional(AXIS) },
    ({ x, to, indices, axis = "c" }, { graph, of }) => {
      const value = of(x);
      const extent = extentsOf(value)[AXES.indexOf(axis)]!;
      const missing = indices.find((index) => index >= extent);
      if (missing !== undefined) {
        throw new ShapeError(
          `"${to}" takes number ${missing} of ${extent} along ${axis}.`,
          "Take some that there are.",
        );
      }
      return along(graph, value, axis, indices);
    },
  ),
  /** Rows, columns and channels around a map, or cut off it where they are negative. */
  pad: operation(
    { x: RESULT, pad: optional(SIDES), channels: optional(PAIR), mode: optional(MODES), value: optional(NUMBER) },
    ({ x, pad = [0, 0, 0, 0], channels, mode = "constant", value = 0 }, { graph, of }) => {
      let y = of(x);
      const [top, left, bottom, right] = pad;
      const [, height, width] = extentsOf(y);
      if (pad.some((side) => side !== 0)) {
        const rows = picking(height, around(height, top, bottom, mode));
        y = separable(graph, y, rows, picking(width, around(width, left, right, mode)), value);
      }
      if (channels === undefined) return y;
      return along(graph, y, "c", around(y.channels, channels[0], channels[1], mode), value);
    },
  ),
  /** Extents of 1 repeated. */
  expand: operation({ x: RESULT, shape: EXTENTS }, ({ x, to, shape }, { graph, of }) => {
    let y = of(x);
    AXES.forEach((axis, at) => {
      const extent = extentsOf(y)[at]!;
      if (extent === shape[at]) return;
      if (extent !== 1) {
        throw new ShapeError(
          `"${to}" repeats "${x}" [${extentsOf(of(x))}] to [${shape}].`,
          "Only an extent of 1 can be repeated.",
        );
      }
      y = along(graph, y, axis, Array(shape[at]).fill(0));
    });
    return y;
  }),
  /** Each pixel four times. */
  upsampleNearest2: operation({ x: RESULT }, ({ x }, { graph, of }) => upsample(graph, of(x))),
  /** Blocks of channels become blocks of pixels; `mode` as ONNX has it. */
  depthToSpace: operation(
    { x: RESULT, block: POSITIVE, mode: optional(oneOf({ DCR: true, CRD: true })) },
    ({ x, block, mode = "DCR" }, { graph, of }) =>
      shuffle(graph, of(x), { block, toDepth: false, byChannel: mode === "CRD" }),
  ),
  spaceToDepth: operation(
    { x: RESULT, block: POSITIVE, mode: optional(oneOf({ DCR: true, CRD: true })) },
    ({ x, block, mode = "DCR" }, { graph, of }) =>
      shuffle(graph, of(x), { block, toDepth: true, byChannel: mode === "CRD" }),
  ),
};
