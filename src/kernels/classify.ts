import { elements, type Graph, type Value } from "../runtime/graph.ts";
import argmaxKernel from "./argmax.wgsl.ts";
import { lanes } from "./pointwise.ts";
import softmaxKernel from "./softmax.wgsl.ts";

/** The channel of the largest of x [n, h, w, c] at every pixel of its bilinear resize: [n, height, width] u32. */
export function argmax(graph: Graph, x: Value, height: number, width: number): Value {
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const labels = graph.value(`${x.label}.argmax`, [n, height, width], "u32");
  const total = elements(labels.shape);
  graph.step(
    argmaxKernel,
    { x, labels },
    { channels: x.channels, vectors: stored / 4, inHeight, inWidth, outHeight: height, outWidth: width, total },
    lanes(total),
  );
  return labels;
}

/** The sum over `maps` of softmax(resize(map)): a segmenter's probabilities over several input sizes (spec §2.1). */
export function softmaxSum(graph: Graph, maps: readonly Value[], height: number, width: number): Value {
  const [n = 1, , , stored = 4] = maps[0]!.shape;
  const y = graph.map(`${maps[0]!.label}.probability`, n, height, width, maps[0]!.channels);
  const total = n * height * width;
  maps.forEach((x, index) => {
    const [, inHeight = 1, inWidth = 1] = x.shape;
    graph.step(
      softmaxKernel,
      { x, y },
      {
        channels: x.channels,
        vectors: stored / 4,
        inHeight,
        inWidth,
        outHeight: height,
        outWidth: width,
        total,
        first: index === 0 ? 1 : 0,
      },
      lanes(total),
    );
  });
  return y;
}
