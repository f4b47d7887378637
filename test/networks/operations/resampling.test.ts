import { describe, expect, it } from "vitest";
import { poolAverage, poolMax } from "../../../src/kernels/maps/pool.ts";
import { average, maxpool } from "../../../src/kernels/maps/resample.ts";
import { type Resampling, sample } from "../../../src/kernels/maps/sample.ts";
import { checkedSteps, Results } from "../../../src/networks/operation-list.ts";
import { Graph, type Value } from "../../../src/runtime/graph.ts";

/** What the step appends, or a function by hand; without the functions that are made anew. */
function appended(make: Readonly<Record<string, unknown>> | ((graph: Graph, x: Value) => Value)) {
  const graph = new Graph("gpu");
  const x = graph.map("x", 2, 12, 8, 5);
  let result: Value;
  if (typeof make === "function") result = make(graph, x);
  else {
    const results = new Results(graph, new Map(), 2);
    results.set("x", () => x);
    result = results.append(checkedSteps([make], ["x"])[0]!)();
  }
  const { steps, operations, parameters } = graph;
  return JSON.parse(JSON.stringify({ steps, operations, parameters, result }));
}

const PLAIN: Resampling = {
  mode: "nearest",
  coordinates: "half_pixel",
  rounding: "round_prefer_floor",
  cubic: -0.75,
  excludeOutside: false,
  value: 0,
};

describe("an operation that makes maps smaller or larger", () => {
  it.each<readonly [Readonly<Record<string, unknown>>, (graph: Graph, x: Value) => Value]>([
    [{ op: "maxpool" }, (graph, x) => maxpool(graph, x)],
    [
      { op: "maxpool", ceil: true },
      (graph, x) => poolMax(graph, x, { size: 3, stride: 2, pad: 1, dilation: 1, ceil: true }),
    ],
    [
      { op: "maxpool", size: 2 },
      (graph, x) => poolMax(graph, x, { size: 2, stride: 2, pad: 0, dilation: 1, ceil: false }),
    ],
    [
      { op: "maxpool", size: [3, 2], stride: 1, dilation: [2, 1], pad: [1, 0, 1, 0] },
      (graph, x) => poolMax(graph, x, { size: [3, 2], stride: 1, pad: [1, 0, 1, 0], dilation: [2, 1], ceil: false }),
    ],
    [{ op: "average", size: 4 }, (graph, x) => average(graph, x, 3, 2)],
    [
      { op: "average", size: [3, 2] },
      (graph, x) => poolAverage(graph, x, { size: [3, 2], stride: [3, 2], countPad: false }),
    ],
    [
      { op: "average", size: 3, stride: 2, pad: 1, countPad: true },
      (graph, x) => poolAverage(graph, x, { pad: 1, size: 3, stride: 2, countPad: true }),
    ],
    [{ op: "resample", height: 5, width: 3 }, (graph, x) => sample(graph, x, [5, 3], PLAIN, undefined)],
    [
      {
        ...{ op: "resample", height: 5, width: 3, mode: "cubic", coordinates: "tf_crop_and_resize", nearest: "ceil" },
        ...{ cubic: -0.5, excludeOutside: true, scales: [0.4, 0.3], roi: [0, 0.5, 1, 2], value: 7 },
      },
      (graph, x) =>
        sample(
          graph,
          x,
          [5, 3],
          {
            mode: "cubic",
            coordinates: "tf_crop_and_resize",
            rounding: "ceil",
            cubic: -0.5,
            excludeOutside: true,
            value: 7,
          },
          [0.4, 0.3],
          [0, 0.5, 1, 2],
        ),
    ],
  ])("%j appends what the call of its name does", (step, byHand) => expect(appended(step)).toEqual(appended(byHand)));
});
