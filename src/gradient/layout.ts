import {
  AXES,
  extentsOf,
  RESHAPE,
  reshape,
  SHUFFLE,
  STACK,
  shuffle,
  TRANSPOSE,
  transpose,
} from "../kernels/maps/layout.ts";
import { CHANNELS, channelwise, picking, SEPARABLE, separable, transposed, whole } from "../kernels/maps/separable.ts";
import { type Rules, rule } from "./rule.ts";

/** Linear maps that move numbers and weigh them: the way back is by the transposed map. */
export const LAYOUT: Rules = [
  rule(SEPARABLE, ({ graph, dy, attributes: { rows, columns } }) => [
    separable(graph, dy, transposed(rows), transposed(columns)),
  ]),
  rule(CHANNELS, ({ graph, dy, attributes: { axis } }) => [channelwise(graph, dy, transposed(axis))]),
  rule(RESHAPE, ({ graph, inputs: [x], dy }) => [reshape(graph, dy, extentsOf(x!))]),
  rule(TRANSPOSE, ({ graph, dy, attributes: { order } }) => [
    transpose(
      graph,
      dy,
      AXES.map((axis) => AXES[order.indexOf(axis)]!),
    ),
  ]),
  rule(SHUFFLE, ({ graph, dy, attributes }) => [shuffle(graph, dy, { ...attributes, toDepth: !attributes.toDepth })]),
  rule(STACK, ({ graph, inputs, dy, wants, attributes: { axis } }) => {
    const [channels, height, width] = extentsOf(dy);
    let first = 0;
    return inputs.map((part, index) => {
      const count = extentsOf(part!)[AXES.indexOf(axis)]!;
      const taken = Array.from({ length: count }, (_, at) => first + at);
      first += count;
      if (!wants(index)) return undefined;
      if (axis === "c") return channelwise(graph, dy, picking(channels, taken));
      if (axis === "h") return separable(graph, dy, picking(height, taken), whole(width));
      return separable(graph, dy, whole(height), picking(width, taken));
    });
  }),
];
