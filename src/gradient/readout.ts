import probabilityBack from "../kernels/generated/probability-back.wgsl.ts";
import probabilityTerms from "../kernels/generated/probability-terms.wgsl.ts";
import { lanes } from "../kernels/lanes.ts";
import { PICK, PROBABILITY, pick } from "../kernels/readout/classify.ts";
import { elements, type Value } from "../runtime/graph.ts";
import { type Rules, rule, type Visit } from "./rule.ts";

// Tests: test/gradient/maps.test.ts

type Attributes = NonNullable<(typeof PROBABILITY)["attributes"]>;

/** The gradient of a probability by the logits x. */
function logitsBack({ graph, inputs, dy, held, take, attributes }: Visit<Attributes>): Value {
  const [x] = inputs as readonly [Value];
  const { range, channel, sampling } = attributes;
  const [, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const [n = 1, outHeight = 1, outWidth = 1] = dy.shape;
  const terms = graph.value(`${x.label}.terms`, [n, outHeight, outWidth, 2]);
  const dx = graph.value(`${x.label}.gradient`, x.shape, "f32", x.channels);
  const params = {
    ...{ vectors: stored / 4, inHeight, inWidth, outHeight, outWidth },
    ...{ first: range.first, count: range.count, channel },
  };
  const CORNER = sampling === "corner";
  const pixels = elements(dy.shape);
  const logits = held(x);
  graph.step(probabilityTerms, { x: logits, dy, terms }, { ...params, total: pixels }, lanes(pixels), {
    choices: { CORNER },
  });
  const addend = take(0);
  const total = elements(x.shape) / 4;
  graph.step(probabilityBack, { x: logits, terms, addend: addend ?? logits, dx }, { ...params, total }, lanes(total), {
    choices: { CORNER, ADD: addend !== undefined },
  });
  return dx;
}

/** The order that puts channels back where another took them from. */
function inverse(order: readonly number[]): number[] {
  const back = new Array<number>(order.length);
  order.forEach((from, to) => {
    back[from] = to;
  });
  return back;
}

export const READOUT: Rules = [
  rule(PICK, ({ graph, dy, attributes: { order } }) => [pick(graph, dy, inverse(order))]),
  rule(PROBABILITY, (visit) => [visit.wants(0) ? logitsBack(visit) : undefined, visit.wants(1) ? visit.dy : undefined]),
];
