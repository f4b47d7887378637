import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { decode } from "fast-png";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { serve } from "../../scripts/serve.mjs";
import { type OpenPage, openPage } from "../browser/open.ts";
import { built } from "../built.ts";

// Runs: src/elements/index.ts, src/elements/define.ts, src/session/worker.ts,
// scripts/elements-types.mjs, examples/react/src/Painter.tsx, examples/vue/src/Painter.vue,
// examples/svelte/src/Painter.svelte

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** How each framework shows a component and takes it away again, and is checked. */
const FRAMEWORKS = {
  react: {
    main: `import { StrictMode, createElement } from "react";
      import { createRoot } from "react-dom/client";
      import { Painter } from "./Painter";
      const root = createRoot(document.getElementById("app"));
      root.render(createElement(StrictMode, null, createElement(Painter)));
      globalThis.unmount = () => root.unmount();`,
    check: ["typescript/bin/tsc", "-p", "."],
    wrong: ["Painter.tsx", "top={4}", "top={{}}", /Wrong\.tsx.*TS2322/s],
  },
  vue: {
    main: `import { createApp } from "vue";
      import Painter from "./Painter.vue";
      const app = createApp(Painter);
      app.mount("#app");
      globalThis.unmount = () => app.unmount();`,
    check: ["vue-tsc/bin/vue-tsc.js", "-p", "."],
    wrong: ["Painter.vue", ':top="4"', ':top="{}"', /Wrong\.vue.*TS2322/s],
  },
  svelte: {
    main: `import { mount, unmount } from "svelte";
      import Painter from "./Painter.svelte";
      const painter = mount(Painter, { target: document.getElementById("app") });
      globalThis.unmount = () => unmount(painter);`,
    check: ["svelte-check/bin/svelte-check", "--workspace", ".", "--threshold", "error"],
    wrong: ["Painter.svelte", "top={4}", "top={{}}", /Wrong\.svelte.*not assignable/s],
  },
} as const;
type Framework = keyof typeof FRAMEWORKS;

/** What an installed project has in node_modules. */
const INSTALLED = ["@sveltejs", "@types", "@vitejs", "react", "react-dom", "svelte", "typescript", "vite", "vue"];

/** Projects of users: the examples with what npm would install beside them. */
let home: string;
const folder = (framework: Framework): string => join(home, framework);
beforeAll(async () => {
  await built({ whole: true });
  home = await mkdtemp(join(tmpdir(), "ganatomy-frameworks-"));
  await mkdir(join(home, "node_modules"));
  for (const name of INSTALLED) await symlink(join(ROOT, "node_modules", name), join(home, "node_modules", name));
  await symlink(ROOT, join(home, "node_modules/ganatomy"));
  for (const framework of Object.keys(FRAMEWORKS) as Framework[]) {
    await cp(join(ROOT, "examples", framework), folder(framework), { recursive: true });
    // A second page, which can be told to take everything away.
    const index = await readFile(join(folder(framework), "index.html"), "utf8");
    await writeFile(join(folder(framework), "unmount.html"), index.replace(/\/src\/main\.\w+/, "/src/unmount.js"));
    await writeFile(join(folder(framework), "src/unmount.js"), FRAMEWORKS[framework].main);
  }
});
afterAll(() => rm(home, { recursive: true, force: true }));

let open: OpenPage | undefined;
let server: Awaited<ReturnType<typeof serve>> | undefined;
afterEach(async () => {
  await open?.close();
  await server?.close();
  open = server = undefined;
});

/** Before a page's own scripts: keeps what elements tell, and counts buffers of the page. */
const WATCH = `{
  globalThis.told = [];
  for (const type of ["gan-ready", "gan-rendered", "gan-error", "change"]) {
    document.addEventListener(type, (event) => told.push(type + " " + event.target.localName));
  }
  globalThis.buffers = new Set();
  const { createBuffer, destroy } = GPUDevice.prototype;
  const free = GPUBuffer.prototype.destroy;
  GPUDevice.prototype.createBuffer = function (...options) {
    const buffer = createBuffer.apply(this, options);
    buffers.add(buffer);
    return buffer;
  };
  GPUBuffer.prototype.destroy = function () {
    buffers.delete(this);
    return free.apply(this);
  };
  GPUDevice.prototype.destroy = function () {
    buffers.clear();
    return destroy.apply(this);
  };
}`;

