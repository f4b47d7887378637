import { afterAll, beforeAll, expect, test } from "vitest";
import { type ElementsPage, elementsPage } from "./page.ts";

let elements: ElementsPage;
beforeAll(async () => {
  elements = await elementsPage();
});
afterAll(async () => {
  expect(elements.errors).toEqual([]);
  await elements?.close();
});

const STROKES = [
  { id: "a", op: "draw", units: { concept: "tree", top: 3 }, mask: { size: [6, 8], cells: [8, 4] } },
  { id: "b", op: "remove", units: [24, 59], alpha: 0.5 },
  { id: "c", op: "remove", units: [7], mask: { size: [6, 8], cells: [0, 1] } },
];
const show = async () => {
  await elements.show(`<gan-session id="one"><gan-history id="list" for="paint" style="width: 300px"></gan-history>
    <gan-paint id="paint" style="width: 160px"></gan-paint></gan-session>`);
  await elements.run(`paint.strokes = ${JSON.stringify(STROKES)}`);
};
const entries = () =>
  elements.run<string[]>(`[...list.shadowRoot.querySelectorAll("li .what")].map((node) => node.textContent)`);
const ids = () => elements.run("paint.strokes.map(({ id }) => id)");
const control = (name: string) => `list.shadowRoot.querySelector("[aria-label^='${name}']")`;
const focused = () => elements.run("list.shadowRoot.activeElement?.getAttribute('aria-label')");
const STEP = ["input gan-paint", "change gan-paint", "change gan-history"];

test("lists the strokes of its paint, as they come and go", async () => {
  await show();
  expect(await entries()).toEqual(["treedrawn, 4 cells", "2 unitsremoved, everywhere", "unit 7removed, 1 cell"]);
  await elements.look("history");
  await elements.run("paint.undo()");
  expect(await entries()).toEqual([]);
  expect(await elements.heard()).toEqual([]);
});

test("of many strokes writes only those anew that are others, as somebody paints", async () => {
  await show();
  const many = Array.from({ length: 200 }, (_, unit) => ({ id: `${unit}`, op: "remove", units: [unit] }));
  await elements.run(`paint.strokes = ${JSON.stringify(many)}`);
  const written = await elements.run<number>(`
    let written = 0;
    const watch = new MutationObserver((all) => (written += all.length));
    watch.observe(list.shadowRoot, { subtree: true, attributes: true, childList: true, characterData: true });
    paint.strokes = [...paint.strokes, { id: "more", op: "remove", units: [3] }];
    await new Promise((resolve) => setTimeout(resolve, 100));
    watch.disconnect();
    return written;`);
  expect(await entries()).toHaveLength(201);
  expect(written).toBeLessThan(100);
});

test("hides a stroke and shows it again", async () => {
  await show();
  await elements.run(`${control("Hide stroke 1")}.click()`);
  expect(await elements.run("paint.strokes[0].hidden")).toBe(true);
  expect(await elements.run(`${control("Hide stroke 1")}.getAttribute("aria-pressed")`)).toBe("true");
  expect(await elements.heard()).toEqual(STEP);
  await elements.run(`${control("Hide stroke 1")}.click()`);
  expect(await elements.run("paint.strokes[0].hidden")).toBe(false);
});

test("deletes a stroke; the next one has the focus", async () => {
  await show();
  await elements.run(`${control("Delete stroke 2")}.focus(); ${control("Delete stroke 2")}.click();`);
  expect(await ids()).toEqual(["a", "c"]);
  expect(await focused()).toBe("Delete stroke 2, unit 7");
  await elements.run(`${control("Delete stroke 2")}.click()`);
  expect(await focused()).toBe("Delete stroke 1, tree");
  await elements.run("paint.undo()");
  expect(await ids()).toEqual(["a", "c"]);
});

test("moves a stroke, with the focus", async () => {
  await show();
  await elements.run(`${control("Later: stroke 1")}.click()`);
  expect(await ids()).toEqual(["b", "a", "c"]);
  expect(await focused()).toBe("Later: stroke 2, tree");
  await elements.run(`${control("Later: stroke 2")}.click()`);
  expect(await ids()).toEqual(["b", "c", "a"]);
  expect(await focused()).toBe("Earlier: stroke 3, tree"); // there is no later
  expect(await elements.run(`${control("Later: stroke 3")}.disabled`)).toBe(true);
});

test("changes a stroke's strength, a slider's whole way as one step", async () => {
  await show();
  const slide = (type: string, value: number) =>
    elements.run(`const slider = ${control("Strength of stroke 2")}; slider.value = ${value};
      slider.dispatchEvent(new Event("${type}", { bubbles: true, composed: ${type === "input"} }));`);
  for (const value of [0.6, 0.7, 0.8]) await slide("input", value);
  expect(await elements.run("paint.strokes[1].alpha")).toBe(0.8);
  expect(await elements.heard()).toEqual(["input gan-paint", "input gan-paint", "input gan-paint"]);
  await slide("change", 0.8);
  expect(await elements.heard()).toEqual(STEP);
  await elements.run("paint.undo()");
  expect(await elements.run("paint.strokes[1].alpha")).toBe(0.5);
});

test("changes nothing where nobody may paint", async () => {
  await show();
  const enabled = "list.shadowRoot.querySelectorAll('button:enabled, input:enabled').length";
  expect(await elements.run(enabled)).toBe(3 * 5 - 2);
  await elements.run("paint.disabled = true");
  expect(await elements.run(enabled)).toBe(0);
});

test("without a paint there is nothing", async () => {
  await show();
  await elements.run("list.htmlFor = 'nobody'");
  expect(await entries()).toEqual([]);
  expect(await elements.run("list.shadowRoot.querySelector('.empty').checkVisibility()")).toBe(true);
});
