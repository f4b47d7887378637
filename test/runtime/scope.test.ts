import { expect, test } from "vitest";
import { Scope } from "../../src/runtime/scope.ts";

/** Resources that say when they are let go. */
function resources() {
  const gone: string[] = [];
  return { gone, make: (name: string) => ({ name, dispose: () => void gone.push(name) }) };
}

test("what a scope owns goes with it, the last first, and once", () => {
  const { gone, make } = resources();
  const scope = new Scope();
  for (const name of ["a", "b", "c"]) expect(scope.own(make(name)).name).toBe(name);
  scope.dispose();
  scope.dispose();
  expect(gone).toEqual(["c", "b", "a"]);
});

test("resources made at the same time come in their order, whoever is ready first", async () => {
  const { gone, make } = resources();
  const scope = new Scope();
  const slow = new Promise((resolve) => setTimeout(resolve, 10)).then(() => make("slow"));
  const [first, second] = await scope.all([slow, Promise.resolve(make("quick"))]);
  expect([first.name, second.name]).toEqual(["slow", "quick"]);
  scope.dispose();
  expect(gone).toEqual(["quick", "slow"]);
});

test("if some cannot be made the first failure is thrown, once none is being made any more, and the others go with the scope", async () => {
  const { gone, make } = resources();
  const scope = new Scope();
  let made = false;
  const slow = new Promise((resolve) => setTimeout(resolve, 10)).then(() => {
    made = true;
    return make("slow");
  });
  const failing = [Promise.reject(new Error("first")), Promise.reject(new Error("second"))];
  await expect(scope.all([...failing, slow])).rejects.toThrow("first");
  expect(made).toBe(true);
  expect(gone).toEqual([]);
  scope.dispose();
  expect(gone).toEqual(["slow"]);
});
