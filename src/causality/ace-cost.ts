import { defaultSegmentationSize, labelGrid } from "../dissect/options.ts";
import { gradient } from "../gradient/gradient.ts";
import type { Generator } from "../models/generator.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { Graph } from "../runtime/graph.ts";
import { type AceOptions, settleAce } from "./ace-options.ts";
import { appendResponse } from "./response.ts";

/** Floating-point operations of each phase, as the device will run them. */
export interface AceCost {
  /** Finding where the concept is. */
  readonly present: number;
  /** Finding where it can be put. */
  readonly candidates: number;
  /** Learning α: forward and back. */
  readonly optimise: number;
  /** Evaluating α before the first epoch and after each. */
  readonly evaluate: number;
  /** All of these. */
  readonly total: number;
}

/**
 * What `ace` will cost with these options, wherever α starts, before anything runs.
 * @throws UsageError as `ace` does.
 */
export function aceCost(generator: Generator, segmenter: Segmenter, options: Omit<AceOptions, "initial">): AceCost {
  // Costs nothing, wherever it is.
  const initial = new Float32Array(generator.layer(options.layer).channels).fill(1);
  const { layer, concept, grid, searchSize, trainSize, evalSize, places, epochs, batch } = settleAce(
    generator,
    segmenter,
    { ...options, initial },
  );
  const flops = (append: (graph: Graph) => void): number => flopsOf(generator, segmenter, append) / batch;
  const head = flops((graph) => generator.append(graph, batch, { until: layer }));
  const whole = flops((graph) => {
    segmenter.append(graph, generator.append(graph, batch)[segmenter.reads]!, grid);
  });
  const response = {
    generator,
    segmenter,
    layer,
    concept,
    extent: grid,
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

/**
 * What ranking units by IoU on so many images costs (`dissect`): as many again choose the levels.
 */
export function rankingCost(generator: Generator, segmenter: Segmenter, size: number): number {
  const grid = labelGrid(generator, defaultSegmentationSize(generator, segmenter));
  const image = flopsOf(generator, segmenter, (graph) => {
    segmenter.append(graph, generator.append(graph, 1)[segmenter.reads]!, grid);
  });
  return 2 * size * image;
}

/**
 * What curves of so many steps cost (`ablateEverywhere`): images as they are, and after each step
 * of each.
 */
export function curvesCost(
  generator: Generator,
  segmenter: Segmenter,
  options: { readonly layer: string; readonly size: number; readonly steps: number; readonly curves: number },
): number {
  const { layer, size, curves } = options;
  const steps = Math.min(options.steps, generator.layer(layer).channels);
  const head = flopsOf(generator, segmenter, (graph) => generator.append(graph, 1, { until: layer }));
  const tail = flopsOf(generator, segmenter, (graph) => {
    const values = generator.append(graph, 1, { from: layer, editable: [layer] });
    segmenter.append(graph, values[segmenter.reads]!, [generator.height, generator.width]);
  });
  return size * (head + (1 + curves * steps) * tail);
}

function flopsOf({ device }: Generator, { storage }: Segmenter, append: (graph: Graph) => void): number {
  const graph = new Graph(device.target, storage, device.tuned);
  append(graph);
  return graph.flops;
}
