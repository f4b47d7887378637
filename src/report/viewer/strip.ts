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
    const size = Math.round(((canvas.clientWidth - gap * (count - 1)) / count) * ratio);
    if (size < 1) return;
    canvas.width = Math.round(size * count + gap * ratio * (count - 1));
    canvas.height = size;
    const context = canvas.getContext("2d")!;
    const level = data.report.layers[layerIndex]!.units[index]!.level ?? 0;
    pictures.forEach((picture, example) => {
      const square = { x: Math.round(example * (size + gap * ratio)), y: 0, size };
      const { view } = current().state;
      painter.paint(context, square, picture, { layer: layerIndex, unit: index, example, view, level });
    });
    canvas.dataset["painted"] = state.view;
  };
}
