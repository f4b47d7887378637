import { describe, expect, test } from "vitest";
import { categoriesSvg, conceptsSvg, layersSvg } from "../../src/report/comparison-plot.ts";
import { forced, nothing, three, withoutErrors } from "./comparisons.ts";
import { expectKept } from "./kept.ts";

const PLOTS = { categories: categoriesSvg, concepts: conceptsSvg, layers: layersSvg } as const;

describe.each(Object.entries(PLOTS))("the kept pictures of %s", (name, draw) => {
  test("of three inputs", () => expectKept(`compare-${name}.svg`, draw(three)));

  test("of one without errors, and of nothing", () => {
    expectKept(`compare-${name}-no-errors.svg`, draw(withoutErrors));
    expectKept(`compare-${name}-nothing.svg`, draw(nothing));
  });

  test("say what they are to who does not see them, and that something was forced to who does", () => {
    expect(draw(three)).toMatch(/^<svg [^>]*role="img" aria-label="[^"]*layer6[^"]*"/);
    expect(draw(three)).not.toContain("by force");
    expect(draw(forced)).toMatch(/aria-label="[^"]*seed \(1 in a; 3 in b\)/);
    expect(draw(forced)).toMatch(/<text[^>]*>Not comparable, compared by force<\/text>/);
  });
});
