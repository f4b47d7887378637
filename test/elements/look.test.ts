import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { violations } from "../browser/axe.ts";
import { type ElementsPage, elementsPage } from "./page.ts";

let elements: ElementsPage;
beforeAll(async () => {
  elements = await elementsPage({ width: 1000, height: 1500 });
});
afterAll(async () => {
  expect(elements.errors).toEqual([]);
  await elements?.close();
});

/** All elements on one page, with strokes, a selection and a pixel to look at. */
const GALLERY = `<main><h1>All of them</h1><gan-session id="one"><div class="gallery">
  <section><h2>Paint</h2><gan-paint id="paint" concept="tree" live></gan-paint></section>
  <section><h2>History</h2><gan-history for="paint"></gan-history></section>
  <section><h2>Compare</h2><gan-compare><gan-image slot="before" for="paint" unedited></gan-image><gan-image slot="after" for="paint"></gan-image></gan-compare></section>
  <section><h2>Here</h2><gan-inspect id="inspect" for="paint" top="6"></gan-inspect></section>
  <section><h2>Units</h2><gan-units multiple selected="1 3"></gan-units></section>
  <section><h2>Images</h2><div class="strip">${[1, 2, 3, 4, 5, 6].map((image) => `<gan-image for="paint" image="${image}"></gan-image>`).join("")}</div>
  <gan-image view="labels" style="width: 120px; display: inline-block"></gan-image> <gan-image image="2" heat="layer4/3" style="width: 120px; display: inline-block"></gan-image></section>
</div></gan-session></main>
<style>.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: 16px 24px; } .strip { display: grid; grid-template-columns: repeat(3, 1fr); gap: 6px; margin-bottom: 8px; }
body { max-width: none !important; } h2 { font-size: 15px; margin: 0 0 6px; }</style>`;

beforeEach(async () => {
  await elements.page.emulateMediaFeatures([]);
  await elements.show(GALLERY);
  await elements.run(`
    paint.strokes = [
      { id: "a", op: "draw", units: { concept: "tree", top: 3 }, mask: { size: [6, 8], cells: [8, 4, 4, 3] } },
      { id: "b", op: "remove", units: [24, 59], alpha: 0.5, mask: { size: [6, 8], cells: [28, 3, 5, 3] } },
      { id: "c", op: "remove", units: { concept: "sky", top: 10 }, hidden: true },
    ];
    inspect.place = { y: 30, x: 20 };
    await settle(40);`);
});

/** At once: in the middle of a transition colours are none of both. */
const scheme = (value: "light" | "dark") =>
  elements.page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);

describe.each(["light", "dark"] as const)("in a %s page", (value) => {
  test("axe finds nothing wrong with any of them", async () => {
    await scheme(value);
    await elements.run("1");
    await elements.look(`gallery-${value}`);
    expect(await violations(elements.page)).toEqual([]);
  });

  test("nor where something fails, loads, or nobody may paint", async () => {
    await scheme(value);
    await elements.run(`
      paint.disabled = true;
      one.session.emit("progress", { phase: "activations", done: 1, total: 3 });
      one.session.emit("lost", { error: new GanatomyError("device-lost", "The GPU went away.", "Wait.") });`);
    await elements.look(`gallery-${value}-disabled`);
    expect(await violations(elements.page)).toEqual([]);
  });
});

test("a narrow page has no sideways scrolling, and targets of 24 pixels", async () => {
  await elements.page.setViewport({ width: 390, height: 2400 });
  await elements.run("await settle(40)");
  await elements.look("gallery-390");
  expect(await elements.run("document.documentElement.scrollWidth")).toBe(390);
  const small = await elements.run(`
    const targets = [...document.querySelectorAll("*")].flatMap(({ shadowRoot }) =>
      [...(shadowRoot?.querySelectorAll("button, input, select, [role=slider], [role=option]") ?? [])]);
    return targets.filter((target) => target.checkVisibility())
      .map((target) => [target.outerHTML.slice(0, 60), target.getBoundingClientRect()])
      .filter(([, { width, height }]) => width < 24 || height < 24).map(([name]) => name);`);
  expect(small).toEqual([]);
  await elements.page.setViewport({ width: 1000, height: 1500 });
});

test("a page that is light in the dark has light elements", async () => {
  await scheme("dark");
  const ink = "getComputedStyle(paint).color";
  expect(await elements.run(ink)).toBe("rgb(236, 235, 231)");
  await elements.run("document.documentElement.style.colorScheme = 'light'");
  expect(await elements.run(ink)).toBe("rgb(29, 28, 26)");
  await elements.run("document.documentElement.style.colorScheme = ''");
});

test("colours are the page's to choose", async () => {
  await elements.run("paint.style.setProperty('--gan-ink', 'rgb(1, 2, 3)')");
  expect(await elements.run("getComputedStyle(paint).color")).toBe("rgb(1, 2, 3)");
});

test("who wants no motion has none", async () => {
  const moving = () =>
    elements.run(`[...document.querySelectorAll("*")].flatMap(({ shadowRoot }) => [...(shadowRoot?.querySelectorAll("*") ?? [])])
      .filter((node) => parseFloat(getComputedStyle(node).transitionDuration) > 0).length`);
  expect(await moving()).toBeGreaterThan(0);
  await elements.page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]);
  expect(await moving()).toBe(0);
});

test("in forced colours the system's are used, and states are still told apart", async () => {
  // (puppeteer 24 does not know the feature by name, Chromium does.)
  const client = await elements.page.createCDPSession();
  await client.send("Emulation.setEmulatedMedia", { features: [{ name: "forced-colors", value: "active" }] });
  await elements.run("1");
  await elements.look("gallery-forced");
  const [draw, remove] = await elements.run<string[]>(
    `[...paint.shadowRoot.querySelectorAll("[aria-pressed]")].slice(0, 2).map((button) => getComputedStyle(button).backgroundColor)`,
  );
  expect(draw).not.toBe(remove);
  await client.send("Emulation.setEmulatedMedia", { features: [] });
});
