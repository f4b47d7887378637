import { expect, test } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import { drawingPlan } from "../../src/report/drawing.ts";
import { HandPool } from "../../src/report/drawing-pool.ts";
import { serveDrawing } from "../../src/report/drawing-serve.ts";
import { memoryFolder } from "../../src/report/folder.ts";
import { given } from "../../src/report/given.ts";
import { HtmlPage } from "../../src/report/html.ts";
import type { ImageEncoder } from "../../src/report/image.ts";
import { writeReport } from "../../src/report/write.ts";
import { fixture, PROVENANCE } from "./fixture.ts";
import { LocalHand, options, pool } from "./hands.ts";

const { dissection, pictures } = fixture({ layers: [{ layer: "layer4", units: 1, size: 8 }] });
/** As it comes from JavaScript, where no compiler refuses it. */
const wrong = <T>(value: unknown): T => value as T;

test("what has the methods is handed on", () => {
  const encoder = nodeEncoder();
  expect(given(encoder, "encoder", ["png", "jpeg"], "nodeEncoder()")).toBe(encoder);
});

test.each([
  [nodeEncoder, "What is given as encoder is a function, not called. Pass nodeEncoder()."],
  [undefined, "What is given as encoder is missing. Pass nodeEncoder()."],
  [{ png() {} }, "What is given as encoder is no such thing. Pass nodeEncoder()."],
  [null, "What is given as encoder is no such thing. Pass nodeEncoder()."],
])("%o is refused", (value, message) => {
  const take = () => given(wrong<ImageEncoder>(value), "encoder", ["png", "jpeg"], "nodeEncoder()");
  expect(take).toThrow(UsageError);
  expect(take).toThrow(message);
});

test.each([
  ["encoder", { encoder: nodeEncoder }, /^What is given as encoder is a function, .*nodeEncoder\(\) of ganatomy\/node/],
  ["pool", { pool: () => pool([]) }, /^What is given as pool is a function/],
  ["pictures", { pictures }, /^What is given as pictures is a function, .*pictures\(\) of the dissection's result/],
  ["folder", { folder: memoryFolder }, /^What is given as folder is a function, .*memoryFolder\(\)/],
])("writeReport refuses a factory as %s before it writes pictures", async (_, given, message) => {
  const folder = memoryFolder();
  const { folder: own = folder, pictures: some = pictures(), ...more } = wrong<Record<string, never>>(given);
  const writing = writeReport(own, dissection, some, { ...options, ...more });
  await expect(writing).rejects.toThrow(UsageError);
  await expect(writing).rejects.toThrow(message);
  expect([...folder.files.keys()].filter((name) => /\.(jpg|png|html)$/.test(name))).toEqual([]);
});

test("so do those who draw on other threads", () => {
  const encoder = wrong<ImageEncoder>(nodeEncoder);
  expect(() => serveDrawing(encoder, () => {})).toThrow(UsageError);
  expect(() => new LocalHand(encoder)).toThrow(UsageError);
  const plan = drawingPlan(dissection, undefined, new HtmlPage(dissection, PROVENANCE).drawing);
  expect(() => new HandPool(plan, [], encoder)).toThrow(UsageError);
});
