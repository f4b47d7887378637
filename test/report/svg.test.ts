import { expect, test } from "vitest";
import { drawing, escapeXml, polyline, round, signed, textWidth, ticks, widthFor } from "../../src/report/svg.ts";

test("markup is escaped, and what XML forbids is dropped", () => {
  expect(escapeXml("<&>\"'")).toBe("&#60;&#38;&#62;&#34;&#39;");
  expect(escapeXml("a\u0000\u0008\u000b\u000c\u000e\u001f\ufffe\uffffb\t\n\r\u{1f333}")).toBe("ab\t\n\r\u{1f333}");
});

test("a drawing says how large it is, and its title is in it as text", () => {
  expect(drawing(100, 50.126, "<a>", ["<path/>"])).toBe(
    '<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="100" height="50.13" viewBox="0 ' +
      '0 100 50.13">' +
      '<rect width="100" height="50.13" fill="#fff"/>' +
      '<text x="50" y="20" ' +
      'style="font-family:sans-serif;font-size:12px;text-anchor:middle">&#60;a&#62;</text>' +
      "<path/></svg>\n",
  );
});

test("it is as wide as its title", () => {
  expect(widthFor("tree", 100)).toBe(100);
  expect(widthFor("0123456789", 10)).toBe(75 + 16);
});

test("text has the width of the widest fonts", () => {
  expect(textWidth("0123456789")).toBeCloseTo(74.4);
  expect(textWidth("木ab", 10)).toBeCloseTo(10 + 12.4);
  expect(textWidth("\u10ff\u1100", 1)).toBeCloseTo(1.62);
});

test("ticks are multiples of the first step by which there are few enough", () => {
  expect(ticks(-0.4, 1, [0.2, 0.5], 13).map((tick) => round(tick))).toEqual([
    "-0.4",
    "-0.2",
    "0",
    "0.2",
    "0.4",
    "0.6",
    "0.8",
    "1",
  ]);
  expect(ticks(-0.3, 0.9, [0.2], 13).map((tick) => round(tick))).toEqual(["-0.2", "0", "0.2", "0.4", "0.6", "0.8"]);
  expect(ticks(0, 3, [1, 2], 4)).toEqual([0, 1, 2, 3]);
  expect(ticks(0, 4, [1, 2], 4)).toEqual([0, 2, 4]);
  expect(ticks(0, 8, [1, 2], 4)).toEqual([0, 4, 8]);
  expect(ticks(0, 100, [1, 2, 5], 4)).toEqual([0, 40, 80]);
  expect(ticks(0, -1, [1], 4)).toEqual([]);
});

test.each([
  [-1.25, 1, "−1.3"],
  [-0.04, 1, "0.0"],
  [0.05, 1, "0.1"],
  [-0, 0, "0"],
  [12, 0, "12"],
])("%d with %i digits is %s", (value, digits, expected) => expect(signed(value, digits)).toBe(expected));

test("a line goes through its points, and one point is a dot", () => {
  const line = '<path d="M1 2L3.46 4" fill="none" stroke="red" stroke-width="2"/>';
  expect(
    polyline(
      [
        [1, 2],
        [3.456, 4],
      ],
      "red",
    ),
  ).toBe(line);
  expect(polyline([[1.005, 2.556]], "red")).toBe('<circle cx="1" cy="2.56" r="3" fill="red"/>');
  expect(polyline([], "red")).toBe("");
});
