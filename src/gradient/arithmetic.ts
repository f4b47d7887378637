import { UsageError } from "../errors.ts";
import binaryBack from "../kernels/generated/binary-back.wgsl.ts";
import { lanes } from "../kernels/lanes.ts";
import { BINARY, binary, binaryChoices, binaryParams } from "../kernels/maps/binary.ts";
import { AXES, extentsOf, transpose } from "../kernels/maps/layout.ts";
import { MATMUL, matmul } from "../kernels/maps/matmul.ts";
import { sum } from "../kernels/maps/reduce.ts";
import { SOFTMAX } from "../kernels/maps/softmax.ts";
import { unary } from "../kernels/maps/unary.ts";
import type { Graph, Value } from "../runtime/graph.ts";
import { type Rules, rule } from "./rule.ts";

/** The gradient by x of what repeats it to the extents of dy. */
function gathered(graph: Graph, dy: Value, x: Value): Value {
  if (dy.shape[0] !== x.shape[0]) {
    throw new UsageError(
      `There is no gradient by "${x.label}", which is the same for all images.`,
      "Take it by something that each image has.",
    );
  }
  const own = extentsOf(x);
  return sum(
    graph,
    dy,
    AXES.filter((_, axis) => own[axis] === 1),
  );
}

const exchanged = (graph: Graph, x: Value): Value => transpose(graph, x, ["c", "w", "h"]);

export const ARITHMETIC: Rules = [
  rule(BINARY, ({ graph, inputs, output, dy, held, wants, attributes }) => {
    const [a, b = a] = inputs as readonly [Value, Value?];
    const choices = binaryChoices(attributes, a, b!, output);
    const params = binaryParams(attributes, a, b!, output);
    return inputs.map((x, index) => {
      if (!wants(index)) return undefined;
      const d = graph.value(`${x!.label}.gradient`, output.shape, "f32", output.channels);
      const bindings = { a: held(a), b: held(b!), dy, d };
      graph.step(binaryBack, bindings, params, lanes(params.total), { choices: { ...choices, BY_B: index === 1 } });
      return gathered(graph, d, x!);
    });
  }),
  rule(MATMUL, ({ graph, inputs, dy, held, wants }) => {
    const [a, b] = inputs as readonly [Value, Value];
    return [
      wants(0) ? gathered(graph, matmul(graph, dy, exchanged(graph, held(b))), a) : undefined,
      wants(1) ? gathered(graph, matmul(graph, exchanged(graph, held(a)), dy), b) : undefined,
    ];
  }),
  // dx = y (dy − Σ dy y); of the logarithm dy − exp(y) Σ dy.
  rule(SOFTMAX, ({ graph, output, dy, held, attributes: { axis, log } }) => {
    const axes = AXES.filter((name) => axis.includes(name));
    const y = held(output);
    if (log) {
      const spread = binary(graph, "mul", unary(graph, y, "exp"), sum(graph, dy, axes));
      return [binary(graph, "sub", dy, spread)];
    }
    const along = sum(graph, binary(graph, "mul", dy, y), axes);
    return [binary(graph, "mul", y, binary(graph, "sub", dy, along))];
  }),
];
