import { deflateRawSync, inflateRawSync } from "node:zlib";
import { afterEach, describe, expect, test, vi } from "vitest";
import { UsageError } from "../../src/errors.ts";
import type { Recipe } from "../../src/session/recipe.ts";
import { MAX_LINK, openRecipe, packRecipe, readRecipe } from "../../src/session/recipe-link.ts";
import { RECIPE } from "./recipes.ts";

const packed = (text: string): string => deflateRawSync(text).toString("base64url");
afterEach(() => vi.unstubAllGlobals());

describe("links", () => {
  test("hold a recipe as zlib would read it", async () => {
    const link = await packRecipe(RECIPE);
    expect(link).toMatch(/^[\w-]+$/);
    expect(JSON.parse(inflateRawSync(Buffer.from(link, "base64url")).toString())).toEqual(RECIPE);
    expect(await openRecipe(link)).toEqual(RECIPE);
    expect(await openRecipe(packed(JSON.stringify(RECIPE)))).toEqual(RECIPE);
  });

  test("of sixty strokes fit what chats leave whole", async () => {
    const stroke = RECIPE.strokes[0]!;
    const strokes = Array.from({ length: 60 }, (_, i) => ({
      ...stroke,
      id: `${i}`,
      mask: { size: [32, 32] as const, cells: [i * 13, 3, 29, 5, 27, 5, 27, 3 + (i % 5)] },
    }));
    expect((await packRecipe({ ...RECIPE, strokes })).length).toBeLessThan(MAX_LINK / 2);
  });

  test("are made without CompressionStream too, of any length", async () => {
    vi.stubGlobal("CompressionStream", undefined);
    const long: Recipe = {
      ...RECIPE,
      strokes: [{ id: "é", op: "copy", units: "all", value: Array.from({ length: 8192 }, (_, i) => i / 7) }],
    };
    for (const recipe of [RECIPE, long]) {
      const link = await packRecipe(recipe);
      expect(JSON.parse(inflateRawSync(Buffer.from(link, "base64url")).toString())).toEqual(recipe);
    }
  });

  test.each([
    ["", /holds no recipe/],
    ["a b", /holds no recipe/],
    ["%00", /holds no recipe/],
    ["abcde", /cut off|damaged/],
    ["A".repeat(2 ** 21 + 4), /too long/],
    [packed("{"), /it is no JSON/],
    [packed("[]"), /A recipe needs/],
    [packed('{"schemaVersion":1,"layers":[]}'), /what a dissection found, a report\.json or dissect\.json/],
    [packed('{\n "netname": "church"}'), /what a dissection found/],
    [packed(JSON.stringify({ ...RECIPE, version: 9 })), /version 9/],
    [packed("\u{ff}".repeat(3)).slice(0, 3), /damaged/],
    [deflateRawSync(Buffer.of(0xff, 0xfe)).toString("base64url"), /damaged/],
  ])("%.40s is refused", async (link, said) => {
    const error = await openRecipe(link).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toMatch(said);
  });

  test("inflate to a mebibyte at most", async () => {
    const bomb = deflateRawSync(Buffer.alloc(2 ** 26, 32)).toString("base64url");
    expect(bomb.length).toBeLessThan(2 ** 20);
    await expect(openRecipe(bomb)).rejects.toThrow(/unpacks to more than a mebibyte\. Do not trust it\./);
  });

  test("what is no recipe is not packed", () =>
    expect(packRecipe({ ...RECIPE, seed: -1 })).rejects.toThrow(/seed is -1/));

  test("a file's text is a recipe, if not longer than a mebibyte", () => {
    expect(readRecipe(JSON.stringify(RECIPE, undefined, 2))).toEqual(RECIPE);
    expect(() => readRecipe(`{}${" ".repeat(2 ** 20)}`)).toThrow(/longer than a mebibyte/);
  });
});
