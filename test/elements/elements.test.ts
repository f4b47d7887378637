import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ElementsPage, elementsPage } from "./page.ts";

let elements: ElementsPage;
beforeAll(async () => {
  elements = await elementsPage();
});
afterAll(async () => {
  expect(elements.errors).toEqual([]);
  await elements?.close();
});

const views = (id = "one") => elements.run<number>(`${id}.session.views.size`);

describe("properties", () => {
  test("that were set before the element was known are set again", async () => {
    const early = await elements.run(`
      const image = document.createElement("early-image");
      image.seed = 4;
      image.edits = { layer: "layer2", strokes: [] };
      image.view = "labels";
      document.body.append(image);
      define({ prefix: "early" });
      await settle();
      return [image.outerHTML, image.edited, Object.keys(image)];`);
    expect(early).toEqual([
      '<early-image seed="4" view="labels"></early-image>',
      { seed: 4, image: 0, toward: [], layer: "layer2", strokes: [] },
      [],
    ]);
  });

  test("are attributes, and say nothing when a program sets them", async () => {
    await elements.show(`<gan-session id="one"><gan-image id="image" heat="layer4/3"></gan-image></gan-session>`);
    await elements.run("image.image = 3; image.unedited = true; image.alt = ''; image.heat = null;");
    expect(await elements.run("image.outerHTML")).toBe(
      '<gan-image id="image" image="3" unedited="" alt=""></gan-image>',
    );
    expect(await elements.heard()).toEqual([]);
  });
});

describe("a session is found", () => {
  test("around the element, out of shadow roots too", async () => {
    await elements.show(`<gan-session id="one"><div id="host"></div></gan-session>`);
    await elements.run(`host.attachShadow({ mode: "open" }).innerHTML = "<gan-image></gan-image>"`);
    expect(await views()).toBe(1);
  });

  test("by its id, whether it comes before the element or after, or is another one later", async () => {
    await elements.show(`<gan-image id="image" session="two"></gan-image><gan-session id="one"></gan-session>`);
    expect(await views()).toBe(0);
    await elements.run(`
      const two = document.createElement("gan-session");
      two.id = "two"; two.session = new FakeSession(); document.body.append(two);`);
    expect(await views("two")).toBe(1);
    await elements.run("image.session = 'one'");
    expect([await views("one"), await views("two")]).toEqual([1, 0]);
    await elements.run("one.remove()");
    expect(await elements.run("image.recipe === undefined")).toBe(true);
  });

  test("of whatever prefix", async () => {
    await elements.run("define({ prefix: 'my' })");
    await elements.show(`<my-session id="one"><gan-image></gan-image><my-image></my-image></my-session>`, {
      fakes: false,
    });
    await elements.run("one.session = new FakeSession()");
    expect(await views()).toBe(2);
  });

  test("when it is loaded, and again when something else is", async () => {
    await elements.show(`<gan-session id="one"><gan-image id="image"></gan-image></gan-session>`, { fakes: false });
    await elements.run("one.session = new FakeSession(null); one.session.loaded = undefined;");
    expect(await views()).toBe(0);
    await elements.run("one.session.become(LOADED)");
    expect(await views()).toBe(1);
    await elements.run("one.session.become({ ...LOADED, model: { ...LOADED.model, width: 48 } })");
    expect(await elements.run("image.shadowRoot.querySelector('.frame').style.aspectRatio")).toBe("48 / 48");
    expect(await views()).toBe(1);
  });
});

describe("an element that is moved", () => {
  const canvas = "globalThis.canvas === image.shadowRoot.querySelector('canvas')";

  test("keeps its canvas and its view within a session", async () => {
    await elements.show(
      `<gan-session id="one"><p id="here"><gan-image id="image"></gan-image></p><p id="there"></p></gan-session>`,
    );
    await elements.run("globalThis.canvas = image.shadowRoot.querySelector('canvas'); there.append(image);");
    expect(await elements.run(`[${canvas}, one.session.asked.length]`)).toEqual([true, 1]);
  });

  test("has another canvas in another session", async () => {
    await elements.show(
      `<gan-session id="one"><gan-image id="image"></gan-image></gan-session><gan-session id="two"></gan-session>`,
    );
    await elements.run("globalThis.canvas = image.shadowRoot.querySelector('canvas'); two.append(image);");
    expect(await elements.run(`[${canvas}, image.shadowRoot.querySelectorAll("canvas").length]`)).toEqual([false, 1]);
    expect([await views("one"), await views("two")]).toEqual([0, 1]);
  });

  test("lets its view go when it is taken out, and has another when it comes back", async () => {
    await elements.show(`<gan-session id="one"><gan-image id="image"></gan-image></gan-session>`);
    await elements.run("globalThis.kept = image; image.remove();");
    expect(await views()).toBe(0);
    await elements.run("one.append(kept)");
    expect(await views()).toBe(1);
    expect(await elements.run("image.shadowRoot.querySelectorAll('canvas').length")).toBe(1);
  });
});

