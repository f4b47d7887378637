import { ShapeError } from "../../errors.ts";
import { type Extent, elements, type Graph, type Value } from "../../runtime/graph.ts";
import areasKernel from "../generated/areas.wgsl.ts";
import { lanes } from "../lanes.ts";

// Tests: test/causality/ablation.test.ts

/**
 * Adds to `areas` [n or 1, rows, columns, labels] how many pixels of the label maps [n, channels,
 * height, width] bear each label in each cell of a grid: image by image, or (1) over all images.
 * With `only` a label the table has one column, its own. Cells share `reach`, in pixels, of which
 * cropped maps are the top left corner. Of the channels the first `counted` are looked at, all
 * unless given.
 */
export function areas(
  graph: Graph,
  bindings: { readonly labels: Value; readonly batch: Value; readonly areas: Value },
  only = 0,
  reach?: Extent,
  counted = bindings.labels.shape[1] ?? 1,
): void {
  const [n = 1, channels = 1, height = 1, width = 1] = bindings.labels.shape;
  const [images = 1, rows = 1, columns = 1, labels = 1] = bindings.areas.shape;
  if ((images !== n && images !== 1) || rows > height || columns > width) {
    throw new ShapeError(
      `Areas of [${bindings.labels.shape}] cannot be counted in [${bindings.areas.shape}].`,
      "Give one table or one for each image, of at most as many cells as there are pixels.",
    );
  }
  const stride = images === 1 ? 0 : rows * columns * labels;
  const total = elements(bindings.labels.shape);
  const [reachHeight, reachWidth] = reach ?? [height, width];
  const params = {
    height,
    width,
    reachHeight,
    reachWidth,
    channels,
    counted,
    rows,
    columns,
    labels,
    label: only,
    stride,
    total,
  };
  graph.step(areasKernel, bindings, params, lanes(total));
}
