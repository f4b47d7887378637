import { describe, expect, test } from "vitest";
import { categoriesSvg, conceptsSvg, layersSvg } from "../../src/report/comparison-plot.ts";
import { forced, nothing, three, withoutErrors } from "./comparisons.ts";
import { expectKept } from "./kept.ts";

const PLOTS = [
  [categoriesSvg, "compare-categories.svg", "compare-categories-no-errors.svg", "compare-categories-nothing.svg"],
  [conceptsSvg, "compare-concepts.svg", "compare-concepts-no-errors.svg", "compare-concepts-nothing.svg"],
  [layersSvg, "compare-layers.svg", "compare-layers-no-errors.svg", "compare-layers-nothing.svg"],
] as const;

describe.each(PLOTS)("the kept pictures of %o", (draw, ofThree, ofOneWithoutErrors, ofNothing) => {
  test("of three inputs", () => expectKept(ofThree, draw(three)));

  test("of one without errors, and of nothing", () => {
    expectKept(ofOneWithoutErrors, draw(withoutErrors));
    expectKept(ofNothing, draw(nothing));
  });

  test("say what they are to who does not see them, and that something was forced to who does", () => {
    expect(draw(three)).toMatch(/^<svg [^>]*role="img" aria-label="[^"]*layer6[^"]*"/);
    expect(draw(three)).not.toContain("by force");
    expect(draw(forced)).toMatch(/aria-label="[^"]*seed \(1 in a; 3 in b\)/);
    expect(draw(forced)).toMatch(/<text[^>]*>Not comparable, compared by force<\/text>/);
  });
});
