import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conv } from "../../../src/kernels/conv/conv.ts";
import { depthwise } from "../../../src/kernels/conv/depthwise.ts";
import type { Device } from "../../../src/runtime/device.ts";
import type { Target } from "../../../src/runtime/graph.ts";
import { decodeFloat16, encodeFloat16 } from "../../../src/weights/float16.ts";
import { requestDevice, targetsHere } from "../../gpu.ts";
import { expectLinear, measure } from "../linear.ts";
import { Bench, conv64, double64, type Extents, noiseMap, TOLERANCE, unpack, worstUnit } from "../reference.ts";
import { filterOf, type Numbers, numbers } from "./filters.ts";

const TARGETS = await targetsHere();

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

describe.each(TARGETS)("float16 weights on a %s target", (target) => {
  const float16 = (values: Float32Array): Float32Array => decodeFloat16(encodeFloat16(values));

  interface Half {
    readonly name: string;
    readonly x: Extents;
    readonly out: number;
    readonly kernel: number;
    readonly upsample?: boolean;
    /**
     * Targets whose packed weights are sums of the filter's, which are rounded after they were
     * added up.
     */
    readonly sums?: readonly Target[];
  }
  const CASES: readonly Half[] = [
    { name: "1×1, one vec4 of outputs", x: [1, 3, 5, 4], out: 4, kernel: 1 },
    { name: "3×3", x: [2, 5, 4, 7], out: 13, kernel: 3 },
    { name: "Winograd", x: [1, 5, 4, 17], out: 19, kernel: 3, sums: TARGETS.filter((name) => name !== "gpu") },
    {
      name: "phases of an upsampling",
      x: [1, 3, 4, 5],
      out: 6,
      kernel: 3,
      upsample: true,
      sums: TARGETS,
    },
    {
      name: "taps of an upsampling",
      x: [2, 3, 2, 33],
      out: 5,
      kernel: 3,
      upsample: true,
    },
  ];

  /** What the kernels compute with these numbers, and the definition with `exact` ones. */
  async function both({ x, out, kernel, upsample = false }: Half, given: Numbers, exact: Numbers) {
    const input = noiseMap(1, x);
    const bench = new Bench(device, target, "f16");
    const pad = (kernel - 1) / 2;
    const filter = filterOf(given, { inChannels: x[3], outChannels: out, kernel });
    const y = conv(bench.graph, bench.map(input), filter, { pad, upsample });
    expect(bench.graph.parameters.filter(({ half }) => half)).toHaveLength(1);
    expect(bench.graph.steps.map((step) => step.kernel.name)).toContain(
      { gpu: "conv-tiled", software: "conv-register" }[target as string] ?? "conv-subgroup",
    );
    const [stored] = await bench.run(y);
    return { stored, expected: conv64(upsample ? double64(input) : input, { ...exact, kernel, pad }) };
  }

  test.each(CASES)("are the rounded ones: $name", async (settings) => {
    const { x, out, kernel, sums = [] } = settings;
    const given = numbers(x[3], out, kernel);
    const perOutput = given.weight.length / out;
    const rounded = float16(given.weight.map((w, index) => w * given.scale[Math.floor(index / perOutput)]!));
    const exact = { ...given, weight: rounded, scale: given.scale.map(() => 1) };
    const { stored, expected } = await both(settings, given, exact);
    if (!sums.includes(target)) {
      expectLinear(`float16, ${target}`, stored, expected);
      // And not the ones before rounding.
      const { expected: unrounded } = await both(settings, given, given);
      expect(worstUnit(unpack(stored, out), unrounded)).toBeGreaterThan(4 * TOLERANCE);
    } else {
      // Half a unit in the last of 11 digits is 2¹³ of ours. Right ones measure below 3000.
      const unit = measure(`float16 sums rounded, ${target}`, stored, expected);
      expect(unit).toBeGreaterThan(TOLERANCE);
      expect(unit).toBeLessThan(2 ** 13);
    }
  });

  test.each(CASES)("that need no rounding are exact: $name", async (settings) => {
    const { x, out, kernel } = settings;
    // 64ths between ±½: any path's sums of them, even Winograd's quarters, are float16 numbers.
    const { weight, scale, bias } = numbers(x[3], out, kernel);
    const given = {
      weight: weight.map((w) => Math.round(32 * w) / 64),
      scale: scale.map((_, index) => [1, 0.5, 2][index % 3]!),
      bias,
    };
    const { stored, expected } = await both(settings, given, given);
    expectLinear(`float16 exact, ${target}`, stored, expected);
  });

  test("are not those of depthwise convolutions", async () => {
    const [input, given] = [noiseMap(1, [1, 4, 5, 5]), numbers(1, 5, 3)];
    const bench = new Bench(device, target, "f16");
    const filter = filterOf(given, { inChannels: 5, outChannels: 5, kernel: 3 });
    const [stored] = await bench.run(depthwise(bench.graph, bench.map(input), filter, { pad: 1 }));
    expectLinear("depthwise", stored, conv64(input, { ...given, kernel: 3, pad: 1, depthwise: true }));
  });
});
