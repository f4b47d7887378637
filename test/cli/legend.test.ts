import { expect, test } from "vitest";
import { legendOf, legendText } from "../../src/cli/legend.ts";
import { labelColors } from "../../src/report/colors.ts";

const LABELS = ["-", "sky", "tree", "house", "brick"].map((name) => ({ name, category: "object" }));
const SEGMENTER = { name: "upp", labels: LABELS };
const PHOTO = { name: "a.png", photo: { width: 30, height: 20 } };

const legend = (labels: readonly number[], width: number, height: number) =>
  legendOf(SEGMENTER, PHOTO, { labels: Uint32Array.from(labels), width, height });

test("a legend counts each label's pixels, the largest area first, of equal ones the first label", () => {
  const found = legend([3, 1, 1, 0, 2, 0], 3, 2);
  // wherever in the picture they are met first
  expect(legend([2, 1, 1, 0, 3, 0], 3, 2)).toEqual(found);
  const colors = labelColors(LABELS);
  expect(found).toEqual({
    photo: "a.png",
    photoSize: { width: 30, height: 20 },
    segmenter: "upp",
    width: 3,
    height: 2,
    labels: [
      { label: 1, name: "sky", category: "object", color: colors[1], pixels: 2, area: 0.3333 },
      { label: 2, name: "tree", category: "object", color: colors[2], pixels: 1, area: 0.1667 },
      { label: 3, name: "house", category: "object", color: colors[3], pixels: 1, area: 0.1667 },
    ],
  });
});

test("a pixel that has a label in two or three maps counts once, one that has two labels counts for both", () => {
  const pixels = (labels: readonly number[]): object =>
    Object.fromEntries(legend(labels, 2, 1).labels.map(({ label, pixels, area }) => [label, [pixels, area]]));
  expect(pixels([1, 2, 1, 0])).toEqual({ 1: [1, 0.5], 2: [1, 0.5] });
  expect(pixels([1, 2, 4, 4, 1, 2])).toEqual({ 1: [1, 0.5], 2: [1, 0.5], 4: [2, 1] });
  expect(pixels([1, 2, 2, 1])).toEqual({ 1: [2, 1], 2: [2, 1] });
});

test("in a line it has twelve labels, as percentages", () => {
  expect(legendText(legend([1, 1, 2, 0], 2, 2))).toBe("a.png: sky 50.0 %, tree 25.0 %");
  expect(legendText(legend([0, 0], 2, 1))).toBe("a.png: nothing that the segmenter knows");
  const one = legend([1], 1, 1);
  const many = legendText({ ...one, labels: new Array(13).fill(one.labels[0]) });
  expect(many.split(", ")).toHaveLength(12);
});
