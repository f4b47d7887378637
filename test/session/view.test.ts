import { describe, expect, test } from "vitest";
import type { Loaded } from "../../src/session/session.ts";
import { changedState, FIRST_STATE, SessionView } from "../../src/session/view.ts";
import { RECIPE } from "./recipes.ts";

describe("a view's state", () => {
  test("changes by what is named", () => {
    const state = changedState(FIRST_STATE, { image: 4, layer: "layer4", strokes: RECIPE.strokes });
    expect(state).toEqual({ ...FIRST_STATE, image: 4, layer: "layer4", strokes: RECIPE.strokes });
    expect(changedState(state, { view: "unit", unit: { layer: "layer6", unit: 3 } })).toEqual({
      ...state,
      view: "unit",
      unit: { layer: "layer6", unit: 3 },
    });
    expect(changedState(state, { strokes: [] }).strokes).toEqual([]);
  });

  test("begins with the first image of seed 1, unedited", () => {
    const { seed, image, view, toward, strokes, foreground } = changedState(FIRST_STATE, {});
    expect([seed, image, view, toward, strokes, foreground]).toEqual([1, 0, "rgb", [], [], false]);
    for (const last of [0, 2 ** 32 - 1]) expect(changedState(FIRST_STATE, { seed: last }).seed).toBe(last);
  });

  test("has of latents their name, the same object as long as they are the same file", () => {
    const latents = { name: "people", sha256: "a1".repeat(32) };
    const loaded = { ...latents, size: 3, weights: false };
    const before = changedState(FIRST_STATE, { latents: loaded });
    expect(before.latents).toEqual(latents);
    expect(changedState(before, { latents: { ...latents } }).latents).toBe(before.latents);
    expect(changedState(before, { latents: before.latents }).latents).toBe(before.latents);
    expect(changedState(before, { image: 2 }).latents).toBe(before.latents);
    const other = { ...latents, sha256: "b2".repeat(32) };
    expect(changedState(before, { latents: other }).latents).toEqual(other);
    expect(changedState(before, { latents: undefined }).latents).toBeUndefined();
    expect(() => changedState(before, { latents: { ...latents, sha256: "a1" } })).toThrow(/sha256|SHA-256/);
  });

  test("keeps strokes that are as they were, and no others", () => {
    const before = changedState(FIRST_STATE, { strokes: RECIPE.strokes });
    const [a, b, c] = structuredClone(RECIPE.strokes);
    const { strokes } = changedState(before, { strokes: [c!, { ...a!, alpha: 0.25 }, b!] });
    expect(strokes[0]).toBe(before.strokes[2]);
    expect(strokes[1]).not.toBe(before.strokes[0]);
    expect(strokes[1]!.alpha).toBe(0.25);
    expect(strokes[2]).toBe(before.strokes[1]);
  });

  test.each([
    [{ image: -1 }, /image is -1/],
    [{ seed: 0.5 }, /seed is 0\.5/],
    [{ seed: 2 ** 32 }, /seed is 4294967296/],
    [{ foreground: "yes" }, /true or false for foreground, not "yes"/],
    [{ view: "depth" }, /no view "depth"\. Use rgb, labels, unit/],
    [{ view: "unit" }, /shows no unit unless it knows which/],
    [{ unit: { layer: "a" } }, /needs a unit and its layer/],
    [{ unit: 3 }, /needs a unit and its layer/],
    [{ layer: 3 }, /needs the name of a layer, not 3/],
    [{ strokes: "none" }, /list of strokes, not "none"/],
    [{ strokes: [{}] }, /A stroke needs id/],
    [{ zoom: 2 }, /knows no "zoom"/],
  ])("refuses %j", (change, said) => expect(() => changedState(FIRST_STATE, change as never)).toThrow(said));
});

test("strokes that were checked cannot change, and are themselves from then on", () => {
  const given = structuredClone(RECIPE.strokes);
  const { strokes } = changedState(FIRST_STATE, { strokes: given });
  expect(strokes[0]).not.toBe(given[0]);
  for (const part of strokes.flatMap((stroke) => [stroke, ...Object.values(stroke)])) {
    expect(Object.isFrozen(part)).toBe(true);
  }
  expect(Object.isFrozen(strokes.find(({ mask }) => mask)?.mask?.cells)).toBe(true);
  const { strokes: again } = changedState(FIRST_STATE, { strokes });
  for (const [at, stroke] of again.entries()) expect(stroke).toBe(strokes[at]);
});

