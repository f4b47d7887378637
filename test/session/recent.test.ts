import { expect, test } from "vitest";
import { Recent } from "../../src/session/recent.ts";

test("the last that were used are kept, others let go", () => {
  const gone: string[] = [];
  const recent = new Recent<string>(2, (value) => gone.push(value));
  recent.set("a", "A");
  recent.set("b", "B");
  expect(recent.get("a")).toBe("A");
  recent.set("c", "C");
  expect([gone, recent.get("b"), recent.get("a"), recent.get("c")]).toEqual([["B"], undefined, "A", "C"]);
  recent.set("a", "A2");
  expect([gone, recent.get("a")]).toEqual([["B", "A"], "A2"]);
  recent.delete("c");
  recent.delete("c");
  expect(gone).toEqual(["B", "A", "C"]);
  recent.clear();
  expect([gone, recent.get("a")]).toEqual([["B", "A", "C", "A2"], undefined]);
});

test("where there is room for none, none is kept", () => {
  const gone: string[] = [];
  const recent = new Recent<string>(0, (value) => gone.push(value));
  recent.set("a", "A");
  expect([gone, recent.get("a")]).toEqual([["A"], undefined]);
});
