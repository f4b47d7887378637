import { expect, test } from "vitest";
import { colorOf, shownOf, textOf } from "../../site/shown.ts";

const picture = { width: 1, height: 1, rgba: Uint8ClampedArray.of(1, 2, 3, 255) };

test("pictures, with RGB or RGBA bytes, one, several or a stream", async () => {
  const rgb = { width: 2, height: 1, rgb: Uint8Array.of(1, 2, 3, 4, 5, 6), image: 7 };
  const asRgba = { width: 2, height: 1, rgba: Uint8ClampedArray.of(1, 2, 3, 255, 4, 5, 6, 255) };
  expect(await shownOf(picture)).toEqual({ kind: "pictures", pictures: [picture] });
  expect(await shownOf([picture, rgb])).toEqual({ kind: "pictures", pictures: [picture, asRgba] });
  async function* stream() {
    yield rgb;
    yield picture;
  }
  expect(await shownOf(stream())).toEqual({ kind: "pictures", pictures: [asRgba, picture] });
});

test("a tensor of images in [−1, 1], of which channels behind the third are not seen", async () => {
  const values = [-1, 0, 1, 9, 2, -3, 0.5, 9];
  const shown = await shownOf({ shape: [2, 1, 1, 4], read: async () => Float32Array.from(values) });
  expect(shown).toEqual({
    kind: "pictures",
    pictures: [
      { width: 1, height: 1, rgba: Uint8ClampedArray.of(0, 127.5, 255, 255) },
      { width: 1, height: 1, rgba: Uint8ClampedArray.of(255, 0, 191.25, 255) },
    ],
  });
});

test("rows of objects and of arrays are tables", async () => {
  expect(
    await shownOf([
      { a: 1, b: 2 },
      { b: 3, c: "x" },
    ]),
  ).toEqual({
    kind: "table",
    columns: ["a", "b", "c"],
    rows: [
      [1, 2, undefined],
      [undefined, 3, "x"],
    ],
  });
  expect(await shownOf({ name: "sky" })).toEqual({ kind: "table", columns: ["name"], rows: [["sky"]] });
  expect(await shownOf([[1], [2]])).toEqual({ kind: "table", columns: [], rows: [[1], [2]] });
});

test("drawings and text", async () => {
  expect(await shownOf("<svg/>")).toEqual({ kind: "svg", svg: "<svg/>" });
  expect(await shownOf("a < b")).toEqual({ kind: "text", text: "a < b" });
  expect(await shownOf([24, 59.25])).toEqual({ kind: "text", text: "24, 59.3" });
  expect(await shownOf(Float32Array.of(0.1, 2))).toEqual({ kind: "text", text: "0.100, 2" });
  expect(await shownOf([])).toEqual({ kind: "text", text: "" });
  expect(await shownOf(null)).toEqual({ kind: "text", text: "null" });
  expect([textOf(0.123456), textOf(undefined), textOf([1, 2]), textOf(true)]).toEqual(["0.123", "", "[1,2]", "true"]);
});

test("three bytes in a table are a colour", () => {
  expect(colorOf([0, 137, 255])).toBe("rgb(0, 137, 255)");
  for (const other of [[0, 1], [0, 1, 256], [0, 1, 0.5], "rgb", undefined]) expect(colorOf(other)).toBeUndefined();
});
