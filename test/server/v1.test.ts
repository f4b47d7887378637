import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Handler } from "../../src/server/handler.ts";
import { difference, get, handlerOf, json, openScenes, post, rgbOf, type Scenes, UNITS } from "./scenes.ts";

let scenes: Scenes;
let handler: Handler;
beforeAll(async () => {
  scenes = await openScenes();
  handler = handlerOf(scenes.generator, { project: { segmenter: scenes.segmenter } });
});
afterAll(() => {
  handler?.dispose();
  scenes?.dispose();
});

const send = (path: string, body: unknown) => handler(post(path, body));
const png = async (response: Response | Promise<Response>) => decode(await (await response).arrayBuffer());

/** The generator's own image. */
async function made(id: number): Promise<Uint8Array> {
  for await (const { rgb } of scenes.generator.images({ seed: 1, start: id, size: 1 })) return rgb;
  throw new Error("There is no image.");
}

describe("images", () => {
  test("the bytes of a picture, as the generator makes it", async () => {
    const { width, height, data } = await png(send("/api/v1/image", { project: "scenes", id: 7 }));
    expect([width, height]).toEqual([64, 64]);
    expect(difference(data as Uint8Array, await made(7))).toBe(0);
  });

  test("of z, edited, larger, as JPEG", async () => {
    const z = [...scenes.generator.sample({ seed: 1, start: 7, size: 1 })];
    const plain = await png(send("/api/v1/image", { project: "scenes", z }));
    expect(difference(plain.data as Uint8Array, await made(7))).toBe(0);
    const interventions = [{ ablations: [{ layer: "layer4", unit: 3, value: 9 }] }];
    const response = await send("/api/v1/image", {
      project: "scenes",
      id: 7,
      interventions,
      size: 128,
      format: "jpeg",
    });
    expect(response.headers.get("content-type")).toBe("image/jpeg");
    const { width, height, rgb } = rgbOf(new Uint8Array(await response.arrayBuffer()));
    expect([width, height]).toEqual([128, 128]);
    const corners = rgb.filter((_, i) => Math.floor(i / 3 / 128) % 2 === 0 && Math.floor(i / 3) % 2 === 0);
    expect(difference(corners, await made(7))).toBeGreaterThan(2);
  });

  test("large ones are averaged into small ones", async () => {
    const { width, data } = await png(send("/api/v1/image", { project: "scenes", id: 7, size: 32 }));
    const big = await made(7);
    expect(width).toBe(32);
    const at = (y: number, x: number) => big[3 * (64 * y + x)]!;
    expect(Math.abs(data[0]! - (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4)).toBeLessThanOrEqual(1);
  });
});

test.each([
  ["image", {}, "There is neither id nor z."],
  ["image", { id: 1, z: [1] }, "There are both id and z."],
  ["image", { z: [1, 2] }, "z has 2 numbers."],
  ["image", { z: ["1"] }, "z has 1 numbers."],
  ["image", { id: 1e9 }, "id is 1000000000."],
  ["pixel", { x: 1, y: 1 }, "id is missing."],
])("%s %j is refused in the words of the request", async (route, fields, said) => {
  const refused = await send(`/api/v1/${route}`, { project: "scenes", ...fields });
  expect([refused.status, (await refused.json()).error.message]).toEqual([400, said]);
});

test("pixels: the units of the cell, the highest among their own activations first", async () => {
  const body = { project: "scenes", id: 7, x: 63, y: 20, layers: ["layer4"], top: UNITS };
  const { layers } = await json(send("/api/v1/pixel", body));
  using run = await scenes.generator.forward(scenes.generator.sample({ seed: 1, start: 7, size: 1 }), {
    retain: ["layer4"],
  });
  const features = await run.layers.get("layer4")!.read();
  const cell = 8 * 2 + 7; // 20 · 8 / 64, 63 · 8 / 64
  for (const { unit, value, label } of layers.layer4) {
    expect(value).toBeCloseTo(features[cell * UNITS + unit]!, 4);
    expect(label).toBe(unit % 3 === 0 ? "tree" : "sky");
  }
  const quantiles: number[] = layers.layer4.map(({ quantile }: { quantile: number }) => quantile);
  expect(quantiles).toEqual([...quantiles].sort((a, b) => b - a));
  expect(new Set(layers.layer4.map(({ unit }: { unit: number }) => unit)).size).toBe(UNITS);
  const few = await json(send("/api/v1/pixel", { ...body, top: 3 }));
  expect(few.layers.layer4).toEqual(layers.layer4.slice(0, 3));
});

describe("atlases", () => {
  const atlas = "/api/v1/units/layer4/atlas.webp?project=scenes";

  test("a tile a unit: its image, dark where it is off", async () => {
    const response = await handler(get(`${atlas}&size=64`));
    expect([response.headers.get("content-type"), response.headers.get("x-atlas-columns")]).toEqual([
      "image/png",
      "16",
    ]);
    const { width, height, data } = await png(response);
    expect([width, height]).toEqual([16 * 64, 8 * 64]);
    const own = await made(7); // of units 7, 17, 27 …
    for (const unit of [7, 17, 77]) {
      const [top, left] = [64 * Math.floor(unit / 16), 64 * (unit % 16)];
      const kinds = new Set<string>();
      for (let y = 0; y < 64; y += 1) {
        for (let x = 0; x < 64; x += 1) {
          const at = 3 * ((top + y) * width + left + x);
          const seen = [...data.subarray(at, at + 3)];
          const is = [...own.subarray(3 * (64 * y + x), 3 * (64 * y + x) + 3)];
          const dim = is.map((value) => value >> 1);
          const kind =
            `${seen}` === `${is}` ? "on" : `${seen}` === `${dim}` ? "off" : seen[0]! >= 200 ? "edge" : "other";
          kinds.add(kind);
        }
      }
      expect([...kinds].filter((kind) => kind === "other")).toEqual([]);
      expect(kinds.has("off") || kinds.has("on")).toBe(true);
    }
  });

  test.each([
    ["/api/v1/units/layer6/atlas.webp?project=scenes", 404], // not dissected
    ["/api/v1/units/none/atlas.webp?project=scenes", 404],
    ["/api/v1/units/..%2f/atlas.webp?project=scenes", 404],
    [`${atlas}&size=1000`, 400],
  ])("%s: %i", async (path, status) => expect((await handler(get(path))).status).toBe(status));
});

describe("dissections", () => {
  /** The events of a stream. */
  async function events(response: Response): Promise<{ readonly event: string; readonly data: never }[]> {
    const text = await response.text();
    return text
      .split("\n\n")
      .filter(Boolean)
      .map((block) => {
        const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2)));
        return { event: fields.event, data: JSON.parse(fields.data) as never };
      });
  }

  test("progress, then the report", async () => {
    const response = await handler(get("/api/v1/dissect?project=scenes&layers=layer4&size=8&seed=3"));
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const all = await events(response);
    expect(new Set(all.slice(0, -1).map(({ event }) => event))).toEqual(new Set(["progress"]));
    expect(all.at(-1)).toMatchObject({
      event: "result",
      data: { schemaVersion: 1, settings: { size: 8, seed: 3, layers: ["layer4"] }, layers: [{ layer: "layer4" }] },
    });
  });

  test("it ends when nobody listens, and another can begin", async () => {
    const path = "/api/v1/dissect?project=scenes&layers=layer4&size=10000";
    const first = await handler(get(path));
    const reader = first.body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toMatch(/^event: progress/);
    expect((await handler(get(path))).status).toBe(429);
    await reader.cancel();
    const response = await handler(get("/api/v1/dissect?project=scenes&layers=layer4&size=4"));
    expect((await events(response)).at(-1)!.event).toBe("result");
  });

  test("none without a segmenter", async () => {
    expect((await handlerOf(scenes.generator)(get("/api/v1/dissect?project=scenes"))).status).toBe(404);
  });
});
