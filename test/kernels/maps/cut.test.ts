import { afterAll, beforeAll, expect, test } from "vitest";
import { cut, paste } from "../../../src/kernels/maps/cut.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { Plan } from "../../../src/runtime/plan.ts";
import { requestDevice } from "../../gpu.ts";
import { noise } from "../reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const [N, HEIGHT, WIDTH, CHANNELS] = [2, 5, 7, 8];
const at = (image: number, row: number, column: number, c: number, [height, width] = [HEIGHT, WIDTH]) =>
  ((image * height! + row) * width! + column) * CHANNELS + c;

test.each([
  [1, 2],
  [-2, 5],
  [3, -1],
  [-9, 0],
])(
  "a window of 4 × 3 from (%i, %i) on, cut out and put back into another map without its border",
  async (top, left) => {
    const graph = new Graph(device.target);
    const places = graph.value("places", [2, 2], "u32");
    const [x, y] = ["x", "y"].map((label) => graph.map(label, N, HEIGHT, WIDTH, CHANNELS)) as [
      typeof places,
      typeof places,
    ];
    const window = cut(graph, x, { places, place: 1 }, [4, 3]);
    paste(graph, window, { places, place: 0 }, 1, y);
    const plan = await Plan.compile(device, graph, { keep: [window, y] });
    const numbers = noise(3, N * HEIGHT * WIDTH * CHANNELS);
    plan.tensor(x).write(numbers);
    plan.tensor<"u32">(places).write(Uint32Array.of(top + 1, left + 1, top, left));
    plan.run();
    const [cutOut, after] = [await plan.tensor(window).read(), await plan.tensor(y).read()];
    plan.dispose();
    const expected = new Float32Array(after.length);
    for (let image = 0; image < N; image += 1) {
      for (let row = 0; row < 4; row += 1) {
        for (let column = 0; column < 3; column += 1) {
          const [r, k] = [top + row, left + column];
          const inside = r >= 0 && k >= 0 && r < HEIGHT && k < WIDTH;
          for (let c = 0; c < CHANNELS; c += 1) {
            const value = inside ? numbers[at(image, r, k, c)]! : 0;
            expect(cutOut[at(image, row, column, c, [4, 3])]).toBe(value);
            const pasted = inside && row >= 1 && row <= 2 && column === 1;
            if (pasted) expected[at(image, r, k, c)] = value;
          }
        }
      }
    }
    expect(after).toEqual(expected);
  },
);
