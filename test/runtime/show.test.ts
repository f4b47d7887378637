import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { heatColors } from "../../src/runtime/colormap.ts";
import type { Device } from "../../src/runtime/device.ts";
import { prepareDrawing } from "../../src/runtime/draw.ts";
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

  test("is drawn with what was prepared for its format, and without where that failed", async () => {
    const prepared = vi.spyOn(device.gpu, "createRenderPipelineAsync");
    const create = vi.spyOn(device.gpu, "createRenderPipeline");
    for (let again = 0; again < 2; again += 1) await prepareDrawing(device, "rgba16float");
    const texture = device.gpu.createTexture({ size: [4, 4], format: "rgba16float", usage: RENDER_ATTACHMENT });
    show(image, { getCurrentTexture: () => texture } as unknown as GPUCanvasContext);
    await device.idle();
    texture.destroy();
    expect([prepared.mock.calls.length, create.mock.calls.length]).toEqual([1, 0]);
    await prepareDrawing(device, "r32uint"); // whole numbers, which it does not draw
    expect(prepared).toHaveBeenCalledTimes(2);
    prepared.mockRestore();
    create.mockRestore();
  });

  test("fills the canvas, in whatever format, and again in the first", async () => {
    expectShown(await drawn((context) => show(image, context, { image: 1 }), { scale: 3 }), 1, [0, 1, 2], [-1, 1], 3);
    expectShown(await drawn((context) => show(image, context), { format: "bgra8unorm" }), 0, [2, 1, 0]);
    expectShown(await drawn((context) => show(image, context)), 0, [0, 1, 2]);
  });
});

describe("a channel", () => {
  const [CHANNEL, SCALE] = [2, 4];
  /**
   * The channel of the first image at a place in cells, between them as half-pixel bilinear has it.
   */
  function activation(y: number, x: number, smooth: boolean): number {
    const cell = (row: number, column: number) => values[(row * WIDTH + column) * CHANNELS + CHANNEL]!;
    const within = (at: number, most: number) => Math.min(most - 1, Math.max(0, at));
    if (!smooth) return cell(within(Math.floor(y), HEIGHT), within(Math.floor(x), WIDTH));
    const [row, column] = [within(y - 0.5, HEIGHT), within(x - 0.5, WIDTH)];
    const [top, left] = [Math.floor(row), Math.floor(column)];
    const [bottom, right] = [within(top + 1, HEIGHT), within(left + 1, WIDTH)];
    const [down, across] = [row - top, column - left];
    const above = cell(top, left) * (1 - across) + cell(top, right) * across;
    return above * (1 - down) + (cell(bottom, left) * (1 - across) + cell(bottom, right) * across) * down;
  }
  /** Every pixel's place in cells, row by row. */
  const places = Array.from({ length: HEIGHT * SCALE * WIDTH * SCALE }, (_, pixel) => {
    const [y, x] = [Math.floor(pixel / (WIDTH * SCALE)), pixel % (WIDTH * SCALE)];
    return [(y + 0.5) / SCALE, (x + 0.5) / SCALE] as const;
  });
  const close = (pixels: number[][], expected: (y: number, x: number) => readonly number[], off: number) => {
    places.forEach(([y, x], pixel) => {
      expected(y, x).forEach((value, c) => {
        expect(Math.abs(pixels[pixel]![c]! - value), `${pixel} ${c}`).toBeLessThanOrEqual(off);
      });
    });
  };
  const share = (value: number) => Math.min(1, Math.max(0, (value + 1) / 2));
  const heat = (value: number): number[] => {
    const at = 3 * Math.floor(255 * share(value) + 0.5);
    return [...heatColors().subarray(at, at + 3)];
  };

  test.each([false, true])("in grey is its own cells, or what lies between them (smooth: %s)", async (smooth) => {
    const draw = (context: GPUCanvasContext) => show(image, context, { channel: CHANNEL, smooth });
    const grey = (y: number, x: number) => Array(3).fill(255 * share(activation(y, x, smooth)));
    close(await drawn(draw, { scale: SCALE }), grey, 0.51);
  });

  test("as a heat map has the map's colours", async () => {
    const draw = (context: GPUCanvasContext) => show(image, context, { channel: CHANNEL, colors: "heat" });
    close(await drawn(draw, { scale: SCALE }), (y, x) => heat(activation(y, x, false)), 0.51);
  });

  test("lies over an image, as much as told", async () => {
    const picture = Float32Array.from({ length: 2 * 2 * 3 }, (_, at) => at / 6 - 1);
    using over = Tensor.from(device, "picture", [1, 2, 2, 3], "f32", picture);
    for (const opacity of [undefined, 0, 0.25]) {
      const options = { channel: CHANNEL, colors: "heat", over, ...(opacity !== undefined && { opacity }) } as const;
      const mixed = (y: number, x: number) =>
        heat(activation(y, x, false)).map((value, c) => {
          const pixel = 2 * Math.floor((2 * y) / HEIGHT) + Math.floor((2 * x) / WIDTH);
          const below = 255 * (picture[3 * pixel + c]! * 0.5 + 0.5);
          return below + share(activation(y, x, false)) * (opacity ?? 0.8) * (value - below);
        });
      close(await drawn((context) => show(image, context, options), { scale: SCALE }), mixed, 0.51);
    }
  });

  test("is outlined where it is above a level, and half as bright where it is not", async () => {
    const level = 0.15;
    const draw = (context: GPUCanvasContext) => show(image, context, { channel: CHANNEL, level });
    const pixels = await drawn(draw, { scale: SCALE });
    const on = (y: number, x: number) => activation(y, x, false) > level;
    let rings = 0;
    close(
      pixels,
      (y, x) => {
        const grey = 255 * share(activation(y, x, false));
        if (!on(y, x)) return Array(3).fill(grey / 2);
        const step = 1 / SCALE;
        const around = on(y - step, x) && on(y + step, x) && on(y, x - step) && on(y, x + step);
        rings += Number(!around);
        return around ? Array(3).fill(grey) : [255, 255, 0];
      },
      0.51,
    );
    expect(rings).toBeGreaterThan(20);
    expect(rings).toBeLessThan(places.length / 2);
  });

  test("that is the same everywhere is shown without a range to divide by", async () => {
    const options = { channel: CHANNEL, range: [0.5, 0.5] } as const;
    for (const rgba of await drawn((context) => show(image, context, options))) expect(rgba[3]).toBe(255);
  });
});

