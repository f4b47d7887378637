import { describe, expect, test } from "vitest";
import { lineColor } from "../../src/report/ablation-plot.ts";
import { ablationSpec, aceLossSpec, contextBarsSpec, contextMapSpec } from "../../src/report/vega-results.ts";
import { context } from "./context-json.ts";
import { drawn } from "./vega.ts";

/** Of a scale nobody can take an extent of where nothing is drawn. */
const EMPTY = /^Infinite extent for field/;
const curve = (baseline: number, ...ablation_effects: number[]) => ({ baseline, ablation_effects });

describe("ablation", () => {
  const lines = [
    { name: "Top units by IoU", curves: [curve(1000, 700, 500)] },
    { name: "Random units", curves: [curve(1000, 990, 980, 900), curve(1000, 1010, 1000), curve(100, 90, 70)] },
  ];

  test("a line each, the mean of its curves as far as all go, in front of their range", async () => {
    const spec = ablationSpec("tree", lines);
    expect(spec.description).toBe("Portion of tree pixels removed");
    const [first, second] = [0, 3].map((at) => spec.data.values.slice(at, at + 3));
    expect(first).toEqual(
      [0, 1 - 0.7, 0.5].map((removed, units) => ({
        ...{ line: "Top units by IoU", units, removed },
        ...{ least: removed, most: removed },
      })),
    );
    expect(second).toMatchObject([{ removed: 0 }, { least: 1 - 1.01, most: 1 - 0.9 }, { least: 0, most: 1 - 0.7 }]);
    expect((second![2] as { removed: number }).removed).toBeCloseTo((0.02 + 0 + 0.3) / 3, 12);
    const { svg, marks } = await drawn(spec);
    expect(marks).toHaveLength(6);
    expect(svg.match(/aria-roledescription="area mark"/g)).toHaveLength(2);
    expect(svg.match(/aria-roledescription="line mark"/g)).toHaveLength(2);
    for (const color of [0, 1].map(lineColor)) expect(svg).toContain(`stroke="${color}"`);
    for (const text of ["Portion of tree pixels removed", "Random units", "100%", "ablated units"]) {
      expect(svg).toContain(`>${text}<`);
    }
  });

  test("of no units there is a point, of nothing that was there a flat line, of no lines nothing", async () => {
    expect((await drawn(ablationSpec("tree", [{ name: "a", curves: [curve(10)] }]))).marks).toHaveLength(1);
    expect(ablationSpec("tree", [{ name: "a", curves: [curve(0, 5)] }]).data.values).toMatchObject([
      { removed: 0 },
      { removed: 0 },
    ]);
    expect((await drawn(ablationSpec("tree", []), EMPTY)).marks).toEqual([]);
  });
});

test("the loss of every epoch, that by IoU first, on an axis of its own range", async () => {
  const losses = [-1, 0, 1, 9].map((epoch, at) => ({ epoch, loss: 0.5 - at / 100 })) as unknown as Parameters<
    typeof aceLossSpec
  >[1];
  const spec = aceLossSpec("tree", losses);
  expect(spec.data.values).toEqual([
    { epoch: "IoU", loss: 0.5 },
    { epoch: "1", loss: 0.49 },
    { epoch: "2", loss: 0.48 },
    { epoch: "10", loss: 0.47 },
  ]);
  const { svg, marks } = await drawn(spec);
  expect(marks.map((mark) => /epoch: (\w+)/.exec(mark)![1])).toEqual(["IoU", "1", "2", "10"]);
  expect(svg).toContain(">Loss of tree on pairs not learned from<");
  expect(svg).toContain(">0.470<");
  expect(svg).not.toContain(">0.000<");
});

describe("context", () => {
  test("a bar of what was there at five places or more, in order, by its sign", async () => {
    const json = context([
      ["sky", 40, 80],
      ["rare", 4, 1000],
      ["a house", 5, -3.5],
    ]);
    const spec = contextBarsSpec(json);
    expect(spec.data.values).toEqual([
      { there: "sky", category: "object", places: 40, gain: 80, share: 0.8 },
      { there: "a house", category: "object", places: 5, gain: -3.5, share: -0.035 },
    ]);
    const { svg, marks } = await drawn(spec);
    expect(marks).toHaveLength(2);
    expect(marks[0]).toMatch(/sky/);
    expect(svg.match(/fill="(#2166ac|#b2182b)"/g)).toEqual(['fill="#2166ac"', 'fill="#b2182b"']);
    expect((await drawn(contextBarsSpec(context([])), EMPTY)).marks).toEqual([]);
  });

  test("a square a cell, white where nothing is gained, as deep above as below", async () => {
    const cells = [
      [0, 1],
      [-4, 2],
    ];
    const spec = contextMapSpec({ ...context([]), cells });
    expect(spec.data.values[2]).toEqual({ row: 1, column: 0, gain: -4 });
    const { svg, marks } = await drawn(spec);
    expect(marks).toHaveLength(4);
    const fills = [...svg.matchAll(/aria-roledescription="rect mark"[^>]*fill="([^"]*)"/g)].map(([, fill]) => fill);
    expect(fills).toEqual(["rgb(255, 255, 255)", "rgb(200, 217, 234)", "rgb(178, 24, 43)", "rgb(144, 179, 214)"]);
    expect(svg).toContain(">Where door can be put<");
    expect((await drawn(contextMapSpec(context([])), EMPTY)).marks).toEqual([]);
    expect((await drawn(contextMapSpec({ ...context([]), cells: [[0]] }))).marks).toHaveLength(1);
  });
});
