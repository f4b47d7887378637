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
  await elements.run("await settle(40)");
  expect(await elements.run(clips)).toEqual([
    "polygon(0px 0px, 30% 0px, 30% 200px, 100% 200px, 100% 100%, 0px 100%)",
    "polygon(30% 0px, 100% 0px, 100% 100%, 0px 100%, 0px 200px, 30% 200px)",
  ]);
  expect(await elements.run(`[${HANDLE}.ariaValueNow, ${HANDLE}.ariaValueText, ${HANDLE}.ariaOrientation]`)).toEqual([
    ...["30", "30 % before", "horizontal"],
  ]);
  await elements.run("compare.position = 300; compare.orientation = 'vertical';");
  expect(await elements.run("compare.position")).toBe(100);
  expect(await elements.run(clips)).toEqual([
    expect.stringMatching(/^polygon\(0px 0px, 100% 0px, 100% calc\(200px\)|^polygon\(0px 0px, 100% 0px, 100% 200px, /),
    expect.stringMatching(/^polygon\(0px (calc\()?200px/),
  ]);
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

test.each(["light", "dark"])("what one has below the other is not cut off: a brush's settings (%s)", async (value) => {
  await elements.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
  for (const orientation of ["horizontal", "vertical"]) {
    await elements.show(`<gan-session id="one"><gan-compare id="compare" orientation="${orientation}" style="width: 320px">
      <gan-image id="before" slot="before" for="paint" unedited></gan-image>
      <gan-paint id="paint" slot="after" concept="tree"></gan-paint></gan-compare></gan-session>`);
    await elements.run("paint.strokes = [{ id: 'a', op: 'remove', units: [1] }]; await settle(40);");
    await elements.look(`compare-paint-${orientation}-${value}`);
    const seen = await elements.run<readonly (readonly [string, string])[]>(`
      const at = (x, y) => document.elementFromPoint(x, y)?.id;
      const box = before.getBoundingClientRect();
      const controls = [...paint.shadowRoot.querySelectorAll("[part=toolbar] :is(button, select, input)")];
      const handle = compare.shadowRoot.querySelector("[part=handle]").getBoundingClientRect();
      return [
        ...controls.map((control) => {
          const { left, top, width, height } = control.getBoundingClientRect();
          return ["paint", at(left + 3, top + height / 2)];
        }),
        ["before", at(box.left + 30, box.top + 5)],
        ["paint", at(box.right - 30, box.bottom - 5)],
        ["compare", at(box.left + box.width / 2, box.top + box.height / 2)],
        ["true", String(handle.bottom <= box.bottom + 14)],
      ];`);
    expect(seen.length).toBeGreaterThan(8);
    expect(seen.filter(([wanted, found]) => wanted !== found)).toEqual([]);
  }
});