/** Opens the page that can be taken away; without workers what is on the GPU can be counted. */
async function show(framework: Framework, { workers }: { readonly workers: boolean }): Promise<OpenPage["page"]> {
  server = await serve(join(folder(framework), "dist"));
  open = await openPage("about:blank");
  await open.page.evaluateOnNewDocument(workers ? WATCH : `${WATCH} delete globalThis.Worker;`);
  await open.page.goto(`${server.url}unmount.html`);
  await open.page.waitForFunction(`told.includes("gan-rendered gan-paint")`, { timeout: 120_000 });
  return open.page;
}

/** The standard deviation of what is seen of the picture: zero for a blank one. */
async function contrast(): Promise<number> {
  const data = Uint8Array.from(decode(await (await open!.page.$("gan-paint >>> canvas"))!.screenshot()).data);
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  return Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length);
}

const tell = (page: OpenPage["page"], code: string): Promise<unknown> => page.evaluate(code);

describe.each(Object.keys(FRAMEWORKS) as Framework[])("%s", (framework) => {
  beforeAll(async () => {
    const { build } = await import("vite");
    const root = folder(framework);
    const input = { index: join(root, "index.html"), unmount: join(root, "unmount.html") };
    await build({ root, logLevel: "error", build: { rolldownOptions: { input }, minify: false } });
  });

  test("shows a picture, hears of a stroke, and leaves nothing on the GPU", async () => {
    const page = await show(framework, { workers: false });
    expect(await contrast()).toBeGreaterThan(20);
    expect(await tell(page, "buffers.size")).toBeGreaterThan(20);
    expect(await tell(page, `document.querySelector("gan-paint").units`)).toEqual([24, 59, 126]);
    await tell(
      page,
      `{
        const surface = document.querySelector("gan-paint").shadowRoot.querySelector("[part=surface]");
        surface.focus();
        for (const [type, key] of [["keydown", " "], ["keydown", "ArrowLeft"], ["keyup", " "]])
          surface.dispatchEvent(new KeyboardEvent(type, { key }));
      }`,
    );
    await page.waitForFunction(`document.querySelector("[role=status]").textContent === "Strokes: 1"`);
    await tell(page, "unmount()");
    await page.waitForFunction("buffers.size === 0 && !document.querySelector('gan-session')", { timeout: 30_000 });
    expect(await tell(page, `told.filter((event) => event.startsWith("gan-error"))`)).toEqual([]);
    expect(open!.errors).toEqual([]);
  });

  test("starts the worker that its bundler put beside it, and ends it", async () => {
    const page = await show(framework, { workers: true });
    expect(page.workers()).toHaveLength(1);
    expect(await tell(page, "buffers.size")).toBe(0);
    expect(await contrast()).toBeGreaterThan(20);
    await tell(page, "unmount()");
    await expect.poll(() => page.workers().length, { timeout: 20_000 }).toBe(0);
    expect(open!.errors).toEqual([]);
  });

  test("is checked by its types, and what is wrong is found", async () => {
    const { check, wrong } = FRAMEWORKS[framework];
    const [tool, ...options] = check;
    const [file, right, mistake, said] = wrong;
    const source = join(folder(framework), "src");
    const text = await readFile(join(source, file), "utf8");
    expect(text).toContain(right);
    await writeFile(join(source, file.replace("Painter", "Wrong")), text.replace(right, mistake));
    const program = join(ROOT, "node_modules", tool);
    const found = await promisify(execFile)(process.execPath, [program, ...options], { cwd: folder(framework) }).then(
      () => "nothing",
      ({ stdout, stderr }) => `${stdout}${stderr}`,
    );
    expect(found).toMatch(said);
    expect(found).not.toContain("Painter.");
  });
});

test("on a server React writes the tags, and importing the elements does nothing", async () => {
  const require = createRequire(join(home, "x.js"));
  await import("../../dist/elements/define.js" as string);
  const { renderToString } = require("react-dom/server");
  const { createElement } = require("react");
  const paint = createElement("gan-paint", { layer: "layer4", image: 3, "value-quantile": 0.9, live: true });
  expect(renderToString(createElement("gan-session", { generator: "g.pth", "ongan-ready": () => {} }, paint))).toBe(
    '<gan-session generator="g.pth"><gan-paint layer="layer4" image="3" value-quantile="0.9" live=""></gan-paint></gan-session>',
  );
});

describe("docs/frameworks.md", () => {
  test.each([
    ["react", "src/Painter.tsx"],
    ["vue", "src/Painter.vue"],
    ["vue", "vite.config.js"],
    ["svelte", "src/Painter.svelte"],
  ])("has examples/%s/%s as it is", async (framework, file) => {
    const text = await readFile(join(ROOT, "docs/frameworks.md"), "utf8");
    expect(text).toContain(`\n${await readFile(join(ROOT, "examples", framework, file), "utf8")}\`\`\`\n`);
  });
});
