import { describe, expect, it, test } from "vitest";
import { UsageError } from "../src/errors.ts";
import { checkNames, nearest, warn } from "../src/names.ts";

it("offers the nearest names first, and not many", () => {
  expect(nearest("tre", ["train", "road", "tree", "tray", "tree"])).toEqual(["tree"]);
  expect(nearest("window", ["widow", "windowpane", "sky"])).toEqual(["windowpane", "widow"]);
  expect(nearest("a", ["a1", "a2", "a3", "a4", "a5", "a6"])).toHaveLength(5);
});

describe("names that a call does not know", () => {
  interface Options {
    readonly layers?: readonly string[];
    readonly seed?: number;
  }
  const check = (given: object) => () => checkNames<Options>("dissect", given, { layers: true, seed: true });

  test.each([
    [{ layer: [] }, 'dissect knows no "layer". Did you mean layers?'],
    [{ Seed: 1 }, 'dissect knows no "Seed". Did you mean seed?'],
    [{ seed: 1, quantiles: 1 }, 'dissect knows no "quantiles". It knows layers, seed.'],
    [{ constructor: 1 }, 'dissect knows no "constructor". It knows layers, seed.'],
  ])("%j is refused", (given, said) => {
    expect(check(given)).toThrow(UsageError);
    expect(check(given)).toThrow(said);
  });

  test("are a list where they belong in one, and there where they are needed", () => {
    const call = (given: unknown) => () =>
      checkNames<Options>("dissect", given as object, { layers: "list", seed: "needed" });
    expect(call({ seed: 1, layers: "layer4" })).toThrow(
      'dissect takes a list of layers, not "layer4". Give ["layer4"].',
    );
    expect(call({ seed: null })).toThrow("dissect needs seed. Give it { seed }.");
    expect(call({ seed: 1, layers: 4 })).toThrow("dissect takes a list of layers, not 4. Give [4].");
    expect(call({ seed: 1, layers: { layer: "layer4" } })).toThrow("takes a list of layers, not { … }. Give an array.");
    expect(call({ seed: 1, layers: Promise.resolve([]) })).toThrow(
      "takes a list of layers, not a promise. Give an array.",
    );
    for (const list of [undefined, null, [], new Set(), Float32Array.of(1)]) {
      expect(call({ seed: 1, layers: list })).not.toThrow();
    }
    // a misspelt name is told before what is then missing
    expect(call({ sead: 1 })).toThrow('dissect knows no "sead". Did you mean seed?');
    for (const none of [undefined, null, 3]) expect(call(none)).toThrow("dissect needs an object of options.");
    expect(call({ seed: 0, layers: ["layer4"] })).not.toThrow();
  });

  test("are a device that is there", () => {
    const call = (device: unknown) => () =>
      checkNames<{ readonly device: object }>("loadGenerator", { device } as { device: object }, { device: "device" });
    expect(call(undefined)).toThrow("loadGenerator needs device. Give it { device }.");
    const fix = "Give { device: await init() }.";
    expect(call(Promise.resolve())).toThrow(`loadGenerator needs a device that is there, not a promise. ${fix}`);
    expect(call({ limits: {} })).toThrow(`needs a device that is there, not { … }. ${fix}`);
    expect(call(true)).toThrow(`needs a device that is there, not true. ${fix}`);
    expect(call({ tuning: {} })).not.toThrow();
  });

  test.each([{}, { layers: [], seed: 1 }, { layer: undefined }])("%j is not", (given) =>
    expect(check(given)).not.toThrow(),
  );
});

test("warnings are short and hold no controls, whatever names they have", () => {
  const told: string[] = [];
  warn((text) => told.push(text), `The layer "a\x1b]0;b" ${"is ".repeat(1000)}`);
  warn(undefined, "Nobody wants to know.");
  expect(told).toEqual([expect.stringMatching(/^The layer "a\\u001b\]0;b" is .*…$/)]);
  expect(told[0]!.length).toBeLessThan(1010);
});
