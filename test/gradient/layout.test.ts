import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AxisName, type Extents, reshape, shuffle, stack, transpose } from "../../src/kernels/maps/layout.ts";
import { scale } from "../../src/kernels/maps/scale.ts";
import { type Axis, channelwise, separable } from "../../src/kernels/maps/separable.ts";
import type { Device } from "../../src/runtime/device.ts";
import { requestDevice } from "../gpu.ts";
import { channelwise64, reshape64, separable64, shuffle64, stack64, transpose64 } from "../kernels/maps/layout64.ts";
import { type Linear, type Map64, noise, noiseMap, TOLERANCE, worstUnit } from "../kernels/reference.ts";
import { adjoint64, backward, extentsOf } from "./reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const AXIS: Axis = {
  inputs: 5,
  taps: [
    [
      [0, 0.5],
      [4, -1.5],
    ],
    [],
    [[2, 1]],
    [
      [2, 0.25],
      [1, 1],
      [0, -2],
    ],
  ],
};

describe("what moves numbers has the adjoint of its definition", () => {
  const check = async (
    x: Map64,
    build: Parameters<typeof backward>[3],
    forward: (x: Map64) => Linear,
  ): Promise<void> => {
    const { dy, gradients } = await backward(device, "gpu", [x], build);
    expect(worstUnit(gradients[0]!, adjoint64(extentsOf(x), dy, forward))).toBeLessThan(TOLERANCE);
  };

  test("separable", () =>
    check(
      noiseMap(1, [2, 5, 5, 3]),
      (graph, [x]) => separable(graph, x!, AXIS, AXIS, 7),
      (x) => separable64(x, AXIS, AXIS),
    ));

  test("channels", () =>
    check(
      noiseMap(2, [2, 2, 3, 5]),
      (graph, [x]) => channelwise(graph, x!, AXIS, 7),
      (x) => channelwise64(x, AXIS),
    ));

  test.each<readonly [Extents]>([[[30, 1, 1]], [[3, 5, 2]]])("reshape to [%s]", (to) =>
    check(
      noiseMap(3, [2, 2, 3, 5]),
      (graph, [x]) => reshape(graph, x!, to),
      (x) => reshape64(x, to),
    ),
  );

  test("reshape of pixels, which are the same memory", () =>
    check(
      noiseMap(3, [2, 2, 3, 5]),
      (graph, [x]) => transpose(graph, reshape(graph, x!, [5, 6, 1]), ["h", "c", "w"]),
      (x) => transpose64(reshape64(x, [5, 6, 1]), ["h", "c", "w"]),
    ));

  test.each(["cwh", "hcw", "hwc", "wch", "whc"])("transpose to %s", (text) => {
    const order = [...text] as AxisName[];
    return check(
      noiseMap(4, [2, 2, 3, 5]),
      (graph, [x]) => transpose(graph, x!, order),
      (x) => transpose64(x, order),
    );
  });

  test.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])("shuffle, to depth %s, by channel %s", (toDepth, byChannel) =>
    check(
      noiseMap(5, [1, 4, 2, toDepth ? 3 : 12]),
      (graph, [x]) => shuffle(graph, x!, { block: 2, toDepth, byChannel }),
      (x) => shuffle64(x, { block: 2, toDepth, byChannel }),
    ),
  );

  test("scale", () => {
    const factors = noise(6, 5);
    return check(
      noiseMap(7, [2, 2, 3, 5]),
      (graph, [x]) =>
        scale(
          graph,
          x!,
          "y",
          { sources: [], of: () => factors },
          { sources: [], of: () => new Float32Array(5).fill(3) },
        ),
      (x) => {
        const data = x.data.map((v, index) => v * factors[index % 5]!);
        return { ...x, data, terms: data.map(Math.abs) };
      },
    );
  });

  test.each<AxisName>(["c", "h", "w"])("stack along %s, of one part twice", async (axis) => {
    const inputs = [noiseMap(8, [2, 2, 3, 5]), noiseMap(9, [2, 2, 3, 5])];
    const { dy, gradients } = await backward(device, "gpu", inputs, (graph, [a, b]) =>
      stack(graph, "y", [a!, b!, a!], axis),
    );
    const none = { ...inputs[0]!, data: new Float64Array(60) };
    expect(
      worstUnit(
        gradients[0]!,
        adjoint64([2, 2, 3, 5], dy, (x) => stack64([x, none, x], axis)),
      ),
    ).toBeLessThan(TOLERANCE);
    expect(
      worstUnit(
        gradients[1]!,
        adjoint64([2, 2, 3, 5], dy, (x) => stack64([none, x, none], axis)),
      ),
    ).toBeLessThan(TOLERANCE);
  });
});
