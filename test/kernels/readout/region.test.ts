import { afterAll, beforeAll, expect, test } from "vitest";
import { region } from "../../../src/kernels/readout/region.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { Plan } from "../../../src/runtime/plan.ts";
import { requestDevice } from "../../gpu.ts";
import { EPSILON, noiseMap, pack, random, TOLERANCE } from "../reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

test.each([
  { shape: [1, 1, 1, 4], masks: 1 },
  { shape: [2, 3, 5, 6], masks: 1 },
  { shape: [3, 8, 8, 12], masks: 3 },
  { shape: [2, 13, 17, 5], masks: 2 },
] as const)("%j: the largest under one mask, and the sum under another", async ({ shape, masks }) => {
  const [n, height, width, channels] = shape;
  const x = noiseMap(5, shape);
  const next = random(9);
  const maskOf = () => Float32Array.from({ length: masks * height * width }, () => Math.max(0, 2 * next() - 1));
  const [reach, share] = [maskOf(), maskOf()];
  const graph = new Graph(device.target);
  const values = {
    x: graph.map("x", n, height, width, channels),
    reach: graph.value("reach", [masks, height, width]),
    share: graph.value("share", [masks, height, width]),
  };
  const y = region(graph, values.x, values.reach, values.share);
  using plan = await Plan.compile(device, graph, { keep: [y] });
  plan.tensor(values.x).write(pack(x));
  plan.tensor(values.reach).write(reach);
  plan.tensor(values.share).write(share);
  plan.run();
  const found = await plan.tensor(y).read();
  const stored = values.x.shape[3]!;
  for (let image = 0; image < n; image += 1) {
    for (let unit = 0; unit < channels; unit += 1) {
      let [most, sum, terms] = [Number.NEGATIVE_INFINITY, 0, 0];
      for (let cell = 0; cell < height * width; cell += 1) {
        const at = (image % masks) * height * width + cell;
        const v = x.data[(image * height * width + cell) * channels + unit]!;
        most = Math.max(most, Math.fround(v * reach[at]!));
        sum += v * share[at]!;
        terms += Math.abs(v * share[at]!);
      }
      expect(found[2 * image * stored + unit]).toBe(most);
      expect(Math.abs(found[(2 * image + 1) * stored + unit]! - sum)).toBeLessThanOrEqual(TOLERANCE * EPSILON * terms);
    }
  }
});
