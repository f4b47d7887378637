import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { define, GanSession } from "../../src/elements/index.ts";
import { type ElementsPage, elementsPage } from "./page.ts";

// Runs: src/elements/index.ts, src/elements/define.ts

let elements: ElementsPage;
beforeAll(async () => {
  elements = await elementsPage();
});
afterAll(() => elements?.close());

describe("defining", () => {
  const names = (prefix: string) =>
    elements.run(`["session", "image", "paint", "units", "inspect", "compare", "history"]
      .filter((name) => customElements.get("${prefix}-" + name))`);

  test("makes all elements, and once more does nothing", async () => {
    expect(await names("gan")).toHaveLength(7);
    await elements.run("define(); define({ prefix: 'gan' });");
  });

  test("under another prefix makes others of the same kind", async () => {
    await elements.run("define({ prefix: 'my-app' })");
    expect(await names("my-app")).toHaveLength(7);
    expect(await elements.run("document.createElement('my-app-session') instanceof GanSession")).toBe(true);
  });

  test.each(["Gan", "1", "", "gän", "a b"])("refuses the prefix %j", (prefix) =>
    expect(() => define({ prefix })).toThrow(/is no prefix/),
  );
  test("refuses what it does not know", () =>
    expect(() => define({ prefx: "a" } as object)).toThrow(/knows no "prefx"/));
});

test("importing the elements where there is no page defines nothing and does not fail", () => {
  expect([typeof customElements, typeof HTMLElement]).toEqual(["undefined", "undefined"]);
  expect(GanSession.observedAttributes).toContain("generator");
});
