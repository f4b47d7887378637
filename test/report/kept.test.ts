import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import { encodeLabels } from "../../src/node/photo/label-maps.ts";
import { expectKept, KEPT } from "./kept.ts";

const path = mkdtempSync(join(tmpdir(), "ganatomy-kept-"));
const folder = pathToFileURL(`${path}/`);
afterAll(() => rmSync(path, { recursive: true }));

const picture = (value: number) => ({ width: 2, height: 1, channels: 3 as const, data: new Uint8Array(6).fill(value) });

describe("a kept picture", () => {
  const redraw = { folder, env: { GANATOMY_REDRAW: "1" } };
  const compare = { folder, env: {} };

  test("that is missing or another fails, and the error says how to redraw it", () => {
    const command = "GANATOMY_REDRAW=1 npx vitest run test/report/kept.test.ts";
    expect(() => expectKept("a.svg", "<svg/>", compare)).toThrow("a.svg is not kept");
    expect(() => expectKept("a.svg", "<svg/>", compare)).toThrow(command);
    expectKept("a.svg", "<svg/>", redraw);
    expectKept("a.svg", "<svg/>", compare);
    expect(() => expectKept("a.svg", "<svg />", compare)).toThrow(command);
  });

  test("is compared pixel by pixel, however it is packed", () => {
    const { png, jpeg } = nodeEncoder();
    expectKept("a.png", png(picture(100)) as Uint8Array, redraw);
    expectKept("a.png", png(picture(100)) as Uint8Array, compare);
    expect(() => expectKept("a.png", png(picture(101)) as Uint8Array, compare)).toThrow("not the picture");
    expectKept("a.jpg", jpeg(picture(100), 90) as Uint8Array, redraw);
    expectKept("a.jpg", jpeg(picture(100), 90) as Uint8Array, compare);
    expect(() => expectKept("a.jpg", jpeg(picture(120), 90) as Uint8Array, compare)).toThrow("not the picture");
  });

  test("is compared in all of its 16 bits", () => {
    expectKept("deep.png", encodeLabels(Uint16Array.of(0x101), 1, 1), redraw);
    expectKept("deep.png", encodeLabels(Uint16Array.of(0x101), 1, 1), compare);
    expect(() => expectKept("deep.png", encodeLabels(Uint16Array.of(0x201), 1, 1), compare)).toThrow("not the picture");
  });

  test("is never redrawn in CI", () => {
    const env = { GANATOMY_REDRAW: "1", CI: "true" };
    expect(() => expectKept("new.svg", "<svg/>", { folder, env })).toThrow("new.svg is not kept");
    expect(readdirSync(path)).not.toContain("new.svg");
  });
});

test("every kept picture is drawn by a test", () => {
  const tests = readdirSync(new URL("../", import.meta.url), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8"))
    .join("\n");
  const pictures = readdirSync(KEPT).filter((name) => name !== "README.md");
  expect(pictures.filter((name) => !tests.includes(`"${name}"`))).toEqual([]);
  expect(pictures.length).toBeGreaterThan(0);
});
