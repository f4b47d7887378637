import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ElementsPage, elementsPage } from "./page.ts";

let elements: ElementsPage;
beforeAll(async () => {
  elements = await elementsPage();
});
afterAll(() => elements?.close());

const PAINT = `<gan-session><gan-paint id="paint" concept="tree" radius="0" style="width: 320px"></gan-paint></gan-session>`;
const SURFACE = "paint.shadowRoot.querySelector('[part=surface]')";

/** The middle of a cell of the 6 × 8 cells, on the screen. */
async function cell(row: number, column: number): Promise<[x: number, y: number]> {
  const [left, top, width, height] = await elements.run<number[]>(
    `const { left, top, width, height } = ${SURFACE}.getBoundingClientRect(); return [left, top, width, height];`,
  );
  return [left! + ((column + 0.5) * width!) / 8, top! + ((row + 0.5) * height!) / 6];
}

async function drag(...cells: [number, number][]): Promise<void> {
  const { mouse } = elements.page;
  const [first, ...rest] = cells;
  await mouse.move(...(await cell(...first!)));
  await mouse.down();
  for (const to of rest) await mouse.move(...(await cell(...to)), { steps: 4 });
  await mouse.up();
  await elements.run("1");
}

const strokes = () => elements.run<{ op: string; mask: { cells: number[] } }[]>("paint.strokes");

/** Of pointers one hears where they are all the time. */
const heard = async () => (await elements.heard()).filter((event) => !event.startsWith("gan-hover"));
const status = () => elements.run<string>("paint.shadowRoot.querySelector('[role=status]').textContent");
const asked = (what: string) =>
  elements.run<string[]>(`paint.closest("gan-session").session.asked.filter((line) => line.startsWith("${what}"))`);

const STROKE = {
  ...{ id: "s1", op: "draw", units: { concept: "tree", top: 10 }, alpha: 1, value: { quantile: 0.99 } },
  mask: { size: [6, 8], cells: [9, 3] },
};

