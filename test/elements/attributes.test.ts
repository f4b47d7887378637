import { describe, expect, test } from "vitest";
import { listed, namesOf, numberOf, reflect, wholeOf, wholesOf, wordOf } from "../../src/elements/attributes.ts";

/** As much of an element as attributes need. */
function element(attributes: Record<string, string> = {}): Element {
  const map = new Map(Object.entries(attributes));
  return {
    getAttribute: (name: string) => map.get(name) ?? null,
    setAttribute: (name: string, value: string) => void map.set(name, value),
    removeAttribute: (name: string) => void map.delete(name),
  } as unknown as Element;
}

describe("what makes no sense is as if it were not there", () => {
  test.each([
    ["0.5", 0.5],
    [" 2 ", 1],
    ["-1", 0],
    ["", 0.25],
    ["much", 0.25],
    ["Infinity", 0.25],
  ])("a number of %j is %d", (text, number) =>
    expect(numberOf(element({ a: text }), "a", 0.25, { most: 1 })).toBe(number),
  );

  test.each([
    ["7", 7],
    ["7.5", 3],
    ["-2", 0],
    ["1e99", 9],
    ["seven", 3],
  ])("a whole number of %j is %d", (text, number) => expect(wholeOf(element({ a: text }), "a", 3, 9)).toBe(number));

  test("a word is one of those that are known, or the first", () => {
    expect(wordOf(element({ a: "rgb" }), "a", ["labels", "rgb"])).toBe("rgb");
    expect(wordOf(element({ a: "RGB" }), "a", ["labels", "rgb"])).toBe("labels");
    expect(wordOf(element(), "a", ["labels", "rgb"])).toBe("labels");
  });

  test("lists have blanks or commas between", () => {
    expect(namesOf(element({ a: " layer4, layer6 " }), "a")).toEqual(["layer4", "layer6"]);
    expect(namesOf(element(), "a")).toEqual([]);
    expect(wholesOf(element({ a: "3,4  x 3 -1 2.5" }), "a")).toEqual([3, 4]);
  });
});

test("properties are written as attributes, or take them away", () => {
  const one = element({ a: "1" });
  const after = (value: Parameters<typeof reflect>[2]) => {
    reflect(one, "a", value);
    return one.getAttribute("a");
  };
  expect([after(0), after(true), after("x"), after(""), after(false), after(2), after(null), after(undefined)]).toEqual(
    ["0", "", "x", "", null, "2", null, null],
  );
  expect([listed([3, 4]), listed("3,4"), listed([]), listed(null)]).toEqual(["3 4", "3,4", undefined, undefined]);
});
