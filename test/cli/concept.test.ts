import { afterAll, beforeAll, expect, test } from "vitest";
import { choose, concepts } from "../../src/cli/concept.ts";
import { type Device, Segmenter } from "../../src/index.ts";
import { smallFiles } from "../dissect/models.ts";
import { requestDevice } from "../gpu.ts";

let device: Device;
let segmenter: Segmenter;
beforeAll(async () => {
  device = await requestDevice();
  const { weights } = await smallFiles();
  const labels = { object: ["-", "sky", "tree", "door, open", "door"], segsizes: [32] };
  segmenter = await Segmenter.load({ weights, labels }, { device, name: "small" });
});
afterAll(() => {
  segmenter?.dispose();
  device?.dispose();
});

test("is repeated or separated by commas", () => {
  expect(concepts("sky, tree", concepts("door"))).toEqual(["door", "sky, tree"]);
  expect(() => concepts(" ")).toThrow(/not be empty/);
});

test("one is as it was, by its category too, with a comma of its own, or twice the same", () => {
  expect(choose(segmenter, undefined)).toEqual({ segmenter });
  for (const [typed, concept] of [
    [["tree"], "tree"],
    [["object/sky"], "object/sky"],
    [["door, open"], "door, open"],
    [["tree", "tree"], "tree"],
  ] as const) {
    const chosen = choose(segmenter, typed);
    expect(chosen.segmenter).toBe(segmenter);
    expect(chosen.concept).toBe(concept);
  }
});

test("several are a union that the segmenter knows", () => {
  for (const [typed, members] of [
    [["sky, tree"], [1, 2]],
    [
      ["sky", "door, open"],
      [1, 3],
    ],
    [
      ["sky,door", "tree"],
      [1, 2, 4],
    ],
  ] as const) {
    const { segmenter: united, concept } = choose(segmenter, typed);
    expect(united.unions).toEqual([{ label: united.label(concept!), members }]);
  }
  expect(choose(segmenter, ["sky,door", "tree"]).concept).toBe("sky+door+tree");
});

test("what is unknown or missing is said", () => {
  expect(() => choose(segmenter, ["sky,tre"])).toThrow(/no concept "tre".*Near are tree/);
  expect(() => choose(segmenter, ["sky,"])).toThrow(/missing beside a comma/);
  expect(() => choose(segmenter, ["giraffe"])).toThrow(/no concept "giraffe"/);
});
