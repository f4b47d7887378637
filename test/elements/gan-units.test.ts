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

const show = (attributes = "") =>
  elements.show(
    `<gan-session id="one"><gan-units id="units" style="width: 400px" ${attributes}></gan-units></gan-session>`,
  );
const listed = () => elements.run<number[]>("units.units.map(({ unit }) => unit)");
const GRID = "units.shadowRoot.querySelector('[role=listbox]')";
const cards = () => elements.run<number>(`${GRID}.querySelectorAll("[role=option]").length`);
const active = () =>
  elements.run<string>(
    `units.shadowRoot.getElementById(${GRID}.getAttribute("aria-activedescendant"))?.querySelector("span span")?.textContent`,
  );
/** Pictures come one by one. */
const wait = "await settle(40);";

test("lists the units of a dissected layer, the best first, and draws only those that are seen", async () => {
  await show();
  await elements.run(wait);
  const units = await listed();
  expect(units).toHaveLength(300);
  expect(units.slice(0, 6)).toEqual([1, 2, 3, 5, 6, 7]);
  expect(units.slice(-2)).toEqual([292, 296]); // which detect nothing
  expect(await cards()).toBeLessThan(24);
  const asked = await elements.run<string[]>("one.session.asked.filter((line) => line.startsWith('thumbnails'))");
  expect(asked).toEqual(["thumbnails 12"]);
  await elements.look("units");
});

test("asks for the pictures of others as they are scrolled to, once", async () => {
  await show();
  await elements.run(`${wait} ${GRID}.scrollTop = 128 * 20; ${wait}`);
  expect(await active()).toBe("1");
  const texts = `[...${GRID}.querySelectorAll("[role=option] span span:first-child")].map((span) => span.textContent)`;
  expect(await elements.run(texts)).toContain("107");
  await elements.run(`one.session.asked.length = 0; ${GRID}.scrollTop = 0; ${wait}`);
  expect(await elements.run("one.session.asked")).toEqual([]);
});

test("sorts and searches", async () => {
  await show('sort="unit"');
  expect((await listed()).slice(0, 4)).toEqual([0, 1, 2, 3]);
  await elements.run("units.sort = 'label'");
  expect((await listed()).slice(0, 3)).toEqual([3, 7, 11]); // doors
  await elements.run(`
    const search = units.shadowRoot.querySelector("[type=search]");
    search.value = "Tre"; search.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true }));`);
  expect((await listed()).slice(0, 3)).toEqual([1, 5, 9]);
  expect(await elements.run("units.shadowRoot.querySelector('[role=status]').textContent")).toBe("75 of 300 units");
  await elements.run(`
    const search = units.shadowRoot.querySelector("[type=search]");
    search.value = "17"; search.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true }));`);
  expect(await listed()).toEqual([17]);
  expect(await elements.heard()).toEqual([]);
});

test("lists those of a concept by its ranking, the first so many", async () => {
  await show('concept="sky" top="3"');
  expect(await listed()).toEqual([2, 6, 10]);
  await elements.run("units.concept = 'nobody'");
  expect(await elements.heard()).toEqual(["gan-error gan-units"]);
});

test("lists those of a category, which somebody can choose where there are several", async () => {
  await show();
  const category = `units.shadowRoot.querySelector("label[hidden] select, label:last-of-type select")`;
  expect(await elements.run(`${category}.checkVisibility()`)).toBe(false);
  // A segmenter has other numbers for the report's labels.
  await elements.run(`
    const labels = LOADED.labels.map((label) => (label.name === "door" ? { ...label, category: "part" } : label));
    one.session.become({ ...LOADED, labels: labels.toReversed(), report: { ...LOADED.report, labels } });`);
  expect(await elements.run(`[...${category}.options].map(({ text }) => text)`)).toEqual(["all", "object", "part"]);
  await elements.run(`
    const select = ${category};
    select.value = "part"; select.dispatchEvent(new Event("change"));`);
  expect(await elements.run("units.category")).toBe("part");
  expect((await listed()).slice(0, 3)).toEqual([3, 7, 11]); // doors
  expect(await elements.run(`${GRID}.querySelector(".name").textContent`)).toBe("door");
  await elements.look("units-category");
});

test("lists a layer of which nothing is known by number", async () => {
  await show('layer="layer2"');
  expect(await listed()).toEqual([...Array(16).keys()]);
});

test("is chosen from by pointer: one, or several", async () => {
  await show();
  await elements.run(wait);
  const card = (at: number) => `${GRID}.querySelectorAll("[role=option]")[${at}]`;
  await elements.run(`${card(1)}.click()`);
  expect(await elements.run("[units.selected, details.at(-1)]")).toEqual([[2], { layer: "layer4", unit: 2 }]);
  expect(await elements.heard()).toEqual(["change gan-units", "gan-unit gan-units"]);
  await elements.run(`${card(2)}.click()`);
  expect(await elements.run("units.selected")).toEqual([3]);
  await elements.run(
    `units.multiple = true; await settle(); ${card(0)}.click(); ${card(1)}.click(); ${card(2)}.click();`,
  );
  expect(await elements.run("units.getAttribute('selected')")).toBe("1 2");
  expect(await elements.run(`${card(0)}.getAttribute("aria-selected")`)).toBe("true");
  expect(await elements.run(`${GRID}.getAttribute("aria-multiselectable")`)).toBe("true");
  await elements.heard();
  await elements.run("units.selected = [5]");
  expect(await elements.heard()).toEqual([]);
});

test("is chosen from by keyboard", async () => {
  await show();
  await elements.run(`${wait} ${GRID}.focus();`);
  const { keyboard } = elements.page;
  for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft"] as const) await keyboard.press(key);
  expect(await active()).toBe("6"); // the first of the second row of four
  await keyboard.press("End");
  expect(await active()).toBe("296");
  expect(await elements.run(`${GRID}.scrollTop`)).toBeGreaterThan(5000);
  await keyboard.press("PageUp");
  await keyboard.press("Home");
  expect(await active()).toBe("1");
  await keyboard.press("Space");
  await keyboard.press("ArrowUp");
  expect(await elements.run("units.selected")).toEqual([1]);
  expect(await elements.heard()).toEqual(["change gan-units", "gan-unit gan-units"]);
  await elements.look("units-keyboard");
});
