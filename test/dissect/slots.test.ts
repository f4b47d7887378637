import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Slots } from "../../src/dissect/slots.ts";
import type { Device } from "../../src/runtime/device.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";
import { LABELS } from "./batches.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

describe("slots", () => {
  test("are those assigned, 0 for other labels and for a label that the pixel has already", async () => {
    const labelMaps = Tensor.from(
      device,
      "labels",
      [2, 3, 2, 2],
      "u32",
      Uint32Array.of(1, 2, 0, 5, 1, 3, 0, 4, 2, 3, 4, 5, /* second image */ 5, 4, 3, 2, 0, 0, 0, 2, 5, 3, 3, 2),
    );
    const slots = await Slots.create(device, { labelMaps, labels: LABELS.length });
    slots.assign([4, 1, 3]);
    slots.update();
    expect([...(await slots.maps.read())]).toEqual([
      ...[2, 0, 0, 0, /**/ 0, 3, 0, 1, /**/ 0, 0, 1, 0],
      ...[0, 1, 3, 0, /**/ 0, 0, 0, 0, /**/ 0, 3, 0, 0],
    ]);
    slots.assign([5]);
    slots.update();
    expect([...(await slots.maps.read())].map((slot, at) => (slot > 0 ? at : -1)).filter((at) => at >= 0)).toEqual([
      3, 12,
    ]);
    slots.dispose();
    labelMaps.dispose();
  });
});
