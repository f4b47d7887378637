import type { covering } from "./covering.ts";
import type { Frame, PageData, Shown } from "./data.ts";

/**
 * Draws a unit's pictures from its raw feature maps, at whatever resolution is asked. Runs in the
 * page: no imports.
 */
export function painter({ pictures }: PageData, cover: ReturnType<typeof covering>) {
  const images = new Map<number, Promise<HTMLImageElement>>();
  const scratch = document.createElement("canvas");

  /** The picture of an image number, decoded when first asked for. */
  function load(image: number): Promise<HTMLImageElement> {
    const known = images.get(image);
    if (known) return known;
    const node = new Image();
    node.src = `data:image/${pictures.tiles ? "png" : "jpeg"};base64,${pictures.files[pictures.place[image]!]}`;
    const loading = node.decode().then(() => node);
    images.set(image, loading);
    return loading;
  }

  /** Draws one example into a part of a canvas. */
  function paint(
    context: CanvasRenderingContext2D,
    { x, y, width, height }: Frame,
    picture: HTMLImageElement,
    shown: Shown,
  ): void {
    context.imageSmoothingEnabled = !pictures.tiles;
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, x, y, width, height);
    if (shown.view === "original") return;
    // Drawn through a second canvas, since putImageData would replace the picture instead of
    // covering it.
    scratch.width = width;
    scratch.height = height;
    scratch.getContext("2d")!.putImageData(cover(shown, [height, width]), 0, 0);
    context.drawImage(scratch, x, y);
  }

  return { load, paint };
}

export type Painter = ReturnType<typeof painter>;