describe("pairs", () => {
  test("are found by id, whichever comes first, and follow", async () => {
    await elements.show(`<gan-session id="one"><gan-image id="image" for="paint"></gan-image></gan-session>`);
    expect(await elements.run("image.edited.image")).toBe(0);
    await elements.run(`one.insertAdjacentHTML("beforeend", '<gan-paint id="paint" seed="3" image="7"></gan-paint>')`);
    await elements.run(`paint.strokes = [{ id: "a", op: "remove", units: [1] }]`);
    expect(await elements.run("[...one.session.views][0].state")).toMatchObject({
      ...{ seed: 3, image: 7, layer: "layer4", strokes: [{ id: "a" }] },
    });
    await elements.run("paint.image = 8; image.seed = 5; image.unedited = true;");
    expect(await elements.run("image.edited")).toEqual({ seed: 5, image: 8, toward: [], layer: "layer4", strokes: [] });
    await elements.run("paint.remove()");
    expect(await elements.run("image.edited")).toEqual({ seed: 5, image: 0, toward: [], strokes: [] });
  });
});

test("images of one's own stand where those of a seed do, and are in recipes", async () => {
  await elements.show(`<gan-session id="one"><gan-paint id="paint" image="1"></gan-paint>
    <gan-image id="image" for="paint"></gan-image><gan-image id="other" for="paint" image="1"></gan-image></gan-session>`);
  await elements.run(`
    globalThis.own = { name: "mine.safetensors", sha256: "ab".repeat(32) };
    one.session.become({ ...LOADED, latents: [{ ...own, size: 2, weights: false }] });
    paint.latents = one.session.loaded.latents[0];
    paint.strokes = [{ id: "a", op: "remove", units: [1] }];`);
  const own = { name: "mine.safetensors", sha256: "ab".repeat(32) };
  expect(await elements.run("[...one.session.views].map(({ state }) => state.latents ?? null)")).toEqual([
    own,
    own,
    null,
  ]);
  const label = "shadowRoot.querySelector('[aria-label]').getAttribute('aria-label')";
  expect(await elements.run(`image.${label}`)).toBe("Image 1 of mine.safetensors");
  const recipe = await elements.run<object>("paint.recipe");
  expect(recipe).toMatchObject({ latents: own, image: 1, strokes: [{ id: "a" }] });
  // One that has an image of its own shows the seed's unless it is told.
  await elements.run("other.latents = own; paint.latents = undefined;");
  expect(await elements.run("[...one.session.views].map(({ state }) => state.latents ?? null)")).toEqual([
    null,
    null,
    own,
  ]);
  expect(await elements.run("'latents' in paint.recipe")).toBe(false);
  await elements.run(`paint.value = ${JSON.stringify(JSON.stringify(recipe))}; other.recipe = paint.recipe;`);
  expect(await elements.run("[paint.latents, other.latents]")).toEqual([own, own]);
  expect(
    await elements.run(`
      const said = (set) => { try { set(); } catch (error) { return error.message; } };
      one.session.become(LOADED);
      return [
        said(() => { paint.latents = { name: "x" }; }),
        said(() => { paint.value = ${JSON.stringify(JSON.stringify(recipe))}; }),
      ];`),
  ).toEqual([
    expect.stringMatching(/latents needs sha256/),
    expect.stringMatching(/mine\.safetensors \(SHA-256 abababababab…\), which is not here/),
  ]);
});

test("names from files are shown as text", async () => {
  await elements.show(`<gan-session id="one"><gan-paint id="paint"></gan-paint></gan-session>`);
  await elements.run(`
    const name = "<img src=x onerror=alert(1)>";
    one.session.become({ ...LOADED, rankings: { layer4: [name + "-iou"] } });`);
  expect(await elements.run("paint.shadowRoot.querySelectorAll('option')[1].textContent")).toMatch(/^<img/);
});