describe("a canvas", () => {
  const texture = () =>
    device.gpu.createTexture({ size: [5, 3], format: "rgba8unorm", usage: COPY_SRC | RENDER_ATTACHMENT });
  /** A canvas's context as browsers have it, which gives no texture before it is configured. */
  class Context {
    readonly configurations: GPUCanvasConfiguration[] = [];
    texture: GPUTexture | undefined;
    fails = "";
    configure(configuration: GPUCanvasConfiguration) {
      this.configurations.push(configuration);
      this.texture = texture();
    }
    getCurrentTexture() {
      if (this.fails) throw new DOMException("no", this.fails);
      if (!this.texture) throw new DOMException("Not configured.", "InvalidStateError");
      return this.texture;
    }
  }
  const asContext = (context: Context) => context as unknown as GPUCanvasContext;

  test("is configured once, for the tensor's device, in the format that the page prefers", () => {
    const context = new Context();
    const canvas = { getContext: (kind: string) => (kind === "webgpu" ? context : null) } as unknown as OffscreenCanvas;
    show(image, canvas);
    show(image, canvas);
    expect(context.configurations).toEqual([{ device: device.gpu, format: "bgra8unorm", alphaMode: "opaque" }]);
    vi.stubGlobal("navigator", { gpu: { getPreferredCanvasFormat: () => "rgba8unorm" } });
    const other = new Context();
    show(image, asContext(other));
    vi.unstubAllGlobals();
    expect(other.configurations.map(({ format }) => format)).toEqual(["rgba8unorm"]);
  });

  test("that its owner configured is left as it is", () => {
    const context = new Context();
    context.texture = texture();
    show(image, asContext(context));
    expect(context.configurations).toEqual([]);
  });

  test("is configured anew for another device", async () => {
    const second = await requestDevice();
    using map = Tensor.from(second, "map", [1, 1, 1, 4], "f32", new Float32Array(4));
    const context = new Context();
    show(image, asContext(context));
    const configure = vi.spyOn(context, "configure").mockImplementation((configuration) => {
      context.texture = second.gpu.createTexture({ size: [5, 3], format: "rgba8unorm", usage: RENDER_ATTACHMENT });
      context.configurations.push(configuration);
    });
    show(map, asContext(context));
    configure.mockRestore();
    expect(context.configurations.map((one) => one.device)).toEqual([device.gpu, second.gpu]);
    second.dispose();
  });

  test("with another context is refused, and other troubles are its own", () => {
    const taken = { getContext: () => null } as unknown as HTMLCanvasElement;
    expect(() => show(image, taken)).toThrow("This canvas gives no WebGPU context");
    const context = new Context();
    context.fails = "OperationError";
    expect(() => show(image, asContext(context))).toThrow("no");
    expect(context.configurations).toEqual([]);
  });
});

test.each([
  [{ channel: 1, colors: "jet" }, 'no colors "jet"'],
  [{ colors: "heat" }, "for one channel"],
  [{ level: 1 }, "for one channel"],
  [{ channel: 1, opacity: 1.5 }, "1.5 is no opacity"],
  [{ channel: 1, opacity: Number.NaN }, "NaN is no opacity"],
  [{ chanel: 1 }, "Did you mean channel"],
])("%j is refused", (options, message) => {
  expect(() => show(image, {} as GPUCanvasContext, options as object)).toThrow(message);
});

test("images to lay it over that are none are refused", () => {
  using flat = Tensor.create(device, "flat", [3, 5, 4], "f32");
  using one = Tensor.create(device, "one", [1, 3, 5, 4], "f32");
  using two = Tensor.create(device, "two", [2, 3, 5, 2], "f32");
  for (const over of [flat, one, two]) {
    expect(() => show(image, {} as GPUCanvasContext, { image: 1, channel: 0, over })).toThrow("has no image 1 in RGB");
  }
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