describe("a view", () => {
  const layer = (name: string) => ({ name, channels: 128, height: 8, width: 8 });
  const model = { name: "scenes64", layers: [layer("layer1"), layer("layer4")] };
  const view = (loaded?: object) => {
    const sent: unknown[] = [];
    const drawer = {
      set: (change: object) => sent.push(change),
      stroke: ({ id }: { readonly id: string }) => sent.push(id),
      dispose: () => sent.push("disposed"),
      loaded: () => loaded as Loaded | undefined,
    };
    return { view: new SessionView(FIRST_STATE, drawer), sent };
  };

  test("hands on of a list of strokes no more than a new last one", () => {
    const { view: own, sent } = view();
    const { strokes } = changedState(FIRST_STATE, { strokes: RECIPE.strokes });
    const [a, b, c] = [strokes[0]!, strokes[1]!, strokes[2]!];
    own.set({ strokes: [a] });
    own.set({ strokes: [a, b] });
    own.set({ strokes: [a, structuredClone(b), c] });
    own.set({ strokes: [a, b, { ...c, alpha: 0.125 }] });
    expect(sent).toEqual([a, b, c, c].map(({ id }) => id));
    expect(own.state.strokes.at(-1)!.alpha).toBe(0.125);
    sent.length = 0;
    const others = [{ strokes: [a, b] }, { strokes: [b, a] }, { strokes: [b, a, c], image: 2 }, { strokes: [] }];
    for (const change of others) own.set(change);
    expect(sent).toEqual(others);
  });

  test("hands on a whole change where no stroke is new, or not the last alone", () => {
    const { strokes } = changedState(FIRST_STATE, { strokes: RECIPE.strokes });
    const [a, b, c] = [strokes[0]!, strokes[1]!, strokes[2]!];
    const [otherB, otherC] = [
      { ...b, alpha: 0.125 },
      { ...c, alpha: 0.125 },
    ];
    for (const [before, change] of [
      [[a], {}],
      [[a], { layer: "layer4" }],
      [[a, b], {}],
      [[a, b, c], { strokes: [a, otherB, otherC] }],
      [[a, b], { strokes: [a, c] }],
      [[a, c], { strokes: [otherC] }],
      [[a, b], { strokes: [a, b, c], seed: 2 }],
    ] as const) {
      const { view: own, sent } = view();
      own.set({ image: 1, strokes: before });
      sent.length = 0;
      own.set(change);
      expect(sent).toEqual([change]);
    }
  });

  test("hands on what changes, and a stroke alone", () => {
    const { view: own, sent } = view();
    own.set({ image: 3 });
    own.stroke(RECIPE.strokes[1]!);
    own.stroke({ ...RECIPE.strokes[1]!, hidden: false });
    own.dispose();
    own.dispose();
    own.set({ image: 4 });
    own.stroke(RECIPE.strokes[1]!);
    expect(sent).toEqual([{ image: 3 }, "b", "b", "disposed"]);
    expect(own.state.strokes).toEqual([RECIPE.strokes[1]]);
  });

  test("takes recipes of its generator: by the file where both know it, else by the name", () => {
    const { sha256 } = RECIPE.model;
    view({ model: { ...model, sha256 } }).view.setRecipe(RECIPE);
    view({ model: { ...model, sha256, name: "renamed" } }).view.setRecipe(RECIPE);
    const { view: own, sent } = view({ model });
    own.setRecipe(RECIPE);
    const { seed, image, layer, strokes } = RECIPE;
    expect(sent).toEqual([{ seed, image, toward: [], layer, strokes }]);
    const toward = [{ seed: 1, image: 2, share: 0.5 }];
    own.setRecipe({ ...RECIPE, toward });
    expect(own.recipe()).toMatchObject({ toward });
    own.setRecipe(RECIPE);
    expect(own.recipe()).not.toHaveProperty("toward");
    const other = { model: { ...model, sha256: "1".repeat(64) } };
    expect(() => view(other).view.setRecipe(RECIPE)).toThrow(/is of another scenes64/);
    expect(() => view({ model: { ...model, name: "church" } }).view.setRecipe(RECIPE)).toThrow(
      /is of scenes64, and the generator here is church/,
    );
    expect(() => view().view.setRecipe(RECIPE)).toThrow(/Load scenes64/);
    expect(() => own.setRecipe({ ...RECIPE, seed: -1 })).toThrow(/seed is -1/);
  });

  test("has a recipe once there is a generator, of its first layer unless one is edited", () => {
    expect(() => view().view.recipe()).toThrow(/A recipe is of a generator/);
    expect(view({ model }).view.recipe()).toMatchObject({ model: { name: "scenes64" }, layer: "layer1", strokes: [] });
    expect(view({ model }).view.recipe().model).not.toHaveProperty("sha256");
    const { sha256 } = RECIPE.model;
    expect(view({ model: { ...model, sha256 } }).view.recipe().model).toEqual({ name: "scenes64", sha256 });
  });
});
