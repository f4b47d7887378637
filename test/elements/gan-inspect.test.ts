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

const show = (inspect = "") =>
  elements.show(`<gan-session id="one">
    <gan-image id="image" image="2" style="width: 160px"></gan-image>
    <gan-inspect id="inspect" style="width: 320px" ${inspect}></gan-inspect></gan-session>`);
const text = () => elements.run<string>("inspect.shadowRoot.querySelector('div').innerText");
const units = "inspect.shadowRoot.querySelectorAll('[part=unit]')";

test("says what is where the pointer is in what it looks at, and stays when it leaves", async () => {
  await show('for="image" top="3"');
  expect(await text()).toBe("Point at the image to see what is there.");
  await elements.page.mouse.move(16 + 42, 16 + 22);
  await elements.run("1");
  expect(await text()).toMatch(
    /^sky\s+row 8, column 16\s+layer4, cell 1, 2\s+1\s+tree\s+0\.990\s+4\s+0\.890\s+7\s+door\s+6\.00$/,
  );
  await elements.page.mouse.move(600, 600);
  await elements.run("1");
  expect(await text()).toMatch(/^sky/);
  await elements.look("inspect");
});

test("asks once for the newest place", async () => {
  await show('for="image"');
  await elements.run("one.session.asked.length = 0; inspect.place = { y: 1, x: 2 }; inspect.place = { y: 40, x: 2 };");
  expect(await elements.run("one.session.asked")).toEqual(["pixel 40 2 layer4"]);
  expect(await text()).toMatch(/^tree/);
  await elements.run("one.session.asked.length = 0; image.image = 3;");
  expect(await elements.run("one.session.asked.at(-1)")).toBe("pixel 40 2 layer4");
  // A place of larger images, such as of the generator before, is none here.
  await elements.run("one.session.asked.length = 0; inspect.place = { y: 200, x: 2 };");
  expect(await elements.run("one.session.asked")).toEqual([]);
  expect(await text()).toMatch(/^Point at/);
  await elements.run("inspect.place = { y: 1, x: 2 }; await settle(); inspect.place = null");
  expect(await text()).toMatch(/^Point at/);
});

test("stays at its place when it is pinned", async () => {
  await show('for="image"');
  await elements.run("inspect.place = { y: 1, x: 2 }; inspect.pinned = true;");
  await elements.page.mouse.move(16 + 42, 16 + 22);
  await elements.run("1");
  expect(await elements.run("inspect.place")).toEqual({ y: 1, x: 2 });
});

test("looks at the layers that it is told, and at a paint's own", async () => {
  await elements.show(`<gan-session id="one"><gan-paint id="paint" layer="layer2" style="width: 160px"></gan-paint>
    <gan-inspect id="inspect" for="paint"></gan-inspect></gan-session>`);
  await elements.run("inspect.place = { y: 0, x: 0 }");
  expect(await elements.run("one.session.asked.at(-1)")).toBe("pixel 0 0 layer2");
  await elements.run("inspect.layers = ['layer2', 'layer4']");
  expect(await elements.run("one.session.asked.at(-1)")).toBe("pixel 0 0 layer2 layer4");
  expect(await elements.run(`${units}.length`)).toBe(16);
});

test("a unit is chosen", async () => {
  await show('for="image"');
  await elements.run(`inspect.place = { y: 0, x: 0 }; await settle(); ${units}[2].click();`);
  expect(await elements.heard()).toEqual(["gan-unit gan-inspect"]);
  expect(await elements.run("details.at(-1)")).toEqual({ layer: "layer4", unit: 7 });
});
