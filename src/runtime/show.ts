import { ShapeError, UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { drawTiles } from "./draw.ts";
import { canvasFormat } from "./host.ts";
import type { Tensor } from "./tensor.ts";

/** Options of `show`. */
export interface ShowOptions {
  /** Which image of the batch; 0 unless given. */
  readonly image?: number;
  /** One channel, instead of the first three as RGB. */
  readonly channel?: number;
  /** What becomes the darkest and the brightest; [−1, 1] unless given. */
  readonly range?: readonly [number, number];
  /** Of one channel: "grey" unless given, or "heat", in which equal steps look equal. */
  readonly colors?: "grey" | "heat";
  /** Interpolate between the map's pixels (half-pixel bilinear), instead of showing them. */
  readonly smooth?: boolean;
  /** Images [n, h, w, RGB] in [−1, 1] to lay the map over. */
  readonly over?: Tensor<"f32">;
  /**
   * How much of them is covered, 0…1; 0.8 unless given. Heat covers them so where it is greatest,
   * and not at all where it is least.
   */
  readonly opacity?: number;
  /** Where one channel is above it is outlined in yellow, and the rest half as bright. */
  readonly level?: number;
}

const NAMES: NamesOf<ShowOptions> = {
  image: true,
  channel: true,
  range: true,
  colors: true,
  smooth: true,
  over: true,
  opacity: true,
  level: true,
};

const OPACITY = 0.8;

/**
 * Draws an image of a feature map [n, h, w, c] onto a canvas, of a page or a worker, without
 * reading it back: as a picture, or one channel in grey or as a heat map, over an image, with an
 * outline. A canvas, or a context that has not been, is configured for the tensor's device.
 *
 * @throws ShapeError for a tensor that is no feature map, or an image or channel it does not have;
 *   UsageError for options that make no sense, or a canvas with another context.
 */
export function show(
  tensor: Tensor<"f32">,
  canvas: HTMLCanvasElement | OffscreenCanvas | GPUCanvasContext,
  options: ShowOptions = {},
): void {
  checkNames("show", options, NAMES);
  check(tensor, options);
  const { image = 0, channel = -1, range = [-1, 1], colors = "grey", smooth = false, over, level } = options;
  const { device } = tensor;
  device.check();
  const texture = textureOf("getContext" in canvas ? contextOf(canvas) : canvas, device.gpu);
  const { format, width, height } = texture;
  const laid = over && { picture: over, opacity: options.opacity ?? OPACITY };
  drawTiles(
    device,
    { view: texture.createView(), format, width, height },
    { map: tensor, colors, smooth, over: laid, cover: [1, 1] },
    [{ image, channel, range, level }],
    { columns: 1, width, height },
  );
}

function check(tensor: Tensor<"f32">, options: ShowOptions): void {
  const { image = 0, channel = -1, colors = "grey", over, opacity = OPACITY, level } = options;
  const [n = 0, , , channels = 0] = tensor.shape;
  if (tensor.shape.length !== 4)
    throw new ShapeError(`"${tensor.label}" [${tensor.shape}] is no [n, h, w, c].`, "Give an image or a feature map.");
  const known = Number.isInteger(image) && image >= 0 && image < n;
  const shown =
    options.channel === undefined ? channels >= 3 : Number.isInteger(channel) && channel >= 0 && channel < channels;
  if (!known || !shown) {
    throw new ShapeError(
      `"${tensor.label}" [${tensor.shape}] has no image ${image} or no channel ${channel} to show.`,
      "Give an `image` and a `channel` that it has.",
    );
  }
  if (over && (over.shape.length !== 4 || image >= over.shape[0]! || over.shape[3]! < 3)) {
    throw new ShapeError(
      `"${over.label}" [${over.shape}] has no image ${image} in RGB.`,
      "Give images of the same run.",
    );
  }
  if (colors !== "grey" && colors !== "heat") throw new UsageError(`There are no colors "${colors}".`, 'Use "heat".');
  if (options.channel === undefined && (colors === "heat" || level !== undefined)) {
    throw new UsageError("Colours and levels are for one channel.", "Name it as `channel`.");
  }
  if (!(opacity >= 0 && opacity <= 1)) throw new UsageError(`${opacity} is no opacity.`, "Use a number from 0 to 1.");
}

function contextOf(canvas: HTMLCanvasElement | OffscreenCanvas): GPUCanvasContext {
  const context = canvas.getContext("webgpu") as GPUCanvasContext | null;
  if (context) return context;
  throw new UsageError("This canvas gives no WebGPU context.", "Give one that has no other context.");
}

/** Which device a context was configured for here. */
const configured = new WeakMap<GPUCanvasContext, GPUDevice>();

/** What to draw on; a context is configured if it is not, or was for a device that is gone. */
function textureOf(context: GPUCanvasContext, device: GPUDevice): GPUTexture {
  const known = configured.get(context);
  if (known === undefined || known === device) {
    try {
      return context.getCurrentTexture();
    } catch (cause) {
      // Not every browser has `getConfiguration`, which would say it.
      if ((cause as Partial<DOMException>).name !== "InvalidStateError") throw cause;
    }
  }
  context.configure({ device, format: canvasFormat(), alphaMode: "opaque" });
  configured.set(context, device);
  return context.getCurrentTexture();
}