describe("a pointer", () => {
  beforeEach(() => elements.show(PAINT));

  test("paints the cells on its way, once it is lifted", async () => {
    await drag([1, 1], [1, 3]);
    expect(await strokes()).toEqual([STROKE]);
    expect(await heard()).toEqual(["input gan-paint", "change gan-paint"]);
    expect(await status()).toBe("tree drawn, 3 cells");
    expect(await asked("stroke")).toHaveLength(1);
    await elements.look("paint");
  });

  test("paints as it moves when live, as one step", async () => {
    await elements.run("paint.live = true");
    await drag([1, 1], [1, 3]);
    expect(await strokes()).toEqual([STROKE]);
    const events = await heard();
    expect(events.length).toBeGreaterThan(3);
    expect(events.filter((event) => event === "change gan-paint")).toHaveLength(1);
    expect((await asked("stroke")).length).toBeGreaterThan(2);
    await elements.run("paint.undo()");
    expect(await strokes()).toEqual([]);
  });

  test("takes every point of a way, and tells the session once a frame, if it covers more", async () => {
    const places = await Promise.all([cell(1, 1), cell(4, 1), cell(4, 6), cell(4, 6)]);
    const told = await elements.run<unknown>(`
      paint.live = true;
      const surface = ${SURFACE};
      const { session } = paint.closest("gan-session");
      const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      const strokes = () => session.asked.filter((line) => line.startsWith("stroke")).length;
      const counts = [], watched = { all: 0, steps: 0 };
      paint.watch(() => (watched.all += 1), () => (watched.steps += 1));
      const point = (type, [clientX, clientY]) => surface.dispatchEvent(new PointerEvent(type, {
        ...{ clientX, clientY, isPrimary: true, pointerId: 1, bubbles: true, buttons: 1 },
      }));
      surface.setPointerCapture = () => {};
      const [from, down, right, still] = ${JSON.stringify(places)};
      point("pointerdown", from);
      await frame();
      counts.push(strokes());
      point("pointermove", down);
      point("pointermove", right);
      counts.push(strokes());
      await frame();
      counts.push(strokes());
      point("pointermove", still);
      await frame();
      counts.push(strokes());
      point("pointermove", from);
      point("pointerup", from);
      return { counts, watched };`);
    // Down column 1, along row 4; then straight back, at once.
    expect(told).toEqual({ counts: [1, 1, 2, 2], watched: { all: 2, steps: 2 } });
    const { cells } = (await strokes())[0]!.mask;
    expect(cells.slice(0, 2)).toEqual([9, 2]);
    expect(cells.reduce((sum, run) => sum + run)).toBe(4 * 8 + 7);
  });

  test("that inspects is told where it is, by finger or keys, and paints nothing", async () => {
    await elements.run("paint.inspect = true");
    await elements.page.touchscreen.tap(...(await cell(2, 5)));
    await elements.run("1");
    expect(await elements.run("details.filter(Boolean).at(-1)")).toEqual({ y: 20, x: 44 });
    await elements.run(`${SURFACE}.focus()`);
    await elements.page.keyboard.press("Space");
    expect(await strokes()).toEqual([]);
    await elements.run("paint.inspect = false");
    await elements.page.touchscreen.tap(...(await cell(2, 5)));
    await elements.run("1");
    expect(await strokes()).toHaveLength(1);
  });

  test("shows the brush on the layer's cells, and says which pixel it is at", async () => {
    await elements.page.mouse.move(...(await cell(2, 5)));
    expect(await elements.run("paint.shadowRoot.querySelector('svg').getAttribute('viewBox')")).toBe("0 0 8 6");
    const drawn = "[...paint.shadowRoot.querySelectorAll('svg .line')].map((line) => line.getAttribute('d'))";
    expect(await elements.run(drawn)).toEqual(["", "M5 2h1M5 3h1M5 2v1M6 2v1"]);
    expect(await elements.run("details.at(-1)")).toEqual({ y: 20, x: 44 });
    await elements.look("paint-brush");
    await elements.page.mouse.move(600, 700);
    expect(await elements.run("details.at(-1)")).toBeNull();
    expect(await elements.run(drawn)).toEqual(["", ""]);
  });

  test("does nothing with another button, without a concept, or where nobody may paint", async () => {
    await elements.page.mouse.click(...(await cell(1, 1)), { button: "right" });
    await elements.run("paint.concept = ''");
    await elements.page.mouse.click(...(await cell(1, 1)));
    expect(await heard()).toEqual(["gan-error gan-paint"]);
    expect(await status()).toMatch(/^Choose/);
    await elements.run("paint.concept = 'tree'; paint.disabled = true;");
    await elements.page.mouse.click(...(await cell(1, 1)));
    expect(await heard()).toEqual([]);
    expect(await strokes()).toEqual([]);
  });

  /** A pointer event of somebody's hand. */
  const pointer = async (type: string, row: number, column: number, init = "") => {
    const [x, y] = await cell(row, column);
    await elements.run(`${SURFACE}.dispatchEvent(new PointerEvent("${type}",
      { bubbles: true, pointerId: 1, isPrimary: true, clientX: ${x}, clientY: ${y}, ${init} }))`);
  };

  test("may be a pen, whose other end erases, or a finger, whose second comes to pan", async () => {
    await elements.run(`${SURFACE}.setPointerCapture = () => {}`);
    await pointer("pointerdown", 1, 1, "pointerType: 'pen', button: 5");
    await pointer("pointerup", 1, 1, "pointerType: 'pen', button: 5");
    expect((await strokes()).map(({ op }) => op)).toEqual(["remove"]);
    await elements.heard();
    await pointer("pointerdown", 2, 2, "pointerType: 'touch'");
    expect(await elements.heard()).toContain("gan-hover gan-paint"); // without having moved
    await pointer("pointerdown", 3, 3, "pointerType: 'touch', isPrimary: false, pointerId: 2");
    await pointer("pointercancel", 2, 2, "pointerType: 'touch'");
    await pointer("pointerup", 2, 2, "pointerType: 'touch'");
    expect(await strokes()).toHaveLength(1);
    expect(await elements.run(`getComputedStyle(${SURFACE}).touchAction`)).toBe("pinch-zoom");
  });

  test("gives all places that it was at since the last frame", async () => {
    await elements.run(`${SURFACE}.setPointerCapture = () => {}`);
    await pointer("pointerdown", 0, 0);
    const [x, y] = await cell(4, 0);
    const [right] = await cell(4, 4);
    await elements.run(`
      const move = new PointerEvent("pointermove", { pointerId: 1, isPrimary: true, clientX: ${right}, clientY: ${y} });
      move.getCoalescedEvents = () => [{ clientX: ${x}, clientY: ${y} }, { clientX: ${right}, clientY: ${y} }];
      ${SURFACE}.dispatchEvent(move);`);
    await pointer("pointerup", 4, 4);
    // Down, then to the right; without the corner it would be a diagonal.
    expect((await strokes())[0]!.mask.cells).toEqual([0, 1, 7, 1, 7, 1, 7, 1, 7, 5]);
  });
});

