import { afterAll, beforeAll, expect, test } from "vitest";
import { type Pooling, poolMax } from "../../src/kernels/maps/pool.ts";
import type { Device } from "../../src/runtime/device.ts";
import { requestDevice } from "../gpu.ts";
import { at, each, noiseMap, worstError } from "../kernels/reference.ts";
import { backward, TARGETS } from "./reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const pair = (value: number | readonly number[]): readonly [number, number] =>
  typeof value === "number" ? [value, value] : [value[0]!, value[1]!];

/** Each window's gradient goes to its largest pixel, the first of equals in the order of memory. */
test.each<[string, Pooling]>([
  ["2 by 2, as VGG's", { size: 2, stride: 2 }],
  ["3 by 3 that overlap, as AlexNet's", { size: 3, stride: 2 }],
  ["3 by 3 in a frame, as ResNet's", { size: 3, stride: 2, pad: 1 }],
  ["beyond the border, as SqueezeNet's", { size: 3, stride: 2, ceil: true }],
  ["padded, oblong and dilated", { size: [2, 3], stride: [1, 2], dilation: [2, 1], pad: [1, 0, 1, 1] }],
  ["without the first row and two columns", { size: 2, stride: 2, pad: [-1, -2, 0, 0] }],
])("%s", async (_, pooling) => {
  const x = noiseMap(3, [2, 8, 10, 6]);
  // Few values, so that windows have equals.
  x.data.forEach((value, i) => {
    x.data[i] = Math.round(2 * value);
  });
  const [size, stride] = [pair(pooling.size), pair(pooling.stride)];
  const dilation = pair((pooling.dilation as number | readonly number[]) ?? 1);
  const { pad = 0 } = pooling;
  const [top, left] = typeof pad === "number" ? [pad, pad] : pad;
  for (const target of TARGETS) {
    const { dy, gradients } = await backward(device, target, [x], (graph, [value]) => poolMax(graph, value!, pooling));
    // Sums in the order of the windows, as PyTorch's.
    const expected = new Float32Array(x.data.length);
    each(dy, (image, row, column, channel, from) => {
      let best: number | undefined;
      for (let k = 0; k < size[0]; k += 1) {
        for (let l = 0; l < size[1]; l += 1) {
          const [y, z] = [row * stride[0] + k * dilation[0] - top, column * stride[1] + l * dilation[1] - left];
          if (y < 0 || z < 0 || y >= x.height || z >= x.width) continue;
          const place = at(x, image, y, z, channel);
          if (best === undefined || x.data[place]! > x.data[best]!) best = place;
        }
      }
      expected[best!]! += dy.data[from]!;
    });
    expect(worstError(gradients[0]!, expected)).toBe(0);
  }
});
