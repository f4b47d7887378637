import { gradient } from "../gradient/gradient.ts";
import type { Generator } from "../models/generator.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { Graph } from "../runtime/graph.ts";
import { type AceOptions, settleAce } from "./ace-options.ts";
import { appendResponse } from "./response.ts";

/** Floating-point operations of each phase, as the device will run them. */
export interface AceCost {
  readonly present: number;
  readonly candidates: number;
  readonly optimise: number;
  readonly evaluate: number;
  readonly total: number;
}

/** What `ace` will cost with these options, before anything runs. @throws UsageError as `ace` does. */
export function aceCost(generator: Generator, segmenter: Segmenter, options: AceOptions): AceCost {
  const { layer, concept, segmentationSize, searchSize, trainSize, evalSize, places, epochs, batch } = settleAce(
    generator,
    segmenter,
    options,
  );
  const { device } = generator;
  /** Of one image. */
  const flops = (append: (graph: Graph) => void): number => {
    const graph = new Graph(device.target, segmenter.storage, device.tuned);
    append(graph);
    return graph.flops / batch;
  };
  const head = flops((graph) => generator.append(graph, batch, { until: layer }));
  const whole = flops((graph) => {
    segmenter.append(graph, generator.append(graph, batch).image!, segmentationSize);
  });
  const response = {
    generator,
    segmenter,
    layer,
    concept,
    extent: segmentationSize,
    edits: 2,
    rows: batch,
    images: batch,
  };
  const mask = flops((graph) => appendResponse(graph, { ...response, of: "mask" }));
  const score = flops((graph) => appendResponse(graph, { ...response, of: "score" }));
  const back = flops((graph) => {
    const { map, edit } = appendResponse(graph, { ...response, of: "score" });
    gradient(graph, map, [edit.alpha]);
  });
  const costs = {
    present: searchSize * whole,
    candidates: searchSize * (head + (1 + places) * mask),
    optimise: 2 * trainSize * epochs * (head + back),
    // The score of both images of a pair, and three times their labels.
    evaluate: 2 * evalSize * (epochs + 1) * (4 * head + score + 3 * mask),
  };
  return { ...costs, total: Object.values(costs).reduce((sum, cost) => sum + cost, 0) };
}
