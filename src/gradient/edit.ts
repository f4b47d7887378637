import { EDIT } from "../kernels/edit/edit.ts";
import editBack from "../kernels/generated/edit-back.wgsl.ts";
import editUnits from "../kernels/generated/edit-units.wgsl.ts";
import sumKernel from "../kernels/generated/sum.wgsl.ts";
import { lanes } from "../kernels/lanes.ts";
import { elements, type Value } from "../runtime/graph.ts";
import { type Rules, rule, type Visit } from "./rule.ts";

// Tests: test/gradient/maps.test.ts

/**
 * Pixels that one invocation adds up: a sum's parts are summed in a second step, so that no sum is
 * long and the GPU is full.
 */
const PART = 64;

/** The gradient by x. */
function byFeatures({ graph, inputs, dy, held }: Visit<unknown>): Value {
  const [x, alpha, , mask] = inputs as readonly Value[];
  const [, height = 1, width = 1, stored = 4] = x!.shape;
  const dx = graph.value(`${x!.label}.gradient`, x!.shape, "f32", x!.channels);
  const total = elements(x!.shape) / 4;
  graph.step(
    editBack,
    { alpha: held(alpha!), mask: held(mask!), dy, dx },
    { vectors: stored / 4, pixels: height * width, edits: alpha!.shape[0]!, total },
    lanes(total),
  );
  return dx;
}

/** The gradient by alpha or by value [e, c], summed over the batch's images and pixels. */
function byUnits({ graph, inputs, dy, held }: Visit<unknown>, which: "alpha" | "value"): Value {
  const [x, alpha, value, mask, source] = inputs as readonly Value[];
  const [n = 1, height = 1, width = 1, stored = 4] = x!.shape;
  const [edits = 1] = alpha!.shape;
  const all = n * height * width;
  const count = Math.ceil(all / PART);
  const parts = graph.value(`${x!.label}.${which}.parts`, [count, edits, stored]);
  const total = elements(parts.shape) / 4;
  graph.step(
    editUnits,
    {
      ...{ x: held(x!), alpha: held(alpha!), value: held(value!), mask: held(mask!) },
      ...{ source: source ? held(source) : dy, dy, parts },
    },
    { vectors: stored / 4, pixels: height * width, edits, all, size: PART, total },
    lanes(total),
    { choices: { VALUE: which === "value", COPIES: source !== undefined } },
  );
  const sum = graph.value(`${x!.label}.${which}.gradient`, [edits, stored], "f32", alpha!.channels);
  const vectors = elements(sum.shape) / 4;
  graph.step(sumKernel, { x: parts, y: sum }, { parts: count, total: vectors }, lanes(vectors));
  return sum;
}

export const EDITS: Rules = [
  rule(
    EDIT,
    (visit) => [
      visit.wants(0) ? byFeatures(visit) : undefined,
      visit.wants(1) ? byUnits(visit, "alpha") : undefined,
      visit.wants(2) ? byUnits(visit, "value") : undefined,
    ],
    3,
  ),
];
