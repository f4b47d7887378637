import { expect, test } from "vitest";
import { aceCost, curvesCost, rankingCost } from "../../src/causality/ace-cost.ts";
import type { AceOptions } from "../../src/causality/index.ts";
import { gradient } from "../../src/gradient/gradient.ts";
import { Graph } from "../../src/runtime/graph.ts";
import { useSmallModels } from "../dissect/models.ts";

const LAYER = "layer3";
const OPTIONS = { layer: LAYER, concept: "tree", searchSize: 60, trainSize: 40, evalSize: 4, places: 2, epochs: 3 };

const models = useSmallModels();

const flops = (append: (graph: Graph) => unknown): number => {
  const graph = new Graph(models.device.target, models.segmenter.storage, models.device.tuned);
  append(graph);
  return graph.flops;
};

/** What one image costs to the layer, from it to labels or scores, and back to the edit's α. */
function costs(extent: number) {
  const { generator, segmenter } = models;
  const edited = (graph: Graph, edits: number) =>
    generator.append(graph, 1, { from: LAYER, editable: [{ layer: LAYER, edits }] });
  return {
    head: flops((graph) => generator.append(graph, 1, { until: LAYER })),
    labels: flops((graph) => segmenter.append(graph, edited(graph, 2).image!, extent)),
    score: flops((graph) => segmenter.score(graph, edited(graph, 2).image!, "tree", extent)),
    back: flops((graph) => {
      const { image, edits } = edited(graph, 2);
      gradient(graph, segmenter.score(graph, image!, "tree", extent), [edits.get(LAYER)!.alpha]);
    }),
    whole: flops((graph) => segmenter.append(graph, generator.append(graph, 1).image!, extent)),
  };
}

test("a search costs what its passes of the networks cost, as spec §4.4 counts them", () => {
  const options: Omit<AceOptions, "initial"> = { ...OPTIONS, batch: 10 };
  const { head, labels, score, back, whole } = costs(8);
  const cost = aceCost(models.generator, models.segmenter, options);
  // Every image; every image as it is and at two places; 3 epochs of 40 pairs of images; 4
  // evaluations of 4 pairs.
  const near = (flops: number) => expect.closeTo(flops, -Math.floor(Math.log10(flops)) + 6);
  expect(cost.present).toEqual(near(60 * whole));
  expect(cost.candidates).toEqual(near(60 * head + 180 * labels));
  expect(cost.optimise).toEqual(near(3 * 80 * (head + back)));
  expect(cost.evaluate).toEqual(near(4 * 8 * (4 * head + score + 3 * labels)));
  const { total, ...phases } = cost;
  expect(total).toBe(Object.values(phases).reduce((sum, one) => sum + one, 0));
  for (const one of [head, labels, score, back - score, whole - labels]) expect(one).toBeGreaterThan(0);
});

test("rankings need the images that choose levels, and as many to score them on", () => {
  const { whole } = costs(8);
  expect(rankingCost(models.generator, models.segmenter, 100)).toBe(200 * whole);
});

test("curves need every image as it is, and after each step of each", () => {
  const { generator, segmenter } = models;
  const { head } = costs(16);
  const labels = flops((graph) => {
    segmenter.append(graph, generator.append(graph, 1, { from: LAYER, editable: [LAYER] }).image!, 16);
  });
  const cost = (steps: number, curves: number) =>
    curvesCost(generator, segmenter, { layer: LAYER, size: 7, steps, curves });
  expect(cost(4, 3)).toBe(7 * (head + 13 * labels));
  expect(cost(10, 1)).toBe(7 * (head + 11 * labels));
  expect(cost(30, 1)).toBe(cost(10, 1)); // the layer has ten units
});
