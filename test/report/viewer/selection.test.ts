import { expect, test } from "vitest";
import type { PageData, State } from "../../../src/report/viewer/data.ts";
import { selection } from "../../../src/report/viewer/selection.ts";

const unit = (unit: number, label: number, iou: number | null, iqr: number | null, interpretable = true) => ({
  ...{ unit, label, iou, iqr, interpretable },
});

const data = {
  names: ["-", "Sky", "tree (object)"],
  report: {
    labels: [{ category: "object" }, { category: "scene" }, { category: "object" }],
    layers: [
      { units: [] },
      {
        units: [
          unit(10, 1, 0.2, 0.5),
          unit(11, 2, 0.4, null),
          unit(12, 1, null, 0.7, false),
          unit(13, 2, 0.2, 0.1),
          unit(14, 2, 0, 0),
        ],
      },
    ],
  },
  layers: [{}, { labelPosition: [2, 0, 3, 1, 4], scores: { 1: [0.1, 0.3, 0.2, 0.3, 0] } }],
} as unknown as PageData;

const state: State = {
  ...{ layer: "layer1", unit: undefined, concept: "", query: "", interpretable: false },
  ...{ sort: "unit", view: "masked" },
};
const select = (to: Partial<State>) => selection(data)({ ...state, ...to }, 1);

test.each([
  [{ sort: "unit" }, [0, 1, 2, 3, 4]],
  [{ sort: "label" }, [1, 3, 0, 2, 4]],
  [{ sort: "iou" }, [1, 0, 3, 4, 2]],
  [{ sort: "iqr" }, [2, 0, 3, 4, 1]],
  [{ sort: "concept", concept: "Sky" }, [1, 3, 2, 0, 4]],
  [{ sort: "concept", concept: "nobody" }, [0, 1, 2, 3, 4]],
  [{ concept: "Sky" }, [0, 2]],
  [{ concept: "Sky", interpretable: true }, [0]],
  [{ query: "SKY" }, [0, 2]],
  [{ query: " object  13 " }, [3]],
  [{ query: "scene" }, [0, 2]],
  [{ query: "sky tree" }, []],
] as const)("%j shows units %j", (to, expected) => expect(select(to)).toEqual(expected));
