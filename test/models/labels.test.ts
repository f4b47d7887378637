import { afterAll, beforeAll, expect, test } from "vitest";
import { type Device, Segmenter, UsageError } from "../../src/index.ts";
import { smallFiles } from "../dissect/models.ts";
import { requestDevice } from "../gpu.ts";

let device: Device;
let segmenter: Segmenter;
beforeAll(async () => {
  device = await requestDevice();
  const { weights } = await smallFiles();
  const labels = { object: ["-", "sky", "object/sky", "house", "door"], segsizes: [32] };
  segmenter = await Segmenter.load({ weights, labels }, { device });
});
afterAll(() => {
  segmenter?.dispose();
  device?.dispose();
});

test.each([
  ["sky", 1],
  ["object/house", 3],
  ["object/sky", 2],
  ["object/object/sky", 2],
])("%s is label %i", (concept, label) => expect(segmenter.label(concept)).toBe(label));

test.each([
  ["dore", /Near are door\./],
  ["object/dore", /Near are door\./],
  ["material/house", /Near are house\./],
  ["doorway", /Near are door\./],
  ["giraffe", /It knows sky, object\/sky, house, door\./],
  ["-", /It knows sky/],
])("%s is no label", (concept, said) => {
  expect(() => segmenter.label(concept)).toThrow(UsageError);
  expect(() => segmenter.label(concept)).toThrow(said);
});
