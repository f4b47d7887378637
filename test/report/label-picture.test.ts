import { expect, test } from "vitest";
import { OutputError } from "../../src/errors.ts";
import { labelColors } from "../../src/report/colors.ts";
import { labelPictures, paintLabels } from "../../src/report/label-picture.ts";

const LABELS = ["-", "sky", "tree", "brick"].map((name) => ({
  name,
  category: name === "brick" ? "material" : "object",
}));

test("labels are drawn in the colours of reports, the rarer of several on top, with a legend", () => {
  const labels = Uint32Array.of(
    ...[1, 1, 1, 0, 2, 2, /* second map */ 0, 0, 3, 0, 0, 0],
    ...[2, 2, 2, 2, 2, 2, /* second map */ 3, 3, 3, 3, 3, 0],
  );
  const [first, second] = labelPictures(labels, [2, 2, 2, 3], LABELS);
  const colors = labelColors(LABELS);
  const rgba = (...shown: number[]) => shown.flatMap((label) => [...colors[label]!, 255]);
  expect(first).toMatchObject({ width: 3, height: 2 });
  expect([...first!.rgba]).toEqual(rgba(1, 1, 3, 0, 2, 2));
  expect(first!.legend).toEqual([
    { label: 1, name: "sky", category: "object", color: [120, 188, 245], pixels: 2 },
    { label: 2, name: "tree", category: "object", color: [0, 137, 65], pixels: 2 },
    { label: 3, name: "brick", category: "material", color: colors[3], pixels: 1 },
  ]);
  expect([...second!.rgba]).toEqual(rgba(3, 3, 3, 3, 3, 2));
  expect(second!.legend.map(({ label, pixels }) => [label, pixels])).toEqual([
    [3, 5],
    [2, 1],
  ]);
});

test("a label without a colour is drawn as none", () => {
  expect([...paintLabels(Uint32Array.of(0, 9), 2, [[1, 2, 3]])]).toEqual([1, 2, 3, 255, 1, 2, 3, 255]);
});

test.each([
  [new Uint32Array(5), [1, 1, 2, 3], "5 labels are no maps [1,1,2,3]"],
  [new Uint32Array(6), [2, 3], "6 labels are no maps [2,3]"],
  [new Uint32Array(0), [1, 1, 0, 3], "0 labels are no maps"],
  [Uint32Array.of(7), [1, 1, 1, 1], "There is a label 7, of 4"],
])("%s as %j is refused", (labels, shape, message) => {
  expect(() => labelPictures(labels, shape, LABELS)).toThrow(OutputError);
  expect(() => labelPictures(labels, shape, LABELS)).toThrow(message);
});
