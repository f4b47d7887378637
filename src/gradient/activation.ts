import { ACTIVATIONS, type Activation } from "../kernels/conv/activation.ts";
import activationBack from "../kernels/generated/activation-back.wgsl.ts";
import { lanes } from "../kernels/lanes.ts";
import { elements, type Value } from "../runtime/graph.ts";
import type { Visit } from "./rule.ts";

// Tests: test/gradient/conv.test.ts, test/gradient/maps.test.ts

/** The gradient before an operation's activation, which is read off the operation's output. */
export function beforeActivation(
  { graph, output, dy, held }: Pick<Visit<unknown>, "graph" | "output" | "dy" | "held">,
  activation: Activation = "none",
): Value {
  if (activation === "none") return dy;
  const dz = graph.value(`${output.label}.linear.gradient`, dy.shape, "f32", dy.channels);
  const total = elements(dy.shape) / 4;
  graph.step(activationBack, { y: held(output), dy, dz }, { total }, lanes(total), {
    choices: { ACTIVATION: ACTIVATIONS[activation] },
  });
  return dz;
}
