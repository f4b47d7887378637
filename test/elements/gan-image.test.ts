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

const show = (attributes: string) =>
  elements.show(
    `<gan-session id="one"><gan-image id="image" style="width: 200px" ${attributes}></gan-image></gan-session>`,
  );
const state = () => elements.run("[...one.session.views].at(-1).state");
const label = () => elements.run("image.shadowRoot.querySelector('[role=img]').getAttribute('aria-label')");

test("shows an image of a seed, and says when it was drawn", async () => {
  await show('seed="2" image="7"');
  expect(await state()).toMatchObject({ seed: 2, image: 7, view: "rgb", strokes: [] });
  expect(await label()).toBe("Image 7 of seed 2");
  await elements.run("heard.length = 0; image.image = 8;");
  expect(await elements.run("[heard, details.at(-1)]")).toEqual([["gan-rendered gan-image"], { ms: 1 }]);
});

test("is drawn again only when it shows something else", async () => {
  await show('image="7"');
  await elements.run("one.session.asked.length = 0; image.alt = 'a church'; image.image = 7;");
  expect(await elements.run("one.session.asked")).toEqual([]);
  await elements.run("image.image = 8; image.seed = 9;");
  expect(await elements.run("one.session.asked.length")).toBe(1);
  expect(await label()).toBe("a church");
});

test("shows labels, and where a unit is active", async () => {
  await show('view="labels"');
  expect(await state()).toMatchObject({ view: "labels" });
  expect(await label()).toBe("Image 0 of seed 1, its labels");
  await elements.run("image.view = 'unit'; image.unit = 5;");
  expect(await state()).toMatchObject({ view: "unit", unit: { layer: "layer4", unit: 5 } });
  await elements.run("image.layer = 'layer2'");
  expect(await state()).toMatchObject({ view: "unit", unit: { layer: "layer2", unit: 5 } });
  expect(await label()).toBe("Image 0 of seed 1, where unit 5 of layer2 is active");
  await elements.run("image.view = 'no such'");
  expect(await elements.run("image.view")).toBe("rgb");
});

test("has what is done to it, and is a recipe", async () => {
  await show("");
  const recipe = {
    ...{ version: 1, model: { name: "fake" }, segmenter: { name: "fake labels" }, seed: 2, image: 3, layer: "layer2" },
    strokes: [{ id: "a", op: "remove", units: [1] }],
  };
  await elements.run(`image.recipe = ${JSON.stringify(recipe)}`);
  expect(await elements.run("image.recipe")).toEqual(recipe);
  await elements.run("image.edits = null");
  expect(await elements.run("image.recipe")).toEqual({ ...recipe, strokes: [] });
  const refused = await elements.run(`try { image.recipe = { version: 9 }; } catch (error) { return error.message; }`);
  expect(refused).toMatch(/version 9/);
});

test("says which pixel the pointer is at", async () => {
  await show("");
  await elements.page.mouse.move(16 + 100, 16 + 75);
  expect(await elements.run("details.at(-1)")).toEqual({ y: 24, x: 32 });
  await elements.page.mouse.move(500, 500);
  expect(await elements.run("[heard.at(-1), details.at(-1)]")).toEqual(["gan-hover gan-image", null]);
});

test("says what cannot be drawn, and only that of its own", async () => {
  await show("");
  await elements.run("image.image = 5000000");
  expect(await elements.heard()).toEqual(["gan-error gan-image"]);
  expect(await elements.run("details.at(-1).code")).toBe("usage");
  await elements.run(`one.session.emit("error", { error: new GanatomyError("usage", "x", "y") })`);
  expect(await elements.heard()).toEqual(["gan-error gan-session"]);
});
