import { describe, expect, test } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { mergeSegmenters } from "../../src/index.ts";
import { Segmenter } from "../../src/models/segmenter.ts";

const NETWORK = { inputs: [], layers: [], labels: [], maps: [], segsizes: [] };
const DEVICE = { tuning: "none" };

describe("what is given is named where it makes no sense", () => {
  test.each([
    ["no network", undefined, { device: DEVICE }, "A network has no label maps."],
    ["a network of nothing", {}, { device: DEVICE }, "A network has no label maps."],
    [
      "a network without labels",
      { ...NETWORK, labels: undefined, maps: [{}] },
      { device: DEVICE },
      "A network has no label maps.",
    ],
    ["no options", NETWORK, undefined, "Segmenter.define needs an object of options."],
    ["no device", NETWORK, {}, "Segmenter.define needs device."],
    ["a promise of a device", NETWORK, { device: Promise.resolve() }, "Segmenter.define needs a device that is there"],
    ["a misspelt option", NETWORK, { device: DEVICE, nam: "a" }, 'Segmenter.define knows no "nam".'],
    ["a network without maps", NETWORK, { device: DEVICE }, "A network has no label maps."],
  ])("define: %s", async (_, network, options, said) => {
    const error = await Segmenter.define(network as never, options as never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toContain(said);
  });

  const segmenter = { labels: [], device: DEVICE, storage: "f32", reads: "image", unions: [] };
  test.each([
    ["a list first", [segmenter], "a"],
    ["nothing", "a", undefined],
    ["one that is in no list", "a", segmenter],
    ["an empty list", "a", []],
    ["what is not awaited", "a", [segmenter, Promise.resolve()]],
    ["nothing beside one", "a", [segmenter, null]],
  ])("merge: %s", (_, name, segmenters) => {
    const merge = (): unknown => mergeSegmenters(name as never, segmenters as never);
    expect(merge).toThrow(UsageError);
    expect(merge).toThrow("There is nothing to merge: segmenters is no list of them. Give at least one, awaited.");
  });
});
