import { expect, test } from "vitest";
import { comparisonPage, errorsText } from "../../src/report/comparison-page.ts";
import { forced, nothing, three, withoutErrors } from "./comparisons.ts";
import { PROVENANCE } from "./fixture.ts";

test("the page says how was counted, and which errors are missing and how to get them", () => {
  const page = comparisonPage(three, PROVENANCE, { iou: 0.05, iqr: 0.01 });
  expect(page).toContain("By best label: a unit counts once");
  expect(page).toContain('<th scope="row">layer8</th>');
  expect(page).not.toContain("by force");
  expect(page).not.toMatch(/<script|src="http|url\(/);
  expect(errorsText(three.inputs)).toMatch(/^Behind ± stands the jackknife's standard error/);
  expect(errorsText(withoutErrors.inputs)).toMatch(
    /^There are no errors of layer6: its report has no blocks\.safetensors; dissect it again/,
  );
  expect(errorsText([...three.inputs, ...withoutErrors.inputs])).toMatch(/^Behind ± .* There are no errors of layer6:/);
  expect(comparisonPage(forced, PROVENANCE)).toMatch(/class="warning"[^>]*>.*Not comparable, compared by force/);
  expect(comparisonPage(nothing, PROVENANCE)).toContain("<h1>scenes layer4</h1>");
});

test("names from files of strangers are text", () => {
  const [first, ...others] = three.inputs;
  const page = comparisonPage({ ...three, inputs: [{ ...first!, name: "<img src=x>" }, ...others] }, PROVENANCE);
  expect(page).not.toContain("<img src=x>");
  expect(page).toContain("&#60;img src=x&#62;");
});
