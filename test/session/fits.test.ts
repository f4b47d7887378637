import { expect, test } from "vitest";
import { checkFits } from "../../src/session/fits.ts";
import { RECIPE } from "./recipes.ts";

const { sha256 } = RECIPE.model;
const layer = (name: string, channels: number) => ({ name, channels, height: 8, width: 8 });
const OWN = {
  ...{ name: "scenes64", architecture: "Progressive GAN", height: 64, width: 64, classes: [] },
  layers: [layer("layer1", 512), layer("layer4", 127)],
};

test("a recipe fits the generator that it is of: by the file where both know it, else by the name", () => {
  checkFits(RECIPE, OWN);
  checkFits(RECIPE, { ...OWN, sha256: sha256! });
  checkFits(RECIPE, { ...OWN, sha256: sha256!, name: "renamed" });
  expect(() => checkFits(RECIPE, { ...OWN, sha256: "1".repeat(64) })).toThrow(/is of another scenes64/);
  expect(() => checkFits(RECIPE, { ...OWN, name: "church" })).toThrow(/of scenes64, and the generator here is church/);
});

test("a recipe of layers or units that are not there fits none", () => {
  expect(() => checkFits({ ...RECIPE, layer: "layer9" }, OWN)).toThrow(
    'This recipe is of "layer9", which scenes64 does not have. Its layers are layer1, layer4.',
  );
  const few = { ...OWN, layers: [layer("layer4", 126)] };
  expect(() => checkFits(RECIPE, few)).toThrow(
    'The stroke "b" is of unit 126, which layer4 does not have. Its units are 0…125.',
  );
});

test("a recipe of an image of one's own fits where its file is", () => {
  const latents = { name: "mine.safetensors", sha256: "ab".repeat(32) };
  const held = { name: "blob", sha256: latents.sha256, size: 1, layer: "layer4", weights: false };
  checkFits({ ...RECIPE, latents }, OWN, [held]);
  checkFits(RECIPE, OWN, [held]);
  for (const others of [undefined, [{ ...held, sha256: "cd".repeat(32) }]]) {
    expect(() => checkFits({ ...RECIPE, latents }, OWN, others)).toThrow(
      "an image made of mine.safetensors (SHA-256 abababababab…), which is not here: of a file a recipe holds the hash alone. Load that file first: session.load({ latents }).",
    );
  }
});
