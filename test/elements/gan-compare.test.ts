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
  elements.show(`<gan-compare id="compare" style="width: 400px" ${attributes}>
    <div slot="before" style="background: #c33; height: 200px"></div>
    <div slot="after" style="background: #36c; height: 200px"></div></gan-compare>`);
const HANDLE = "compare.shadowRoot.querySelector('[role=slider]')";
const heard = async () => (await elements.heard()).length;

test("is moved by pointer, and only by its handle", async () => {
  await show();
  const { mouse } = elements.page;
  await mouse.move(16 + 200, 100);
  await mouse.down();
  await mouse.move(16 + 100, 100, { steps: 3 });
  await mouse.up();
  await mouse.move(16 + 300, 100);
  expect(await elements.run("compare.position")).toBe(25);
  expect(await heard()).toBe(3);
  await elements.look("compare");
  await mouse.click(16 + 300, 100);
  expect(await elements.run("compare.position")).toBe(25);
});

test("what is seen of each follows, for those who hear it, too", async () => {
  await show('position="30"');
  const clips =
    "['before', 'after'].map((part) => getComputedStyle(compare.shadowRoot.querySelector('[part=' + part + ']')).clipPath)";
  expect(await elements.run(clips)).toEqual(["inset(0px 70% 0px 0px)", "inset(0px 0px 0px 30%)"]);
  expect(await elements.run(`[${HANDLE}.ariaValueNow, ${HANDLE}.ariaValueText, ${HANDLE}.ariaOrientation]`)).toEqual([
    ...["30", "30 % before", "horizontal"],
  ]);
  await elements.run("compare.position = 300; compare.orientation = 'vertical';");
  expect(await elements.run("compare.position")).toBe(100);
  expect(await elements.run(clips)).toEqual(["inset(0px 0px 0%)", "inset(100% 0px 0px)"]);
  expect(await heard()).toBe(0);
});

test("is moved by keyboard", async () => {
  await show();
  await elements.page.keyboard.press("Tab");
  const press = async (...keys: string[]) => {
    for (const key of keys) await elements.page.keyboard.press(key as "Home");
    return elements.run<number>("compare.position");
  };
  expect(await press("ArrowRight", "ArrowRight", "ArrowLeft", "PageUp")).toBe(62);
  expect(await press("End", "ArrowRight")).toBe(100);
  expect(await heard()).toBe(5);
  expect(await press("Home", "ArrowUp")).toBe(2);
  await elements.run("compare.orientation = 'vertical'");
  expect(await press("ArrowDown", "a")).toBe(4);
});

test("vertical, by pointer", async () => {
  await show('orientation="vertical"');
  const { mouse } = elements.page;
  await mouse.move(100, 16 + 100);
  await mouse.down();
  await mouse.move(100, 16 + 150);
  await mouse.up();
  expect(await elements.run("compare.position")).toBe(75);
  await elements.look("compare-vertical");
});
