import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { checkRecipe, checkStroke } from "../../src/session/recipe.ts";
import { RECIPE } from "./recipes.ts";

const schema = JSON.parse(readFileSync(new URL("../../src/session/recipe-v1.schema.json", import.meta.url), "utf8"));
const valid = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false }).compile(schema);

/** What the check says, or what comes out. */
function outcome(given: unknown): unknown {
  try {
    return checkRecipe(given);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message;
  }
}

/** The recipe with something else at a path; undefined takes away what is there. */
function changed(path: readonly (string | number)[], value: unknown): unknown {
  const copy = structuredClone(RECIPE) as unknown as Record<string | number, unknown>;
  let at = copy;
  for (const key of path.slice(0, -1)) at = at[key] as typeof at;
  const last = path.at(-1)!;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

const sha = "0f".repeat(32);
const BAD: readonly (readonly [path: readonly (string | number)[], value: unknown, said: RegExp])[] = [
  [["version"], 2, /version 2, and version 1 is known here\. Open it with/],
  [["version"], "1", /version "1", and version 1/],
  [["version"], undefined, /A recipe needs version/],
  [["strokes"], undefined, /A recipe needs strokes/],
  [["stroke"], [], /A recipe knows no "stroke"\. Did you mean strokes\?/],
  [["model"], "scenes64", /The recipe's model needs an object/],
  [["model"], { name: "" }, /The name of the recipe's model is ""\. Use text of 1 to 200/],
  [["model"], { name: "a", sha256: sha.toUpperCase() }, /sha256 of the recipe's model .* Give 64 hex digits/],
  [["segmenter"], { name: 3 }, /The name of the recipe's segmenter is 3/],
  [["seed"], -1, /seed is -1\. Use a whole number from 0 to 4294967295/],
  [["seed"], 2 ** 32, /seed is 4294967296/],
  [["image"], 0.5, /image is 0\.5/],
  [["image"], 100_000, /image is 100000\. Use a whole number from 0 to 99999/],
  [["image"], "17", /image is "17"/],
  [["layer"], "l".repeat(201), /layer is "l{40}…"/],
  [["latents"], "a.safetensors", /latents needs an object/],
  [["latents"], { name: "a.safetensors" }, /latents needs sha256/],
  [["latents"], { name: "a.safetensors", sha256: "0f" }, /sha256 of latents is "0f"\. Give 64 hex digits\.$/],
  [["latents"], { name: "", sha256: sha }, /The name of latents is ""/],
  [["latents"], { name: "a", sha256: sha, z: [] }, /latents knows no "z"/],
  [["toward"], {}, /goes toward is no list, or too long\. Give a list of at most 8/],
  [["toward"], new Array(9).fill({ seed: 1, image: 2, share: 0.5 }), /goes toward is no list, or too long/],
  [["toward"], [{ seed: 1, image: 2 }], /toward needs share/],
  [["toward"], [{ seed: 1, image: 2, share: 2.5 }], /A share of `toward` is 2\.5\. Use −2 to 2/],
  [["toward"], [{ seed: 1, image: 2, share: "1" }], /A share of `toward` is "1"/],
  [["toward"], [{ seed: -1, image: 2, share: 1 }], /A seed of `toward` is -1/],
  [["toward"], [{ seed: 2 ** 32, image: 2, share: 1 }], /A seed of `toward` is 4294967296/],
  [["toward"], [{ seed: 1, image: 100_000, share: 1 }], /An image of `toward` is 100000/],
  [["toward"], [{ seed: 1, image: 2, share: 1, z: [] }], /toward knows no "z"/],
  [["strokes"], { length: 1 }, /strokes are no list/],
  [["strokes"], new Array(1001).fill(0), /strokes are no list, or too many\. Give a list of at most 1000/],
  [["strokes", 0], null, /A stroke needs an object/],
  [["strokes", 0, "id"], undefined, /A stroke needs id/],
  [["strokes", 0, "id"], 7, /The id of a stroke is 7/],
  [["strokes", 0, "op"], "erase", /"erase" is no operation of the stroke "a"\. Use draw, remove, copy/],
  [["strokes", 0, "units"], [], /units of the stroke "a" are 0/],
  [["strokes", 0, "units"], [1, 1], /named twice/],
  [["strokes", 0, "units"], [1.5], /A unit of the stroke "a" is 1\.5/],
  [["strokes", 0, "units"], [2 ** 31 + 1], /A unit of the stroke "a" is 2147483649/],
  [["strokes", 0, "units", "top"], 8193, /top of the stroke "a" is 8193\. Use a whole number from 0 to 8192/],
  [["strokes", 0, "units"], "some", /units of the stroke "a" are "some"\. Give numbers, "all" or/],
  [["strokes", 0, "units", "top"], 0, /first 0 units of the stroke "a" are none/],
  [["strokes", 0, "units", "top"], "3", /top of the stroke "a" is "3"/],
  [["strokes", 0, "units", "concept"], undefined, /units of the stroke "a" needs concept/],
  [["strokes", 0, "units", "ranking"], 3, /ranking of the stroke "a" is 3/],
  [["strokes", 0, "alpha"], 1.1, /alpha of the stroke "a" is 1\.1\. Use a number from 0 to 1/],
  [["strokes", 0, "alpha"], null, /alpha of the stroke "a" is null/],
  [["strokes", 0, "value"], 1e39, /value of the stroke "a" is 1e\+39/],
  [["strokes", 0, "value"], { quantile: 2 }, /quantile of the stroke "a" is 2/],
  [["strokes", 0, "value"], { quantiles: 0.5 }, /knows no "quantiles". Did you mean quantile/],
  [["strokes", 0, "value"], {}, /needs quantile/],
  [["strokes", 2, "value"], undefined, /"c" copies nothing\. Give it the features/],
  [["strokes", 2, "value"], ["1", 2], /A value of the stroke "c" is "1"/],
  [["strokes", 1, "hidden"], 1, /hidden of the stroke "b" is 1/],
  [["strokes", 0, "mask"], "everywhere", /The mask of the stroke "a" needs an object/],
  [["strokes", 0, "mask", "size"], [8], /has no size/],
  [
    ["strokes", 0, "mask", "size"],
    [8, 1025],
    /has no size\. Give it size: \[height, width\], whole numbers from 1 to 1024/,
  ],
  [["strokes", 0, "mask", "cells"], [1, 0.5, 2], /no run lengths/],
  [["strokes", 0, "mask", "cells"], [-1], /no run lengths/],
  [["strokes", 0, "mask", "path"], "M0 0", /knows no "path"/],
];

describe("recipes", () => {
  test("come out as they went in, but as copies, and the schema agrees", () => {
    const given = structuredClone(RECIPE);
    const checked = checkRecipe(given);
    expect(checked).toEqual(RECIPE);
    expect(checked.strokes).not.toBe(given.strokes);
    expect(checked.strokes[0]!.mask!.cells).not.toBe(given.strokes[0]!.mask!.cells);
    expect(valid(RECIPE)).toBe(true);
  });

  test.each(BAD)("%j: %j is refused, by the schema too", (path, value, said) => {
    const given = changed(path, value);
    expect(outcome(given)).toMatch(said);
    expect(valid(given)).toBe(false);
  });

  test.each([
    [["strokes", 1, "id"], "a", /Two strokes are called "a"/],
    [["strokes", 2, "value"], [1], /has 1 values and 2 units by number/],
    [["strokes", 0, "value"], [1], /has 1 values and 0 units by number/],
    [["strokes", 0, "mask", "cells"], [60, 5], /runs of 65 cells in a grid of 64/],
  ] as const)("%j: %j is refused, which the schema cannot tell", (path, value, said) => {
    const given = changed(path, value);
    expect(outcome(given)).toMatch(said);
    expect(valid(given)).toBe(true);
  });

  test.each([
    [["segmenter"], undefined],
    [["seed"], 2 ** 32 - 1],
    [["image"], 99_999],
    [["latents"], { name: "inversion.safetensors", sha256: sha }],
    [["toward"], []],
    [["toward"], [{ seed: 3, image: 2, share: -2 }]],
    [["toward"], new Array(8).fill({ seed: 2 ** 32 - 1, image: 99_999, share: 2 })],
    [
      ["strokes", 1, "units"],
      [0, 2 ** 31],
    ],
    [["strokes", 0, "units", "top"], 1],
    [["strokes", 0, "units", "top"], 8192],
    [["strokes"], []],
    [["strokes", 0, "alpha"], 0],
    [["strokes", 0, "value"], -3.4028235e38],
    [["strokes", 0, "mask", "cells"], [64]],
    [
      ["strokes", 3, "value"],
      [1, 2, 3],
    ],
  ] as const)("%j may be %j", (path, value) => {
    const given = changed(path, value);
    expect(outcome(given)).toEqual(given);
    expect(valid(given)).toBe(true);
  });

  test("lists may be so long and no longer, the schema says so too", () => {
    const numbers = (length: number): number[] => Array.from({ length }, (_, unit) => unit);
    const strokes = (length: number) => numbers(length).map((id) => ({ id: `${id}`, op: "remove", units: [1] }));
    for (const [path, of, most, said] of [
      [["strokes"], strokes, 1000, /or too many\. Give a list of at most 1000/],
      [["strokes", 1, "units"], numbers, 8192, /units of the stroke "b" are 8193\. Give 1 to 8192/],
      [["strokes", 3, "value"], numbers, 8192, /"d" has 8193 values/],
    ] as const) {
      expect(outcome(changed(path, of(most)))).toEqual(changed(path, of(most)));
      expect(valid(changed(path, of(most)))).toBe(true);
      expect(outcome(changed(path, of(most + 1)))).toMatch(said);
      expect(valid(changed(path, of(most + 1)))).toBe(false);
    }
  });

  test.each([undefined, null, 3, "recipe", [], () => RECIPE])("%s is none", (given) => {
    expect(outcome(given)).toMatch(/^A recipe needs /);
  });

  test("what would reach into prototypes is an unknown name", () => {
    const text = JSON.stringify(RECIPE).replace("{", '{"__proto__": {"polluted": true},');
    expect(outcome(JSON.parse(text))).toMatch(/A recipe knows no "__proto__"/);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(outcome(changed(["constructor"], {}))).toMatch(/knows no "constructor"/);
  });

  test("a mask of 10 cells that says it has a billion is refused before anything is made for it", () => {
    const mask = { size: [2, 5], cells: [1e9] };
    expect(() => checkStroke({ id: "a", op: "remove", units: "all", mask })).toThrow(
      /1000000000 cells in a grid of 10/,
    );
    expect(() => checkStroke({ id: "a", op: "remove", units: "all", mask: { size: [1e9, 1e9], cells: [] } })).toThrow(
      /has no size/,
    );
  });
});
