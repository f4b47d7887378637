import type { PageData, State } from "./data.ts";
import type { Painter } from "./painter.ts";

/**
 * Paints the strip of a unit's card: its first pictures side by side. Runs in the page: no imports.
 */
export function strip(data: PageData, painter: Painter) {
  const [count, gap] = [5, 4];

  /**
   * Paints a card's canvas, unless the page has gone on to another layer or list while the pictures
   * were loaded.
   */
  return async (canvas: HTMLCanvasElement, current: () => { state: State; layerIndex: number }): Promise<void> => {
    const { state, layerIndex } = current();
    const index = Number(canvas.dataset["index"]);
    const images = data.layers[layerIndex]!.features[index]!.images.slice(0, count);
    const pictures = await Promise.all(images.map(painter.load));
    if (current().layerIndex !== layerIndex || !canvas.isConnected) return;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const width = Math.round(((canvas.clientWidth - gap * (count - 1)) / count) * ratio);
    if (width < 1) return;
    const [high, wide] = data.pictures.shape;
    const height = Math.max(1, Math.round((width * high) / wide));
    canvas.width = Math.round(width * count + gap * ratio * (count - 1));
    canvas.height = height;
    const context = canvas.getContext("2d")!;
    const level = data.report.layers[layerIndex]!.units[index]!.level ?? 0;
    pictures.forEach((picture, example) => {
      const frame = { x: Math.round(example * (width + gap * ratio)), y: 0, width, height };
      const { view } = current().state;
      painter.paint(context, frame, picture, { layer: layerIndex, unit: index, example, view, level });
    });
    canvas.dataset["painted"] = state.view;
  };
}