describe("the keyboard", () => {
  beforeEach(async () => {
    await elements.show(PAINT);
    await elements.page.keyboard.press("Tab");
  });
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await elements.page.keyboard.press(key as "Space");
    await elements.run("1");
  };

  test("moves a cursor and paints a cell with space", async () => {
    await press("ArrowLeft", "ArrowUp");
    expect(await status()).toBe("row 3, column 4");
    await elements.look("paint-cursor");
    await press("Space");
    expect((await strokes()).map(({ mask }) => mask.cells)).toEqual([[2 * 8 + 3, 1]]);
    expect(await heard()).toEqual(["input gan-paint", "change gan-paint"]);
    expect(await status()).toBe("tree drawn, 1 cell");
  });

  test("draws a line while space is held down, and stops at the edge", async () => {
    await elements.page.keyboard.down("Space");
    for (let step = 0; step < 9; step += 1) await elements.page.keyboard.press("ArrowRight");
    await elements.page.keyboard.up("Space");
    await elements.run("1");
    expect((await strokes()).map(({ mask }) => mask.cells)).toEqual([[3 * 8 + 4, 4]]);
  });

  test("gives a stroke up with Escape", async () => {
    await elements.page.keyboard.down("Space");
    await press("ArrowRight", "Escape");
    await elements.page.keyboard.up("Space");
    expect(await strokes()).toEqual([]);
    expect(await heard()).toEqual([]);
  });

  test("changes the brush, and says so", async () => {
    await press("]", "]", "[", "x");
    expect(await elements.run("[paint.radius, paint.op]")).toEqual([0.5, "remove"]);
    expect(await elements.run("paint.shadowRoot.querySelector('svg .removes') !== null")).toBe(true);
    expect(await heard()).toEqual(new Array(4).fill("gan-brush gan-paint"));
  });

  test("takes strokes back and brings them again", async () => {
    await press("Space", "ArrowUp", "Space", "z");
    expect(await strokes()).toHaveLength(1);
    await elements.page.keyboard.down("Shift");
    await press("Z");
    await elements.page.keyboard.up("Shift");
    expect(await strokes()).toHaveLength(2);
    await elements.page.keyboard.down("Control");
    await press("z", "z");
    await elements.page.keyboard.up("Control");
    expect(await strokes()).toEqual([]);
  });
});

const RECIPE = {
  ...{ version: 1, model: { name: "fake" }, segmenter: { name: "fake labels" }, seed: 2, image: 5, layer: "layer2" },
  strokes: [{ id: "a", op: "remove", units: [3], mask: { size: [3, 4], cells: [0, 2] } }],
};
const JSON_OF = (recipe: object) => JSON.stringify(JSON.stringify(recipe));
const attribute = (recipe: object) => `value='${JSON.stringify(recipe)}'`;

