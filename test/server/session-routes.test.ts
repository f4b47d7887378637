import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findingsOf } from "../../src/server/findings.ts";
import type { Handler } from "../../src/server/handler.ts";
import { reportJson, reportUnit } from "../report/report-json.ts";
import { dissection, filesOf, get, handlerOf, json, openScenes, post, type Scenes, UNITS } from "./scenes.ts";

// What is asked over them test/session/session.test.ts compares with the library; their form
// openapi.test.ts with the OpenAPI file.

let scenes: Scenes;
let handler: Handler;
beforeAll(async () => {
  scenes = await openScenes();
  handler = handlerOf(scenes.generator, {
    project: { segmenter: scenes.segmenter },
    limits: { maskPixels: 200, lastId: 50 },
  });
});
afterAll(() => {
  handler?.dispose();
  scenes?.dispose();
});

const ask = (name: string, body: object) => handler(post(`/api/v1/session/${name}`, body));
const mask = { size: [8, 8], cells: [0, 3] };
const stroke = (id: string) => ({ id, op: "remove", units: [1], mask });

test("what the folder says of units is there, by rankings", async () => {
  const { loaded } = await json(handler(get("/api/v1/session")));
  expect(loaded.rankings).toEqual({ layer4: ["unit", "tree-iou"] });
  const units = await json(ask("units", { layer: "layer4", concept: "tree", top: 2 }));
  expect(units.map(({ unit, score }: { unit: number; score: number }) => [unit, score])).toEqual([
    [2, 3],
    [5, 3],
  ]);
});

test.each([
  ["an image beyond the last", "picture", { image: 51 }, /image is 51\. It is a whole number from 0 to 50/],
  [
    "masks that are too many together",
    "picture",
    { layer: "layer4", strokes: ["a", "b", "c", "d"].map(stroke) },
    /The masks have 256 cells\. Send up to 200 in all/,
  ],
  ["a mask and strokes", "region", { mask: { size: [10, 20], cells: [] }, strokes: [stroke("a")] }, /264 cells/],
  ["strokes that are none", "picture", { strokes: [null] }, /A stroke needs/],
  ["names without end", "pixel", { y: 0, x: 0, layers: new Array(100).fill("layer4") }, /layers has 100 entries/],
  ["quantiles without end", "levels", { layer: "layer4", quantiles: new Array(1001).fill(0) }, /has 1001 entries/],
  ["units without end", "thumbnails", { layer: "layer4", units: new Array(8193).fill(0) }, /has 8193 entries/],
  ["an unknown option", "units", { layr: "layer4" }, /session\.units (needs layer|knows no "layr")/],
])("%s: 400", async (_, name, body, said) => {
  const response = await ask(name, body);
  const { error } = await response.json();
  expect([response.status, `${error.message} ${error.fix}`]).toEqual([400, expect.stringMatching(said)]);
});

test("without a segmenter it is said where to give one", async () => {
  const without = handlerOf(scenes.generator);
  const response = await without(post("/api/v1/session/effect", {}));
  expect(await response.json()).toEqual({
    error: { code: "usage", message: "This session has no segmenter.", fix: "Start the server with one: --segmenter." },
  });
  without.dispose();
});

test("the quantiles are the folder's", async () => {
  const { UnitQuantiles } = await import("../../src/dissect/unit-quantiles.ts");
  const levels = Float32Array.from({ length: 2 * UNITS }, (_, i) => (i < UNITS ? 0 : 8));
  const table = new UnitQuantiles({ quantiles: [0, 1], levels, means: new Float32Array(UNITS), samples: 9 });
  const npz = await table.toNpz();
  const files = { read: async (path: string) => (path === "layer4/quantiles.npz" ? npz : undefined) };
  const own = handlerOf(scenes.generator, { project: { files } });
  const [units] = await json(own(post("/api/v1/session/levels", { layer: "layer4", quantiles: [0.25] })));
  expect(units).toEqual(new Array(UNITS).fill(2));
  own.dispose();
});

test("a stream ends when nobody listens, and another dissection can begin", async () => {
  const first = await ask("dissect", { layers: ["layer4"], size: 64 });
  const reader = first.body!.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toMatch(/^\{"event":\{"type":"progress"/);
  expect((await ask("dissect", { layers: ["layer4"] })).status).toBe(429);
  expect((await handler(get("/api/v1/dissect?project=scenes&layers=layer4"))).status).toBe(429);
  await reader.cancel();
  const again = await ask("dissect", { layers: ["layer4"], size: 4 });
  const lines = (await again.text()).trim().split("\n");
  expect(JSON.parse(lines.at(-1)!)).toEqual({ done: true });
  expect(JSON.parse(lines.at(-2)!)).toMatchObject({ event: { type: "result", report: { schemaVersion: 1 } } });
  const { loaded } = await json(handler(get("/api/v1/session")));
  expect(loaded.report.settings.size).toBe(4);
});

describe("report.json beside dissect.json", () => {
  const generator = { name: "scenes", layers: [{ name: "layer4", channels: UNITS }] } as never;
  const report = (units: number) =>
    reportJson({
      model: "scenes",
      labels: [
        { name: "-", category: "object" },
        { name: "tree", category: "plant" },
      ],
      layers: [
        { layer: "layer4", units: Array.from({ length: units }, (_, unit) => reportUnit(unit, 1, { level: 3 })) },
      ],
    });
  const found = (text: string) => findingsOf({ dissection, generator, files: filesOf({ "report.json": text }) });

  test("names the labels' categories; the rankings are of dissect.json", async () => {
    const findings = await found(JSON.stringify(report(UNITS)));
    expect(findings!.labels[1]).toEqual({ name: "tree", category: "plant" });
    expect(findings!.report).toBeDefined();
    expect([...findings!.layers.get("layer4")!.rankings.keys()]).toEqual(["unit", "tree-iou"]);
    expect(findings!.layers.get("layer4")!.levels[0]).toBe(3);
  });

  test.each([
    ["damaged", "{"],
    ["of another generator", JSON.stringify(report(7))],
  ])("counts for nothing when it is %s", async (_, text) => {
    const findings = await found(text);
    expect(findings!.report).toBeUndefined();
    expect(findings!.layers.get("layer4")!.levels[0]).toBe(1);
  });
});
