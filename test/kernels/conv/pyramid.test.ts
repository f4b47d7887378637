import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Activation } from "../../../src/kernels/conv/activation.ts";
import { convOfPyramid } from "../../../src/kernels/conv/pyramid.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice, targetsHere } from "../../gpu.ts";
import { expectLinear } from "../linear.ts";
import { at, Bench, conv64, type Extents, each, noiseMap, resize64, zeros } from "../reference.ts";
import { filterOf, numbers } from "./filters.ts";

const TARGETS = await targetsHere();

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

describe.each(TARGETS)("a convolution of a pyramid on a %s target", (target) => {
  test.each<readonly [string, parts: readonly Extents[], out: number, Activation]>([
    ["one level", [[2, 5, 4, 6]], 8, "relu"],
    [
      "two levels",
      [
        [2, 6, 8, 5],
        [2, 3, 4, 3],
      ],
      4,
      "relu",
    ],
    [
      "three levels, uneven extents",
      [
        [1, 7, 9, 4],
        [1, 4, 5, 6],
        [1, 2, 3, 3],
      ],
      8,
      "relu",
    ],
    [
      "four levels to one pixel",
      [
        [2, 5, 6, 3],
        [2, 3, 3, 4],
        [2, 2, 1, 5],
        [2, 1, 1, 2],
      ],
      12,
      "none",
    ],
    [
      "many channels",
      [
        [1, 4, 5, 17],
        [1, 2, 3, 18],
      ],
      20,
      "relu",
    ],
  ])("equals the definition: %s", async (_, extents, out, activation) => {
    const parts = extents.map((part, index) => noiseMap(20 + index, part));
    const [n, height, width] = extents[0]!;
    const channels = extents.reduce((sum, part) => sum + part[3], 0);
    const given = numbers(channels, out, 3);
    const bench = new Bench(device, target);
    const values = parts.map((part, index) => bench.map(part, `level ${index}`));
    const filter = filterOf(given, { inChannels: channels, outChannels: out, kernel: 3 });
    const [stored] = await bench.run(convOfPyramid(bench.graph, values, filter, activation));

    const all = zeros([n, height, width, channels]);
    let first = 0;
    for (const part of parts) {
      const same = part.height === height && part.width === width;
      const resized = same ? { ...part, terms: part.data.map(Math.abs) } : resize64(part, height, width);
      each(resized, (i, row, column, c, index) => {
        all.data[at(all, i, row, column, first + c)] = resized.data[index]!;
        all.terms[at(all, i, row, column, first + c)] = resized.terms[index]!;
      });
      first += part.channels;
    }
    const expected = conv64(all, { ...given, kernel: 3, pad: 1, activation });
    // The resizes' terms, weighed.
    const { terms } = conv64({ ...all, data: all.terms }, { ...given, kernel: 3, pad: 1 });
    expectLinear(`pyramid, ${target}`, stored, { ...expected, terms });
  });

  test("refuses other kernels, channels and odd outputs", () => {
    const graph = new Graph(target);
    const parts = [graph.map("a", 1, 4, 4, 3), graph.map("b", 1, 2, 2, 5)];
    for (const [inChannels, outChannels, kernel] of [
      [8, 4, 1],
      [7, 4, 3],
      [8, 6, 3],
    ] as const) {
      const filter = filterOf(numbers(inChannels, outChannels, kernel), { inChannels, outChannels, kernel });
      expect(() => convOfPyramid(graph, parts, filter, "relu")).toThrow(/"y" is no 3×3 convolution of 8/);
    }
  });
});
