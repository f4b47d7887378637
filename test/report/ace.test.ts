import { expect, test } from "vitest";
import type { AceResult } from "../../src/causality/ace.ts";
import { UsageError } from "../../src/errors.ts";
import { toAceRanking, toAceSummary, withAceRanking } from "../../src/report/ace.ts";

test("units rank by α, the largest first, as the lowest score", () => {
  const ranking = toAceRanking("tree (object)", Float32Array.of(0.5, 0, 1));
  expect(ranking).toEqual({ name: "tree (object)-ace", metric: "ace", score: [-0.5, 0, -1] });
  expect(Object.is(ranking.score[1], 0)).toBe(true);
});

test("summary.json has the ranking, the sizes and the losses by epoch", () => {
  const ranking = toAceRanking("tree", Float32Array.of(1));
  const result = {
    corpus: { trainSize: 7, evalSize: 3 },
    snapshots: [
      { epoch: -1, trained: 0, evaluation: { loss: 0.5 }, alpha: Float32Array.of(1) },
      { epoch: 0, trained: 0.4, evaluation: { loss: 0.3 }, alpha: Float32Array.of(1) },
    ],
  } as unknown as AceResult;
  expect(toAceSummary("layer4", ranking, result)).toEqual({
    layers: [{ layer: "layer4", rankings: [ranking] }],
    trainSize: 7,
    evalSize: 3,
    losses: [
      { epoch: -1, trained: 0, loss: 0.5 },
      { epoch: 0, trained: 0.4, loss: 0.3 },
    ],
  });
});

const ranking = toAceRanking("tree", Float32Array.of(1, 0));
const dissection = (rankings: unknown) => ({
  netname: "scenes",
  layers: [
    { layer: "layer2", rankings: [{ name: "unit" }] },
    { layer: "layer4", rankings },
  ],
});

test("a dissect.json gets the ranking behind unit and label, once", () => {
  const before = dissection([{ name: "unit" }, { name: "label" }, { name: "max iou" }]);
  const after = dissection([{ name: "unit" }, { name: "label" }, ranking, { name: "max iou" }]);
  const once = withAceRanking(JSON.stringify(before), "layer4", ranking);
  expect(JSON.parse(once)).toEqual(after);
  expect(JSON.parse(withAceRanking(once, "layer4", ranking))).toEqual(after);
});

test.each([
  ["not JSON", "{"],
  ["has no rankings of layer9", JSON.stringify(dissection([]))],
  ["has no rankings of layer9", "null"],
  ["has no rankings of layer9", "{}"],
  ["has no rankings of layer9", '{"layers":[null]}'],
  ["has no rankings of layer9", '{"layers":{}}'],
  ["has no rankings of layer9", '{"layers":[{"layer":"layer9"}]}'],
])("what %s is refused: %#", (message, text) => {
  expect(() => withAceRanking(text, "layer9", ranking)).toThrow(UsageError);
  expect(() => withAceRanking(text, "layer9", ranking)).toThrow(message);
});
