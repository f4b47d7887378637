import { describe, expect, test } from "vitest";
import type { ComparedInput } from "../../src/compare/index.ts";
import { barsOf, categoriesOf, categoriesSvg, conceptsSvg, layersSvg } from "../../src/report/comparison-plot.ts";
import { textWidth } from "../../src/report/svg.ts";
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

describe("what kept pictures have one of", () => {
  const widthOf = (svg: string): number => Number(/ width="(\d+)"/.exec(svg)![1]);
  /** Where texts stand. */
  const textsOf = (svg: string) =>
    new Map(
      [...svg.matchAll(/<text x="([^"]*)" y="([^"]*)"[^>]*>([^<]*)</g)].map(([, x, y, told]) => [
        told,
        [x, y].map(Number),
      ]),
    );

  test("models have a line each, named one below the other, and plots begin below them", () => {
    const [a, b, c] = three.inputs as [ComparedInput, ComparedInput, ComparedInput];
    const models = [
      a,
      { ...b, model: "church" },
      { ...c, model: "church" },
      { ...a, model: "a model of a very long name, wider than all plots are" },
    ];
    const svg = layersSvg({ ...three, inputs: models });
    const texts = textsOf(svg);
    expect(["scenes", "church", models[3]!.model].map((name) => texts.get(name))).toEqual([
      [36, 44],
      [36, 62],
      [36, 80],
    ]);
    // Three names instead of one move the plots down by two of their lines.
    const title = "Units that detect a concept, %";
    expect(texts.get(title)![1]! - textsOf(layersSvg(three)).get(title)![1]!).toBe(2 * 18);
    expect([...svg.matchAll(/<path d="M12 [^"]*h18" stroke="([^"]*)"/g)].map(([, color]) => color)).toEqual([
      ...["#4B4CBF", "#F0883B", "#55B05B"],
    ]);
    // Only the second model has two points, and a line between them, in each of the plots.
    expect(svg.match(/fill="none" stroke="#F0883B"/g)).toHaveLength(2);
    expect(svg).not.toMatch(/fill="none" stroke="(?!#F0883B)/);
    expect(widthOf(svg)).toBe(Math.ceil(36 + textWidth(models[3]!.model) + 12));
  });

  test.each([
    [5, 1],
    [10, 2],
    [25, 5],
    [50, 10],
    [100, 20],
    [250, 50],
    [500, 100],
  ])("%i concepts are told by %i", (most, step) => {
    const [first] = three.inputs;
    const svg = layersSvg({ ...three, inputs: [{ ...first!, unique: { value: most, error: 0 } }] });
    const told = [...svg.matchAll(/>(\d+)<\/text>/g)].map(([, digits]) => Number(digits));
    // the second plot's, behind those of per cent
    expect(told.slice(told.lastIndexOf(0))).toEqual(Array.from({ length: 6 }, (_, at) => at * step));
  });

  test("errors are twice as long up and down, but not below zero", () => {
    const [first] = three.inputs;
    const whisker = (value: number, error: number): number[] => {
      const inputs = [
        { ...first!, unique: { value, error } },
        { ...first!, layer: "layer9", unique: { value: 100, error: 0 } },
      ];
      const svg = layersSvg({ ...three, inputs });
      // Of the last plot; a number stands below its line.
      const ground = textsOf(svg).get("0")![1]! - 4;
      const [, top, bottom] = /<path class="gan-error" d="M\S+ (\S+)V(\S+)"/.exec(svg.slice(svg.indexOf("Distinct")))!;
      return [top, bottom].map((y) => Math.round((ground - Number(y)) / 1.3)); // 130 are 100
    };
    expect(whisker(60, 10)).toEqual([80, 40]);
    expect(whisker(10, 10)).toEqual([30, 0]);
  });

  test("shares and their errors are per cent", () => {
    const [first] = three.inputs;
    const svg = layersSvg({ ...three, inputs: [{ ...first!, share: { value: 0.5, error: 0.125 } }] });
    const [, top, bottom] = /<path class="gan-error" d="M\S+ (\S+)V(\S+)"/.exec(svg)!;
    // 75 and 25 % where 75 are as high as a plot
    expect(Number(bottom) - Number(top)).toBeCloseTo((130 * 50) / 75, 1);
  });

  test("categories that nobody knows come last, by their names", () => {
    const [input] = three.inputs;
    const categories = ["zoo", "part", "ant", "scene"].map((category) => ({ ...input!.categories[0]!, category }));
    expect(categoriesOf({ inputs: [{ ...input!, categories }] })).toEqual(["scene", "part", "ant", "zoo"]);
  });

  test("names of 30 at least hang below bars, though they are short", () => {
    const concepts = three.concepts.map((concept) => ({ ...concept, name: "a" }));
    const heightOf = (svg: string): number => Number(/ height="(\d+)"/.exec(svg)![1]);
    const panel = 46 + 90 + (30 * Math.SQRT1_2 + 10) + 10;
    expect(heightOf(conceptsSvg({ ...three, concepts }))).toBe(Math.ceil(58 + 3 * panel));
  });

  test("the end of the longest error is as high as a plot", () => {
    const [first] = three.inputs;
    const svg = layersSvg({ ...three, inputs: [{ ...first!, unique: { value: 60, error: 30 } }] });
    const [, top, bottom] = /<path class="gan-error" d="M\S+ (\S+)V(\S+)"/.exec(svg.slice(svg.indexOf("Distinct")))!;
    expect(Number(bottom) - Number(top)).toBe(130);
  });

  test("five layers have 64 each, beside the numbers on the left", () => {
    const [first] = three.inputs;
    const inputs = Array.from({ length: 5 }, (_, layer) => ({ ...first!, layer: `layer${layer}` }));
    const svg = layersSvg({ ...three, inputs });
    expect(widthOf(svg)).toBe(12 + 44 + 5 * 64 + 12);
    const texts = textsOf(svg);
    expect(inputs.map(({ layer }) => texts.get(layer)![0])).toEqual([0, 1, 2, 3, 4].map((at) => 56 + 64 * (at + 0.5)));
  });

  test("what was forced has room below, in its width and height", () => {
    const heightOf = (svg: string): number => Number(/ height="(\d+)"/.exec(svg)![1]);
    for (const draw of [categoriesSvg, conceptsSvg, layersSvg]) {
      const { incomparable } = forced;
      const svg = draw({ ...three, incomparable });
      expect(heightOf(svg) - heightOf(draw(three))).toBe(20);
      expect(textsOf(svg).get("Not comparable, compared by force")).toEqual([12, heightOf(svg) - 12]);
    }
    const narrow = conceptsSvg({ ...nothing, inputs: [], concepts: [], incomparable: forced.incomparable });
    expect(widthOf(narrow)).toBe(Math.ceil(textWidth("Not comparable, compared by force") + 2 * 12));
  });

  test("bars begin 40 from the border though names are short, 60 with what is around them", () => {
    const inputs = three.inputs.map((input) => ({ ...input, name: "a" }));
    const starts = [...categoriesSvg({ ...three, inputs }).matchAll(/<text x="([^"]*)" y="[^"]*"[^>]*>a</g)];
    expect(starts.map(([, x]) => Number(x))).toEqual(inputs.map(() => 12 + 40));
  });

  test("bars come by category, then from the highest to the lowest", () => {
    const [concept] = three.concepts;
    const [input] = three.inputs;
    const found = [
      ["b", "part", 5],
      ["c", "object", 1],
      ["d", "object", 3],
      ["e", "object", 0],
      ["f", "part", 7],
      ["g", "object", 2],
    ] as const;
    const concepts = found.map(([name, category, value]) => ({
      ...{ ...concept!, name, category },
      inputs: concept!.inputs.map((one) => ({ ...one, detectors: { ...one.detectors, value } })),
    }));
    const categories = ["object", "part"].map((category) => ({ ...input!.categories[0]!, category }));
    const bars = barsOf({ inputs: [{ ...input!, categories }], concepts }, 0);
    expect(bars.map(({ name, units, concept }) => [name, units, concept])).toEqual([
      ["d", 3, 2],
      ["g", 2, 5],
      ["c", 1, 1],
      ["f", 7, 4],
      ["b", 5, 0],
    ]);
  });

  test("many concepts are as wide as their bars", () => {
    const [first] = three.concepts;
    const concepts = Array.from({ length: 60 }, (_, i) => ({ ...first!, name: `concept ${i}` }));
    const svg = conceptsSvg({ ...three, concepts });
    const ends = [...svg.matchAll(/<rect x="([^"]*)" y="[^"]*" width="14"/g)].map(([, x]) => Number(x) + 14);
    expect(ends).toHaveLength(60 * first!.inputs.filter(({ detectors }) => detectors.value > 0).length);
    const [last, width] = [Math.max(...ends), widthOf(svg)];
    expect(width).toBeGreaterThan(last + 12);
    expect(width).toBeLessThan(last + 12 + 18);
  });
});
