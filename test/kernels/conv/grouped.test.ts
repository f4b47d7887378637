import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { grouped } from "../../../src/kernels/conv/grouped.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice, targetsHere } from "../../gpu.ts";
import { expectLinear } from "../linear.ts";
import { Bench, conv64, noiseMap } from "../reference.ts";
import { type Case, filterOf, numbers, optionsOf } from "./filters.ts";

const TARGETS = await targetsHere();

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

interface Grouped extends Case {
  readonly groups: number;
  readonly residual?: true;
  /** What runs. */
  readonly by: RegExp;
}

describe.each(TARGETS)("a convolution in groups on a %s target", (target) => {
  test.each<Grouped>([
    { name: "two groups of vectors", x: [2, 5, 4, 8], out: 16, kernel: 3, pad: 1, groups: 2, by: /^conv-groups/ },
    { name: "three that share vectors", x: [1, 5, 6, 6], out: 9, kernel: 3, pad: 1, groups: 3, by: /^conv-groups/ },
    {
      name: "seven, activated onto a residual",
      x: [1, 4, 5, 14],
      out: 7,
      kernel: 3,
      stride: 2,
      pad: 1,
      activation: "relu",
      residual: true,
      groups: 7,
      by: /^conv-groups/,
    },
    {
      name: "axes apart",
      x: [1, 8, 9, 10],
      out: 15,
      kernel: [3, 2],
      stride: [2, 1],
      dilation: [1, 3],
      pad: [0, 2, 1, 3],
      activation: "leaky",
      groups: 5,
      by: /^conv-groups/,
    },
    { name: "two filters a channel", x: [1, 5, 4, 6], out: 12, kernel: 3, pad: 1, groups: 6, by: /^conv-groups/ },
    { name: "a filter a channel", x: [1, 5, 4, 6], out: 6, kernel: 3, pad: 1, groups: 6, by: /^depthwise/ },
    { name: "one group", x: [1, 5, 4, 6], out: 7, kernel: 3, pad: 1, groups: 1, by: /^conv-(register|subgroup|tiled)/ },
  ])("equals the definition: $name", async (settings) => {
    const { x, out, kernel, groups, by } = settings;
    const options = { ...optionsOf(settings), groups };
    const [input, given] = [noiseMap(1, x), numbers(x[3] / groups, out, kernel)];
    const shape = conv64(input, { ...given, kernel, ...options });
    const residual = settings.residual && noiseMap(5, [shape.n, shape.height, shape.width, out]);
    const bench = new Bench(device, target);
    const filter = filterOf(given, { inChannels: x[3], outChannels: out, kernel });
    const addend = residual && { residual: bench.map(residual, "residual") };
    const y = grouped(bench.graph, bench.map(input), filter, { ...options, ...addend });
    for (const step of bench.graph.steps) expect(step.kernel.name).toMatch(by);
    const [stored] = await bench.run(y);
    expectLinear(`grouped, ${target}`, stored, conv64(input, { ...given, kernel, ...options, residual }));
  });
});

describe("what does not fit", () => {
  const filter = filterOf(numbers(3, 9, 3), { inChannels: 6, outChannels: 9, kernel: 3 });
  test.each<readonly [string, (graph: Graph) => void, RegExp]>([
    ["channels", (graph) => grouped(graph, graph.map("x", 1, 4, 4, 5), filter, { groups: 3 }), /"y" takes 6 channels/],
    ["groups", (graph) => grouped(graph, graph.map("x", 1, 4, 4, 6), filter, { groups: 2 }), /cannot be in 2 groups/],
    ["half groups", (graph) => grouped(graph, graph.map("x", 1, 4, 4, 6), filter, { groups: 1.5 }), /in 1.5 groups/],
    [
      "a residual",
      (graph) =>
        grouped(graph, graph.map("x", 1, 4, 4, 6), filter, { groups: 3, residual: graph.map("r", 1, 3, 2, 9) }),
      /"r" \[1,3,2,12\] cannot be added/,
    ],
  ])("%s", (_, build, message) => {
    expect(() => build(new Graph("gpu"))).toThrow(
      expect.objectContaining({ code: "shape", message: expect.stringMatching(message) }),
    );
  });
});
