import { describe, expect, test, vi } from "vitest";
import { chart } from "../../../src/report/viewer/chart.ts";
import type { PageData, State } from "../../../src/report/viewer/data.ts";
import { type Made, stage, textOf, withAll } from "./stage.ts";

const data = {
  names: ["-", "sky", "tree", "brick"],
  categoryColors: { object: ["#111111", "#222222"] },
  report: {
    labels: ["object", "object", "object", "material"].map((category) => ({ category })),
    settings: { iouThreshold: 0.05, iqrThreshold: 0.01 },
    layers: [
      {
        ...{ layer: "layer4", shape: [4, 6], interpretable: 7, units: Array(20) },
        concepts: [
          { label: 1, units: [1, 2, 3, 4] },
          { label: 3, units: [5] },
          { label: 2, units: [6, 7] },
        ],
      },
      { layer: "layer5", shape: [8, 8], interpretable: 1, units: Array(3), concepts: [{ label: 1, units: [2] }] },
      { layer: "layer6", shape: [8, 8], interpretable: 0, units: Array(3), concepts: [] },
    ],
  },
} as unknown as PageData;
const state = (concept = "") => ({ concept }) as State;

function drawn(shown = data) {
  const { dom, byId } = stage();
  const change = vi.fn();
  const { draw } = chart(shown, dom, change);
  const host = byId("chart");
  const bars = () => host.children.flatMap(withAll).filter(({ properties }) => properties["class"] === "bar");
  return { draw, change, host, bars, summary: () => byId("summary").textContent };
}

describe("a layer's bar graph", () => {
  test("has a bar for each concept, by category, as high as it has units", () => {
    const { draw, host, bars } = drawn();
    draw(state(), 0);
    expect(host.children.map((group) => (group as Made).properties["style"])).toEqual([
      "--dark:#111111;--light:#222222",
      "--dark:#4B4CBF;--light:#B6B6F2",
    ]);
    expect(host.children.map((group) => textOf((group as Made).children[0]!))).toEqual(["2 objects", "1 material"]);
    expect(bars().map(({ children }) => children.map(textOf))).toEqual([
      ["sky", "", "4 units"],
      ["tree", "", "2 units"],
      ["brick", "", "1 unit"],
    ]);
    expect(bars().map(({ children }) => (children[1] as Made).properties["style"])).toEqual([
      "height:100px",
      "height:50px",
      "height:25px",
    ]);
    expect(bars().map(({ properties }) => properties["title"])).toEqual([
      "sky (object): 4 units",
      "tree (object): 2 units",
      "brick (material): 1 unit",
    ]);
  });

  test("has one bar pressed, which lets go of its concept; others take theirs", () => {
    const { draw, bars, change } = drawn();
    draw(state("tree"), 0);
    expect(bars().map(({ properties }) => properties["aria-pressed"])).toEqual(["false", "true", "false"]);
    for (const { properties } of bars()) (properties["onclick"] as () => void)();
    expect(change.mock.calls).toEqual([[{ concept: "sky" }], [{ concept: "", sort: "label" }], [{ concept: "brick" }]]);
  });

  test("is drawn anew for another layer or concept only", () => {
    const { draw, bars } = drawn();
    draw(state(), 0);
    const first = bars()[0];
    draw(state(), 0);
    expect(bars()[0]).toBe(first);
    draw(state("sky"), 0);
    const second = bars()[0];
    expect(second).not.toBe(first);
    draw(state("sky"), 1);
    expect(bars()[0]).not.toBe(second);
  });

  test("is summed up in a sentence, and says where there is nothing", () => {
    const { draw, host, summary } = drawn();
    const said = (layer: number) => {
      draw(state(), layer);
      return summary();
    };
    const by = "with IoU > 0.05 and IQR > 0.01. Feature maps of";
    expect(said(0)).toBe(`7 of 20 units detect 3 concepts ${by} 4 × 6.`);
    expect(said(1)).toBe(`1 of 3 units detect 1 concept ${by} 8 × 8.`);
    const alone = drawn({ ...data, masksAlone: true });
    alone.draw(state(), 1);
    expect(alone.summary()).toBe("1 of 3 units detect 1 concept with IoU > 0.05 and IQR > 0.01.");
    expect(said(2)).toBe(`0 of 3 units detect 0 concepts ${by} 8 × 8.`);
    expect(host.children.map(textOf)).toEqual([
      "No unit of layer6 is interpretable: none agrees with one concept by IoU > 0.05 and IQR > 0.01.",
    ]);
  });
});
