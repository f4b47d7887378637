import unaryBack from "../kernels/generated/unary-back.wgsl.ts";
import { lanes } from "../kernels/lanes.ts";
import { SCALE, scaleStep } from "../kernels/maps/scale.ts";
import { UNARY, UNARY_FUNCTIONS } from "../kernels/maps/unary.ts";
import { elements } from "../runtime/graph.ts";
import { type Rules, rule } from "./rule.ts";

export const POINTWISE: Rules = [
  rule(UNARY, ({ graph, inputs: [x], dy, held, attributes: { fn, a, b } }) => {
    const { label, shape, channels } = x!;
    const dx = graph.value(`${label}.gradient`, shape, "f32", channels);
    const total = elements(shape) / 4;
    const params = { vectors: shape.at(-1)! / 4, channels, total, a, b };
    graph.step(unaryBack, { x: held(x!), dy, dx }, params, lanes(total), { choices: { FN: UNARY_FUNCTIONS[fn] } });
    return [dx];
  }),
  rule(SCALE, ({ graph, inputs: [x], dy, attributes: { scale } }) => {
    const dx = graph.value(`${x!.label}.gradient`, x!.shape, "f32", x!.channels);
    scaleStep(graph, dy, dx, scale);
    return [dx];
  }),
];
