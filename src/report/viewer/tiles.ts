import type { PageData, View } from "./data.ts";
import type { dom } from "./dom.ts";
import type { legend } from "./legend.ts";
import type { Painter } from "./painter.ts";

/** All pictures of one unit. Runs in the page: no imports. */
export function tiles(
  data: PageData,
  { element, byId }: ReturnType<typeof dom>,
  painter: Painter,
  labels: ReturnType<typeof legend>,
) {
  let place = { layerIndex: 0, index: 0 };
  let shown: { canvas: HTMLCanvasElement; image: number; example: number }[] = [];

  /** Goes to a unit; its pictures are empty until they are painted. */
  function fill(layerIndex: number, index: number): void {
    place = { layerIndex, index };
    const unit = data.report.layers[layerIndex]!.units[index]!;
    const images = data.layers[layerIndex]!.features[index]?.images ?? [];
    shown = images.map((image, example) => ({
      image,
      example,
      canvas: element("canvas", { role: "img", "aria-label": `Image ${image}` }),
    }));
    byId("tiles").replaceChildren(
      ...shown.map(({ canvas, image }, i) => {
        const activation = unit.top[i]?.activation ?? null;
        canvas.onpointermove = canvas.onpointerdown = (event) => labels.point(event, canvas, image);
        canvas.onpointerleave = () => labels.invite(shown.length);
        return element(
          "figure",
          {},
          canvas,
          element(
            "figcaption",
            {},
            element("span", {}, `#${image}`),
            element("span", {}, activation === null ? "" : activation.toFixed(2)),
          ),
        );
      }),
      ...(shown.length === 0 ? [element("p", { class: "empty" }, "No pictures of this unit are in this page.")] : []),
    );
    labels.invite(shown.length);
  }

  /** Paints them, unless the page has gone on to another unit while the pictures were loaded. */
  async function paint(current: () => { readonly view: View; readonly level: number }): Promise<void> {
    const now = shown;
    const { layerIndex, index } = place;
    const pictures = await Promise.all(now.map(({ image }) => painter.load(image)));
    if (now !== shown) return;
    const { view, level } = current();
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const [high, wide] = data.pictures.shape;
    now.forEach(({ canvas, example }, i) => {
      const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
      const height = Math.max(1, Math.round((width * high) / wide));
      canvas.width = width;
      canvas.height = height;
      const what = { layer: layerIndex, unit: index, example, view, level };
      painter.paint(canvas.getContext("2d")!, { x: 0, y: 0, width, height }, pictures[i]!, what);
    });
    byId("tiles").dataset["painted"] = `${layerIndex}/${index} ${view}`;
  }

  return { fill, paint, images: () => shown.map(({ image }) => image) };
}
