import { afterAll, beforeAll, expect, test } from "vitest";
import { serve } from "../../scripts/serve.mjs";
import { ROOT } from "../cli/ganatomy.ts";
import { rgbOf } from "../server/scenes.ts";
import { strokePng } from "../server/traffic.ts";
import { type OpenPage, openPage } from "./open.ts";

// Runs: src/server/index.ts, src/report/index.ts, src/index.ts

let server: { readonly url: string; close(): Promise<void> };
let opened: OpenPage;
beforeAll(async () => {
  server = await serve(ROOT);
  opened = await openPage(`${server.url}test/browser/`); // not there: an empty page of that origin
});
afterAll(async () => {
  await opened?.close();
  await server?.close();
});

/** In the page, as text: vitest would make its own of `import`. */
const ASK = `(async (root, bitstring) => {
  const at = (path) => new URL(path, root).href;
  const { Device, loadGenerator } = await import(at("dist/index.js"));
  const { canvasEncoder } = await import(at("dist/report/index.js"));
  const { createHandler } = await import(at("dist/server/index.js"));
  const device = await Device.request();
  const generator = await loadGenerator(at("weights/scenes64/generator.safetensors"), { device });
  const handler = createHandler({ projects: [{ name: "scenes", generator }], encoder: canvasEncoder() });
  const ask = async (interventions) => {
    const body = JSON.stringify({ project: "scenes", ids: [5], interventions });
    const headers = { "content-type": "application/json" };
    const response = await handler(new Request(at("api/generate"), { method: "POST", body, headers }));
    return (await response.json()).res;
  };
  const ablations = [1, 4, 7].map((unit) => ({ layer: "layer4", unit, value: 6 }));
  return [await ask([{ ablations: [] }]), await ask([{ ablations, mask: { bitstring } }])];
})`;

test("the handler answers in a page, with its encoder and its decoder of PNGs", async () => {
  const given = [server.url, strokePng(32, [8, 8, 24, 16])].map((text) => JSON.stringify(text)).join(", ");
  const answers = (await opened.page.evaluate(`${ASK}(${given})`)) as readonly (readonly { readonly d: string }[])[];
  const [plain, edited] = answers.map(([first]) => rgbOf(first!.d));
  expect([plain!.width, plain!.height]).toEqual([256, 256]);
  const changed = plain!.rgb.filter((value, i) => Math.abs(value - edited!.rgb[i]!) > 30).length;
  expect(changed).toBeGreaterThan(1000);
  // The lower right corner is far from the stroke.
  const corner = (rgb: readonly number[]) => rgb.slice(3 * 256 * 250).filter((_, i) => Math.floor(i / 3) % 256 > 240);
  expect(Math.max(...corner(plain!.rgb).map((value, i) => Math.abs(value - corner(edited!.rgb)[i]!)))).toBeLessThan(40);
});
