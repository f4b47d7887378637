import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Device } from "../../src/runtime/device.ts";
import { show } from "../../src/runtime/show.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";

const [N, HEIGHT, WIDTH, CHANNELS] = [2, 3, 5, 4] as const;
const [COPY_SRC, RENDER_ATTACHMENT, MAP_READ, COPY_DST] = [0x01, 0x10, 0x01, 0x08];
const ROW = 256; // what a row of a copied texture is rounded up to

let device: Device;
let image: Tensor<"f32">;
/** From −1.5 to 1.5: some of it is beyond what is shown. */
const values = Float32Array.from({ length: N * HEIGHT * WIDTH * CHANNELS }, (_, at) => ((at * 37) % 61) / 20 - 1.5);
beforeAll(async () => {
  device = await requestDevice();
  image = Tensor.from(device, "image", [N, HEIGHT, WIDTH, CHANNELS], "f32", values);
});
afterAll(() => {
  image.dispose();
  device.dispose();
});

/** RGBA bytes, `scale` times as large, of what `draw` draws on a canvas. */
async function drawn(
  draw: (context: GPUCanvasContext) => void,
  { scale = 1, format = "rgba8unorm" as GPUTextureFormat } = {},
): Promise<number[][]> {
  const size = [WIDTH * scale, HEIGHT * scale] as const;
  const texture = device.gpu.createTexture({ size, format, usage: COPY_SRC | RENDER_ATTACHMENT });
  draw({ getCurrentTexture: () => texture } as unknown as GPUCanvasContext);
  const buffer = device.gpu.createBuffer({ size: ROW * size[1], usage: MAP_READ | COPY_DST });
  const encoder = device.gpu.createCommandEncoder();
  encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow: ROW }, size);
  device.gpu.queue.submit([encoder.finish()]);
  await buffer.mapAsync(MAP_READ);
  const bytes = new Uint8Array(buffer.getMappedRange().slice(0));
  buffer.destroy();
  texture.destroy();
  return Array.from({ length: size[0] * size[1] }, (_, pixel) => {
    const at = Math.floor(pixel / size[0]) * ROW + 4 * (pixel % size[0]);
    return [...bytes.subarray(at, at + 4)];
  });
}

/**
 * The bytes that these channels of an image should become, or those next to them where a byte is
 * rounded.
 */
function expectShown(pixels: number[][], of: number, channels: readonly number[], [low, high] = [-1, 1], scale = 1) {
  pixels.forEach((rgba, pixel) => {
    const [y, x] = [Math.floor(pixel / (WIDTH * scale) / scale), Math.floor((pixel % (WIDTH * scale)) / scale)];
    const at = ((of * HEIGHT + y) * WIDTH + x) * CHANNELS;
    const expected = channels.map((c) => 255 * Math.min(1, Math.max(0, (values[at + c]! - low) / (high - low))));
    expected.forEach((value, i) => {
      expect(Math.abs(rgba[i]! - value)).toBeLessThanOrEqual(0.51);
    });
    expect(rgba[3]).toBe(255);
  });
}

describe("a map on a canvas", () => {
  test("is its first image in RGB from −1 to 1 unless told", async () => {
    expectShown(await drawn((context) => show(image, context)), 0, [0, 1, 2]);
  });

  test.each([0, 3])("is channel %d of an image in grey, in a range", async (channel) => {
    const range = [-0.5, 1.25] as const;
    const pixels = await drawn((context) => show(image, context, { image: 1, channel, range }));
    expectShown(pixels, 1, [channel, channel, channel], [...range]);
  });

  test("is in RGB where there are just three channels, by one pipeline for a format", async () => {
    const create = vi.spyOn(device.gpu, "createRenderPipeline");
    const rgb = values.filter((_, at) => at % CHANNELS < 3);
    using tensor = Tensor.from(device, "rgb", [N, HEIGHT, WIDTH, 3], "f32", rgb);
    for (let again = 0; again < 2; again += 1) {
      expectShown(await drawn((context) => show(tensor, context)), 0, [0, 1, 2]);
    }
    expect(create.mock.calls.length).toBeLessThanOrEqual(1); // none if another test drew before
    create.mockRestore();
  });

  test("fills the canvas, in whatever format, and again in the first", async () => {
    expectShown(await drawn((context) => show(image, context, { image: 1 }), { scale: 3 }), 1, [0, 1, 2], [-1, 1], 3);
    expectShown(await drawn((context) => show(image, context), { format: "bgra8unorm" }), 0, [2, 1, 0]);
    expectShown(await drawn((context) => show(image, context)), 0, [0, 1, 2]);
  });
});

test.each([{ image: 2 }, { image: -1 }, { image: 0.5 }, { channel: 4 }, { channel: -1 }, { channel: 1.5 }])(
  "%j that it does not have is refused",
  (options) => {
    const context = {} as GPUCanvasContext;
    expect(() => show(image, context, options)).toThrow(/has no image .* or no channel/);
  },
);

test("what is no map is refused, and RGB of two channels", () => {
  using flat = Tensor.create(device, "flat", [3, 5, 4], "f32");
  using two = Tensor.create(device, "two", [1, 3, 5, 2], "f32");
  expect(() => show(flat, {} as GPUCanvasContext)).toThrow("is no [n, h, w, c]");
  expect(() => show(two, {} as GPUCanvasContext)).toThrow("has no image 0 or no channel");
});