describe("as a part of a form", () => {
  const inForm = (inner: string) =>
    `<form id="form"><fieldset id="fieldset"><gan-session>${inner}</gan-session></fieldset></form>`;
  const sent = () => elements.run<string | null>("new FormData(form).get('edit')");

  test("its value is the recipe, from the first picture on", async () => {
    await elements.show(inForm('<gan-paint id="paint" name="edit" concept="tree" image="3"></gan-paint>'));
    expect(JSON.parse((await sent())!)).toEqual({
      ...{ ...RECIPE, seed: 1, image: 3, layer: "layer4", strokes: [] },
    });
    await drag([0, 0], [0, 0]);
    expect(JSON.parse((await sent())!).strokes).toHaveLength(1);
    expect(await elements.run("paint.value === new FormData(form).get('edit') && paint.form === form")).toBe(true);
  });

  test("begins with the recipe of its attribute, and goes back to it when the form is reset", async () => {
    await elements.show(inForm(`<gan-paint id="paint" name="edit" concept="tree" ${attribute(RECIPE)}></gan-paint>`));
    expect(JSON.parse((await sent())!)).toEqual(RECIPE);
    await drag([0, 0], [0, 0]);
    expect(await strokes()).toHaveLength(2);
    await elements.heard();
    await elements.run("form.reset()");
    expect(JSON.parse((await sent())!)).toEqual(RECIPE);
    expect(await elements.run("paint.canUndo")).toBe(false);
    expect(await heard()).toEqual([]);
  });

  test("comes back as the browser kept it", async () => {
    await elements.show(inForm('<gan-paint id="paint" name="edit"></gan-paint>'));
    await elements.run(`paint.formStateRestoreCallback(${JSON_OF(RECIPE)}, "restore")`);
    expect(JSON.parse((await sent())!)).toEqual(RECIPE);
  });

  test("is disabled with its fieldset", async () => {
    await elements.show(inForm('<gan-paint id="paint" name="edit" concept="tree"></gan-paint>'));
    await elements.run("fieldset.disabled = true");
    await drag([0, 0], [0, 0]);
    expect(await strokes()).toEqual([]);
    expect(await elements.run("paint.shadowRoot.querySelector('select').disabled")).toBe(true);
    expect(await sent()).toBeNull();
  });
});

describe("a recipe", () => {
  test("that is set shows without an event and cannot be taken back", async () => {
    await elements.show(PAINT);
    await elements.run(`paint.recipe = ${JSON.stringify(RECIPE)}`);
    expect(await elements.run("paint.recipe")).toEqual(RECIPE);
    expect(await elements.run("[paint.seed, paint.image, paint.layer, paint.canUndo]")).toEqual([
      2,
      5,
      "layer2",
      false,
    ]);
    expect(
      await elements.run("[...paint.closest('gan-session').session.views].map((view) => view.state)"),
    ).toMatchObject([{ seed: 2, image: 5, layer: "layer2", strokes: RECIPE.strokes, foreground: true }]);
    expect(await heard()).toEqual([]);
    await elements.run("paint.value = ''");
    expect(await strokes()).toEqual([]);
  });

  test("of another generator is refused: at once, or when it is known", async () => {
    const other = { ...RECIPE, model: { name: "another" } };
    await elements.show(PAINT);
    const refused = `try { paint.recipe = ${JSON.stringify(other)}; } catch (error) { return error.message; }`;
    expect(await elements.run(refused)).toMatch(/^This recipe is of another, and the generator here is fake/);
    expect(await strokes()).toEqual([]);
    await elements.show(`<gan-session><gan-paint id="paint" ${attribute(other)}></gan-paint></gan-session>`, {
      fakes: false,
    });
    await elements.run("useFakes()");
    expect(await strokes()).toEqual([]);
    expect(await elements.run("paint.getAttribute('layer')")).toBe(null);
    expect(await heard()).toEqual(["gan-error gan-paint"]);
  });

  test("that is none is said, and nothing changes", async () => {
    await elements.show(`<gan-session><gan-paint id="paint" value="no JSON"></gan-paint></gan-session>`, {
      fakes: false,
    });
    expect(await elements.run("[paint.value, paint.recipe === undefined]")).toEqual(["", true]);
    await elements.run("useFakes()");
    expect(await elements.run("paint.strokes.length")).toBe(0);
  });
});

