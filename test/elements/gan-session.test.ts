import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ElementsPage, elementsPage } from "./page.ts";

let elements: ElementsPage;
beforeAll(async () => {
  elements = await elementsPage();
});
afterAll(() => elements?.close());

const inside = (part: string) =>
  elements.run<string>(
    `{ const node = one.shadowRoot.querySelector("[part=${part}]"); return node.hidden ? "" : node.textContent; }`,
  );

describe("a session that is given", () => {
  test("is used, is ready when it is loaded, and is not the element's to end", async () => {
    await elements.show(`<gan-session id="one"><gan-image></gan-image></gan-session>`);
    expect(await elements.run("one.ready.then(({ model }) => model.name)")).toBe("fake");
    const [disposed, views] = await elements.run<unknown[]>(`
      const { session } = one; one.remove(); await settle(); return [session.disposed, session.views.size];`);
    expect([disposed, views]).toEqual([false, 0]);
  });

  test("tells how far it is, and what fails in it", async () => {
    await elements.show(`<gan-session id="one"></gan-session>`);
    await elements.run(`one.session.emit("progress", { phase: "activations", done: 50, total: 200 })`);
    expect(await inside("progress")).toBe("activations 25 %");
    await elements.look("session-progress");
    await elements.run(`one.session.emit("progress", { phase: "activations", done: 200, total: 200 })`);
    expect(await inside("progress")).toBe("");
    await elements.run(
      `one.session.emit("lost", { error: new GanatomyError("device-lost", "The GPU went away.", "Wait.") })`,
    );
    expect(await inside("message")).toBe("The GPU went away.Wait.");
    expect(await elements.heard()).toEqual([
      "gan-progress gan-session",
      "gan-progress gan-session",
      "gan-error gan-session",
    ]);
    await elements.run(`one.session.emit("restored", { adapter: {} })`);
    expect(await inside("message")).toBe("");
  });
});

describe("without WebGPU", () => {
  const fail = `one.session.emit("error", { error: new UnsupportedError("no-webgpu", "There is no WebGPU.",
    howToGetWebGpu("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0")) })`;

  test("the cause and the fix take the place of what is in it", async () => {
    await elements.show(`<gan-session id="one"><p id="content">content</p></gan-session>`);
    await elements.run(fail);
    expect(await inside("message")).toMatch(
      /^There is no WebGPU\.On Linux, Firefox keeps WebGPU off: open about:config/,
    );
    expect(await elements.run("content.checkVisibility()")).toBe(false);
    await elements.look("session-no-webgpu");
  });

  test("or the page's own words", async () => {
    await elements.show(`<gan-session id="one"><p id="own" slot="fallback">A picture of it.</p></gan-session>`);
    expect(await elements.run("own.checkVisibility()")).toBe(false);
    await elements.run(fail);
    expect(await elements.run("own.checkVisibility()")).toBe(true);
  });
});

describe("loading", () => {
  test("what is not there is said, with the address", async () => {
    await elements.show(`<gan-session id="one" worker="off"></gan-session>`, { fakes: false });
    await elements.run("one.generator = 'nowhere.pth'");
    const failed = await elements.run(`one.ready.catch(({ code, message }) => [code, message])`);
    expect(failed).toEqual(["not-found", expect.stringContaining("nowhere.pth")]);
    expect(await elements.heard()).toContain("gan-error gan-session");
    expect(await inside("message")).toMatch(/nowhere\.pth.*Check the address/);
  });

  test("is done in the page where workers have no WebGPU", async () => {
    await elements.show(`<gan-session id="one"></gan-session>`, { fakes: false });
    await elements.run(`
      const refuses = "onmessage = ({ data }) => data.params.port.postMessage({ id: null, error: " +
        "{ name: 'UnsupportedError', code: 'no-webgpu', message: 'There is none.', fix: 'Go elsewhere.' } })";
      one.worker = URL.createObjectURL(new Blob([refuses], { type: "text/javascript" }));
      one.generator = "nowhere.pth";`);
    const failed = await elements.run(`one.ready.catch(({ code, message }) => [code, message])`);
    expect(failed).toEqual(["not-found", expect.stringContaining("nowhere.pth")]);
  });

  test("waits, if it is lazy, until it comes near", async () => {
    await elements.show(
      `<div style="height: 4000px"></div><gan-session id="one" loading="lazy" worker="off" generator="nowhere.pth"></gan-session>`,
      { fakes: false },
    );
    await elements.run("await settle(40)");
    expect(await elements.heard()).toEqual([]);
    await elements.run("one.scrollIntoView(); return one.ready.catch(() => {});");
    expect(await elements.heard()).toContain("gan-error gan-session");
  });

  test("does nothing without a generator", async () => {
    await elements.show(`<gan-session id="one" report="report.json"></gan-session>`, { fakes: false });
    expect(await elements.run("one.session === undefined")).toBe(true);
    expect(await elements.heard()).toEqual([]);
  });
});
