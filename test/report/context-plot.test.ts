import { describe, test } from "vitest";
import { contextBars, contextMap } from "../../src/report/context-plot.ts";
import { context } from "./context-json.ts";
import { expectKept } from "./kept.ts";

describe("the kept pictures", () => {
  test("of gains alone; what was at fewer than five places is left out", () => {
    const effects = [
      ["building", 40, 80],
      ["sky", 5, 20],
      ["tree", 5, 20],
      ["grass", 9, 0],
      ["rare", 4, 1000],
    ] as const;
    expectKept("context-gains.svg", contextBars(context(effects)));
  });

  test("of losses too, on one scale, under long names", () => {
    const effects = [
      ["a building of a very long name (material)", 40, 1234.56],
      ["sky", 5, 0.04],
      ["<tree> & co", 5, -0.04],
      ["grass", 9, -617.28],
    ] as const;
    const found = {
      ...context(effects, 50),
      concept: "a door of a name that is longer than the picture is wide, & more",
    };
    expectKept("context-losses.svg", contextBars(found));
  });

  test("of losses alone, and of a concept that was not there before", () => {
    expectKept("context-no-share.svg", contextBars(context([["sky", 5, -3]], 0)));
  });

  test("of nothing", () => expectKept("context-nothing.svg", contextBars(context([]))));

  test("of the map of cells", () => {
    const cells = [
      [0, 1, 2, 3],
      [-4, -2, 0.5, 4],
    ];
    expectKept("context-map.svg", contextMap({ ...context([]), cells }));
    const many = Array.from({ length: 6 }, (_, y) => Array.from({ length: 9 }, (_, x) => (x - 3) * (y - 2)));
    const concept = "a door of a name that is longer than the picture is wide, & more";
    expectKept("context-map-many.svg", contextMap({ ...context([]), concept, cells: many }));
    expectKept("context-map-zero.svg", contextMap({ ...context([]), cells: [[0]] }));
  });
});