describe("strokes", () => {
  test("that a program sets are steps without events", async () => {
    await elements.show(PAINT);
    await elements.run(`paint.strokes = ${JSON.stringify([STROKE])}`);
    await elements.run("paint.clear()");
    await elements.run("paint.undo()");
    expect(await strokes()).toEqual([STROKE]);
    await elements.run("paint.redo()");
    expect(await strokes()).toEqual([]);
    await elements.run("paint.undo(); paint.undo();");
    expect(await elements.run("[paint.canUndo, paint.canRedo]")).toEqual([false, true]);
    expect(await heard()).toEqual([]);
  });

  test("act on units by number where there are such, by strength and quantile", async () => {
    await elements.show(PAINT);
    await elements.run("paint.units = [5, 7]; paint.strength = 0.5; paint.valueQuantile = 0.9;");
    await drag([0, 0], [0, 0]);
    expect(await strokes()).toMatchObject([{ units: [5, 7], alpha: 0.5, value: { quantile: 0.9 } }]);
    expect(await elements.run("paint.outerHTML")).toContain('units="5 7" strength="0.5" value-quantile="0.9"');
  });

  test("that cannot act are said by whose they are", async () => {
    await elements.show(`<gan-session><gan-image></gan-image><gan-paint id="paint"></gan-paint></gan-session>`);
    await elements.run(`
      const { session } = document.querySelector("gan-session");
      session.emit("error", { error: new GanatomyError("usage", "No such unit.", "Try 3."), view: [...session.views][1] });`);
    expect(await elements.heard()).toEqual(["gan-error gan-paint"]);
    expect(await elements.run("details.at(-1)")).toMatchObject({
      ...{ code: "usage", message: "No such unit. Try 3.", fix: "Try 3." },
    });
  });
});

describe("the toolbar", () => {
  const control = (text: string) =>
    `[...paint.shadowRoot.querySelectorAll("[part=toolbar] label, [part=toolbar] button")].find((node) => (node.getAttribute("aria-label") ?? node.textContent).startsWith("${text}"))`;

  test("chooses the brush", async () => {
    await elements.show(PAINT);
    expect(
      await elements.run(`[...${control("Concept")}.querySelectorAll("option")].map(({ value }) => value)`),
    ).toEqual(["", "sky", "tree", "door"]);
    await elements.run(`
      const select = ${control("Concept")}.querySelector("select");
      select.value = "sky"; select.dispatchEvent(new Event("change"));
      const strength = ${control("Strength")}.querySelector("input");
      strength.value = 0.25; strength.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true }));
      ${control("Remove")}.click();`);
    expect(await elements.run("[paint.concept, paint.strength, paint.op]")).toEqual(["sky", 0.25, "remove"]);
    expect(await elements.run(`${control("Remove")}.getAttribute("aria-pressed")`)).toBe("true");
    // What its slider says is not what the paint says.
    expect(await heard()).toEqual(new Array(3).fill("gan-brush gan-paint"));
    await elements.run(`
      const labels = LOADED.labels.map((label) => (label.name === "door" ? { ...label, category: "part" } : label));
      paint.closest("gan-session").session.become({ ...LOADED, report: { ...LOADED.report, labels } });`);
    const groups = `[...${control("Concept")}.querySelectorAll("optgroup")].map(({ label }) => label)`;
    expect(await elements.run(groups)).toEqual(["object", "part"]);
    expect(await elements.run("paint.concept")).toBe("sky");
  });

  test("takes steps back, brings them again, clears", async () => {
    await elements.show(PAINT);
    expect(await elements.run(`${control("Undo")}.disabled`)).toBe(true);
    await drag([0, 0], [0, 0]);
    await elements.heard();
    await elements.run(`${control("Undo")}.click()`);
    expect(await strokes()).toEqual([]);
    await elements.run(`${control("Redo")}.click(); ${control("Clear")}.click();`);
    expect(await elements.run("[paint.strokes.length, paint.canUndo, paint.canRedo]")).toEqual([0, true, false]);
    expect(await heard()).toEqual(new Array(3).fill(["input gan-paint", "change gan-paint"]).flat());
  });

  test("gives way to the page's own", async () => {
    await elements.show(`<gan-session><gan-paint id="paint"><b slot="toolbar">mine</b></gan-paint></gan-session>`);
    expect(await elements.run(`${control("Draw")}.checkVisibility()`)).toBe(false);
  });
});

test("what dims the picture is another canvas, and goes", async () => {
  await elements.show(PAINT);
  await elements.run("paint.heat = 'layer4/7'");
  const shown =
    "[...paint.closest('gan-session').session.views].map(({ state }) => [state.view, state.unit?.unit ?? -1])";
  expect(await elements.run(shown)).toEqual([
    ["rgb", -1],
    ["unit", 7],
  ]);
  await elements.look("paint-heat");
  await elements.run("paint.heat = ''");
  expect(await elements.run("paint.shadowRoot.querySelectorAll('canvas').length")).toBe(1);
  expect(await elements.run("document.querySelector('gan-session').session.views.size")).toBe(1);
});
