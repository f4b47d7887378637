import { expect, test } from "vitest";
import { Recent } from "../../src/runtime/recent.ts";

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

test("what is let go of is told once: by name, when it is replaced, at the end, where there is no room", () => {
  const left: string[] = [];
  const recent = new Recent<string>({ entries: 2 }, (value) => left.push(value));
  recent.set("a", "A");
  recent.set("a", "A2");
  recent.set("c", "C");
  recent.delete("c");
  recent.delete("c");
  expect(left).toEqual(["A", "C"]);
  recent.clear();
  expect([left, recent.get("a")]).toEqual([["A", "C", "A2"], undefined]);
  const none = new Recent<string>({ entries: 0 }, (value) => left.push(value));
  none.set("d", "D");
  expect([left.at(-1), none.get("d")]).toEqual(["D", undefined]);
});
