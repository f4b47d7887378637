import { expect, test } from "vitest";
import { Recent } from "../../src/server/recent.ts";

test("what was used last stays", () => {
  const left: number[] = [];
  const recent = new Recent<number>({ entries: 2 }, (value) => left.push(value));
  recent.set("a", 1);
  recent.set("b", 2);
  expect(recent.get("a")).toBe(1);
  recent.set("c", 3);
  expect([recent.get("a"), recent.get("b"), recent.get("c")]).toEqual([1, undefined, 3]);
  expect(left).toEqual([2]);
});

test("so many bytes; what is replaced no longer counts", () => {
  const recent = new Recent<string>({ entries: 9, bytes: 10 });
  recent.set("a", "1", 6);
  recent.set("a", "2", 4);
  recent.set("b", "3", 6);
  expect([recent.get("a"), recent.get("b")]).toEqual(["2", "3"]);
  recent.set("c", "4", 5);
  expect([recent.get("a"), recent.get("b"), recent.get("c")]).toEqual([undefined, undefined, "4"]);
  recent.clear();
  expect(recent.get("c")).toBeUndefined();
});
