import { describe, expect, test } from "vitest";
import type { Comparison } from "../../src/compare/index.ts";
import { comparisonJson } from "../../src/report/comparison.ts";
import { COMPARISON_SPECS, type Compared } from "../../src/report/vega-comparison.ts";
import { forced, nothing, three, withoutErrors } from "./comparisons.ts";
import { drawn } from "./vega.ts";

const EMPTY = /^Infinite extent for field/;
/** As `compare.json` has it. */
const kept = (comparison: Comparison): Compared => JSON.parse(comparisonJson(comparison, {}));
const specOf = (figure: string, comparison: Comparison) => COMPARISON_SPECS[figure]!(kept(comparison));

test("categories: a part of a bar for each category that an input has, all of it as wide as its concepts", async () => {
  const spec = specOf("categories", three);
  const { svg, marks } = await drawn(spec);
  const parts = three.inputs.flatMap(({ categories }) => categories);
  expect(parts.length).toBeGreaterThan(3);
  expect(marks).toHaveLength(parts.length);
  const { name, unique, categories } = three.inputs[0]!;
  const first = categories.find(({ category }) => category === "object")!;
  expect(spec.data.values[0]).toEqual({
    ...{ input: name, category: "object", place: 0 },
    ...{ value: first.unique.value, error: first.unique.error },
    ...{ all: unique.value, all_error: unique.error },
  });
  expect(svg).toContain("#4B4CBF"); // objects, as the SVG has them
  expect(svg).toContain(">Distinct concepts that units detect<");
});

test("concepts: of every input a bar a concept, as high as it has detectors, the most first", async () => {
  const spec = specOf("concepts", three);
  const bars = three.inputs.flatMap((_, at) => three.concepts.filter(({ inputs }) => inputs[at]!.detectors.value > 0));
  const { marks } = await drawn(spec);
  expect(marks).toHaveLength(bars.length);
  const values = spec.data.values as { input: string; category: string; units: number }[];
  for (const [at, value] of values.entries()) {
    const before = values[at - 1];
    if (before?.input === value.input && before.category === value.category) {
      expect(value.units).toBeLessThanOrEqual(before.units);
    }
  }
});

test("concepts of one name in two categories stay apart", () => {
  const [concept] = three.concepts;
  const concepts = [concept!, { ...concept!, category: "other" }];
  const names = COMPARISON_SPECS["concepts"]!(kept({ ...three, concepts })).data.values as { concept: string }[];
  expect(new Set(names.map((value) => value.concept))).toEqual(
    new Set([`${concept!.name} (${concept!.category})`, `${concept!.name} (other)`]),
  );
});

test("layers: two measures with a point an input, and two errors up and down to no less than 0", async () => {
  const spec = specOf("layers", three);
  const { svg, marks } = await drawn(spec);
  expect(marks).toHaveLength(2 * three.inputs.length);
  expect(svg.match(/aria-roledescription="rule mark"/g)).toHaveLength(2 * three.inputs.length);
  const [{ share }] = three.inputs as [(typeof three.inputs)[0]];
  const [value, error] = [100 * share.value, 100 * share.error!];
  expect(spec.data.values[0]).toMatchObject({
    value,
    error,
    low: Math.max(0, value - 2 * error),
    high: value + 2 * error,
  });
  const unsure = { ...three.inputs[0]!, share: { value: 0.5, error: 0.3 } };
  const [low] = specOf("layers", { ...three, inputs: [unsure, ...three.inputs.slice(1)] }).data.values;
  expect(low).toMatchObject({ low: 0, high: 110 });
});

describe.each(Object.keys(COMPARISON_SPECS))("%s", (figure) => {
  test("of what has no errors, and of nothing", async () => {
    const { svg } = await drawn(specOf(figure, withoutErrors), EMPTY);
    expect(svg).not.toContain('aria-roledescription="rule mark"');
    expect(specOf(figure, withoutErrors).data.values.length).toBeGreaterThan(0);
    await drawn(specOf(figure, nothing), EMPTY);
  });

  test("says what was forced, to eyes and ears", async () => {
    const warning = /Not comparable, compared by force: these differ: .*seed/;
    const spec = specOf(figure, forced);
    expect(spec.description).toMatch(warning);
    expect((await drawn(spec)).svg).toMatch(new RegExp(`>${warning.source}`));
    expect(specOf(figure, three).description).not.toMatch(/force/);
  });
});
