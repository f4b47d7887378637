import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type ElementsPage, elementsPage } from "./page.ts";

let elements: ElementsPage;
beforeAll(async () => {
  elements = await elementsPage();
});
afterAll(async () => {
  expect(elements.errors).toEqual([]);
  await elements?.close();
});
beforeEach(() =>
  elements.show(
    `<gan-session id="one"><gan-paint id="paint" op="copy" live radius="0" style="width: 320px"></gan-paint></gan-session>`,
  ),
);

/** Paints a cell of the 6 × 8 ones. */
async function press(row: number, column: number): Promise<void> {
  const at = "paint.shadowRoot.querySelector('[part=surface]').getBoundingClientRect()";
  const [left, top, width, height] = await elements.run<number[]>(
    `const { left, top, width, height } = ${at}; return [left, top, width, height];`,
  );
  await elements.page.mouse.click(left! + ((column + 0.5) * width!) / 8, top! + ((row + 0.5) * height!) / 6);
  await elements.run("1");
}
const strokes = () => elements.run("paint.strokes");
const regions = () => elements.run<string[]>("one.session.asked.filter((line) => line.startsWith('region'))");

test("the first stroke says what is copied, those after it where it goes, in another image too", async () => {
  await press(1, 2);
  expect(await regions()).toEqual(['region 0 {"size":[6,8],"cells":[10,1]} layer4']);
  expect(await strokes()).toEqual([]);
  expect(await elements.run("paint.features")).toEqual({ layer: "layer4", values: [0.3333, 2] });
  expect(await elements.heard()).toContain("gan-pick gan-paint");
  await elements.run("paint.image = 3");
  await press(4, 4);
  const mask = { size: [6, 8], cells: [36, 1] };
  expect(await strokes()).toEqual([{ id: "s1", op: "copy", units: "all", alpha: 1, value: [0.3333, 2], mask }]);
});

test("Alt chooses something else, whatever the brush does; of many cells the largest if that is wished", async () => {
  await elements.run("paint.op = 'draw'; paint.copies = 'max'");
  await elements.page.keyboard.down("Alt");
  await press(0, 0);
  await elements.page.keyboard.up("Alt");
  expect(await elements.run("[paint.op, paint.features.values]")).toEqual(["copy", [4, 5]]);
});

test("of two that are asked for the later one is copied", async () => {
  await elements.run(
    "const { promise, resolve } = Promise.withResolvers(); one.session.held = promise; globalThis.go = resolve;",
  );
  await press(0, 0);
  await press(0, 1);
  await elements.run("go(); await settle();");
  expect(await regions()).toHaveLength(2);
  expect((await elements.heard()).filter((event) => event.startsWith("gan-pick"))).toHaveLength(1);
});

test("what was copied of another layer is not pasted", async () => {
  await elements.run("paint.features = { layer: 'layer5', values: [1] }");
  await press(0, 0);
  expect(await strokes()).toEqual([]);
  expect(await elements.run("paint.features.layer")).toBe("layer4");
});
