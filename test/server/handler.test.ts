import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unitQuantiles } from "../../src/dissect/measure-quantiles.ts";
import { unitStats } from "../../src/server/features.ts";
import type { Handler } from "../../src/server/handler.ts";
import {
  difference,
  dissection,
  filesOf,
  get,
  handlerOf,
  json,
  openScenes,
  post,
  rgbOf,
  type Scenes,
  UNITS,
} from "./scenes.ts";
import { edit, ganclient, ganpaint, type Sent, strokePng } from "./traffic.ts";

let scenes: Scenes;
let handler: Handler;
const ask = (path: string) => json(handler(get(path)));
const send = (path: string, body: unknown) => json(handler(post(path, body)));
const served = { "dissect.json": JSON.stringify(dissection), "layer4/s-image/3-top.jpg": "jpeg", "edit.html": "<p>" };

beforeAll(async () => {
  scenes = await openScenes();
  handler = handlerOf(scenes.generator, {
    project: { files: filesOf(served) },
    client: filesOf({ "index.html": "<p>" }),
  });
});
afterAll(() => {
  handler?.dispose();
  scenes?.dispose();
});

/** What the generator makes, each pixel four times as high and wide. */
async function made(id: number, edits: Parameters<typeof scenes.generator.images>[0]["edits"] = []): Promise<number[]> {
  for await (const { rgb } of scenes.generator.images({ seed: 1, start: id, size: 1, edits })) {
    const big: number[] = [];
    for (let y = 0; y < 256; y += 1) {
      for (let x = 0; x < 256; x += 1) big.push(...rgb.subarray(3 * ((y >> 2) * 64 + (x >> 2))).subarray(0, 3));
    }
    return big;
  }
  throw new Error("There is no image.");
}

describe("what is known of projects", () => {
  test("projects and their layers, those that were dissected", async () => {
    expect(await ask("/api/all_projects")).toEqual([{ project: "scenes", info: { layers: ["layer4"] } }]);
    expect(await ask("/api/layers?project=scenes")).toEqual({
      request: { project: "scenes" },
      res: [{ layer: "layer4", channels: UNITS, shape: [8, 8] }],
    });
  });

  test("all layers where nothing was dissected", async () => {
    const bare = handlerOf(scenes.generator, { project: { dissection: { layers: [] } } });
    const [{ info }] = await json(bare(get("/api/all_projects")));
    expect(info.layers).toEqual(scenes.generator.hiddenLayers.map(({ name }) => name));
  });

  test("units and rankings; null for a layer that is not in the report", async () => {
    const { request, res } = await ask("/api/units?project=scenes&layer=layer4");
    expect(request).toEqual({ project: "scenes", layer: "layer4" });
    expect(res).toHaveLength(UNITS);
    expect(res[3]).toEqual({ unit: 3, img: "/data/scenes/layer4/s-image/3-top.jpg", label: "tree" });
    expect(await (await handler(get(res[3].img))).text()).toBe("jpeg");
    const rankings = await ask("/api/rankings?project=scenes&layer=layer4");
    expect(rankings.res).toEqual(
      dissection.layers[0].rankings.map((ranking) => ({
        name: ranking.name,
        metric: "metric" in ranking ? ranking.metric : null,
        scores: ranking.score,
      })),
    );
    for (const route of ["units", "rankings"]) {
      expect(await ask(`/api/${route}?project=scenes&layer=layer9`)).toMatchObject({ res: null });
      expect(await ask(`/api/${route}?project=scenes`)).toEqual({
        request: { project: "scenes", layer: "1" },
        res: null,
      });
    }
  });

  test("levels are the generator's quantiles", async () => {
    const { request, res } = await ask("/api/levels?project=scenes&layer=layer4&quantiles=0.99,0.5");
    expect(request).toEqual({ project: "scenes", layer: "layer4", quantiles: [0.99, 0.5] });
    const table = await unitQuantiles(scenes.generator, { layer: "layer4", size: 200 });
    const expected = [0.99, 0.5].map((quantile) => table.levels(quantile));
    expect(res).toEqual(Array.from({ length: UNITS }, (_, unit) => expected.map((row) => row[unit])));
  });

  test("what is described and does nothing", async () => {
    expect(await ask("/api/channels?project=scenes&layer=a")).toEqual({
      request: { project: "scenes", layer: "a" },
      res: { channels: [] },
    });
    expect(await ask("/api/recipes?project=scenes")).toEqual({ request: { project: "scenes" }, res: [] });
  });
});

describe("generate", () => {
  test("ids alone: paths, behind which the generator's images are, 256 pixels wide", async () => {
    const body = { project: "scenes", ids: [5, 9, 5], wantz: 0, interventions: null };
    const { request, res } = await send("/api/generate", body);
    expect(request).toEqual(body);
    expect(res).toEqual([5, 9, 5].map((id) => ({ id, d: `/data/scenes/cache/img/id/${id}.jpg` })));
    const response = await handler(get(res[1].d));
    expect(response.headers.get("content-type")).toBe("image/jpeg");
    const { width, height, rgb } = rgbOf(new Uint8Array(await response.arrayBuffer()));
    expect([width, height]).toEqual([256, 256]);
    expect(difference(rgb, await made(9))).toBeLessThan(1.5);
  });

  test("with interventions: the picture itself, edited", async () => {
    const units = [1, 4, 7];
    const ablations = units.map((unit) => ({ layer: "layer4", unit, value: 6 }));
    const mask = { bitstring: strokePng(32, [8, 8, 24, 16]), shape: [], bitbounds: [] };
    const body = { project: "scenes", ids: [5, 6, 7], interventions: [{ ablations, mask }] };
    const { res } = await send("/api/generate", body);
    expect(res.map((each: object) => Object.keys(each))).toEqual([["d"], ["d"], ["d"]]);
    const area = Float32Array.from({ length: 64 }, (_, i) =>
      Number(i >> 3 >= 2 && i >> 3 < 6 && i % 8 >= 2 && i % 8 < 4),
    );
    const expected = await made(6, [{ layer: "layer4", units, value: 6, mask: area }]);
    expect(difference(rgbOf(res[1].d).rgb, expected)).toBeLessThan(1.5);
    expect(difference(expected, await made(6))).toBeGreaterThan(2);
  });

  test("zs are z", async () => {
    const z = [...scenes.generator.sample({ seed: 1, start: 9, size: 1 })];
    const { res } = await send("/api/generate", { project: "scenes", zs: [z] });
    expect(difference(rgbOf(res[0].d).rgb, await made(9))).toBeLessThan(1.5);
  });

  test("ablations beside the interventions, as ganclient sends them, count", async () => {
    const units = Array.from({ length: 64 }, (_, unit) => unit);
    const ablations = units.map((unit) => ({ layer: "layer4", unit, alpha: 1 }));
    const { res } = await send("/api/generate", { project: "scenes", ids: [9], ablations });
    expect(difference(rgbOf(res[0].d).rgb, await made(9, [{ layer: "layer4", units }]))).toBeLessThan(1.5);
  });

  test("return_urls: paths, of which the last ones are kept", async () => {
    const few = handlerOf(scenes.generator, { limits: { pictures: 3 } });
    const interventions = [{ ablations: [{ layer: "layer4", unit: 0 }] }];
    const body = { project: "scenes", ids: [0, 1, 2, 3], interventions, return_urls: 1 };
    const { res } = await json(few(post("/api/generate", body)));
    expect(res.map(({ d }: { d: string }) => d)).toEqual(
      [0, 1, 2, 3].map((i) => `/data/scenes/cache/img/uniq/000/${i}.jpg`),
    );
    const statuses = await Promise.all(res.map(async ({ d }: { d: string }) => (await few(get(d))).status));
    expect(statuses).toEqual([404, 200, 200, 200]);
    few.dispose();
  });

  test("many images, in whatever batches, are each their own", async () => {
    const ids = Array.from({ length: 11 }, (_, i) => i);
    const ablations = [{ layer: "layer4", unit: 0, alpha: 0, value: 1 }]; // changes nothing
    const { res } = await send("/api/generate", { project: "scenes", ids, interventions: [{ ablations }] });
    for (const id of [0, 7, 8, 9, 10]) expect(difference(rgbOf(res[id].d).rgb, await made(id))).toBeLessThan(1.5);
  });
});

describe("features", () => {
  const mask = { shape: [64, 64], bitbounds: [10, 20, 30, 40], bitstring: "1" };

  test("of all ids, in the images' layers, with quantiles", async () => {
    const ids = Array.from({ length: 11 }, (_, i) => 2 * i); // more than ten fail there
    const { res } = await send("/api/features", { project: "scenes", ids, masks: ids.map(() => mask) });
    const layer = scenes.generator.layer("layer4");
    const all = scenes.generator.sample({ seed: 1, size: 30 });
    const rows = Float32Array.from(ids.flatMap((id) => [...all.subarray(id * 128, (id + 1) * 128)]));
    using run = await scenes.generator.forward(rows, { retain: ["layer4"] });
    const data = new Uint8Array(64 * 64);
    for (let y = 10; y < 30; y += 1) data.fill(1, 64 * y + 20, 64 * y + 40);
    const masks = ids.map(() => ({ height: 64, width: 64, data }));
    const expected = unitStats(await run.layers.get("layer4")!.read(), layer, masks, scenes.generator);
    for (const key of ["max", "mean"] as const) {
      for (const [unit, value] of res.layer4[key].entries()) expect(value).toBeCloseTo(expected[key][unit]!, 4);
      expect(res.layer4[`${key}_quantile`].every((value: number) => value >= 0 && value <= 1)).toBe(true);
    }
    expect(Object.keys(res)).toEqual(["layer4"]);
  });

  test("without masks they are everywhere; interventions count in later layers", async () => {
    const body = { project: "scenes", ids: [3], layers: ["layer4", "layer6"] };
    const plain = (await send("/api/features", body)).res;
    const interventions = [{ ablations: [{ layer: "layer4", unit: 0, value: 50 }] }];
    const edited = (await send("/api/features", { ...body, interventions })).res;
    expect(edited.layer4).toEqual(plain.layer4);
    expect(edited.layer6.max).not.toEqual(plain.layer6.max);
    using run = await scenes.generator.forward(scenes.generator.sample({ seed: 1, start: 3, size: 1 }), {
      retain: ["layer4"],
    });
    const features = await run.layers.get("layer4")!.read();
    const first = Array.from({ length: 64 }, (_, cell) => features[cell * UNITS]!);
    expect(plain.layer4.max[0]).toBeCloseTo(Math.max(...first), 4);
    expect(plain.layer4.mean[0]).toBeCloseTo(first.reduce((a, b) => a + b) / 64, 4);
  });

  test("of no layers: nothing", async () => {
    const { res } = await send("/api/features", { project: "scenes", ids: [3], masks: [mask], layers: [] });
    expect(res).toEqual({});
  });

  test("maps of quantiles, 0 to 255", async () => {
    const { res } = await send("/api/featuremaps", { project: "scenes", ids: [3, 4], layers: ["layer4"] });
    expect([res.layer4.length, res.layer4[0].length, res.layer4[0][0].length, res.layer4[0][0][0].length]).toEqual([
      2,
      UNITS,
      8,
      8,
    ]);
    const numbers: number[] = res.layer4.flat(3);
    expect(numbers.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true);
    // Quantiles of the model's own images are spread evenly.
    const below = numbers.filter((value) => value < 128).length / numbers.length;
    expect(below).toBeGreaterThan(0.3);
    expect(below).toBeLessThan(0.7);
  });
});

describe("traffic of the published pages", () => {
  const replay = async (requests: readonly Sent[]) => {
    const answers = [];
    for (const { path, body } of requests) answers.push(await (body ? send(path, body) : ask(path)));
    return answers;
  };
  const levelsOf = async () =>
    (await ask("/api/levels?project=scenes&layer=layer4&quantiles=0.99")).res.map(([level]: [number]) => level);

  test("GANPaint: each stroke changes what it covers", async () => {
    const units = Array.from({ length: 40 }, (_, i) => 3 * i);
    const answers = await replay(ganpaint(await levelsOf(), units));
    const [first, second, third] = answers.slice(5).map(({ res }) => rgbOf(res[0].d).rgb) as [
      number[],
      number[],
      number[],
    ];
    const plain = await made(2);
    expect(difference(first, plain)).toBeGreaterThan(3);
    expect(difference(second, first)).toBeGreaterThan(0.5);
    expect(difference(third, second)).toBeGreaterThan(0.5);
    // Far from the stroke nothing changes: one cell of layer4 reaches some 18 pixels of 64.
    const corner = (rgb: readonly number[]) =>
      Array.from({ length: 40 }, (_, y) => rgb.slice(768 * (215 + y)).slice(600, 700)).flat();
    expect(difference(corner(first), corner(plain))).toBeLessThan(1.5);
  });

  test("ganclient", async () => {
    const answers = await replay(ganclient(await levelsOf()));
    expect(answers[4].res.map(({ d }: { d: string }) => d)).toEqual(
      [3, 4].map((id) => `/data/scenes/cache/img/id/${id}.jpg`),
    );
    const [ablated, painted] = answers.slice(5).map(({ res }) => rgbOf(res[0].d).rgb) as [number[], number[]];
    expect(difference(ablated, await made(3))).toBeGreaterThan(1);
    expect(difference(painted, ablated)).toBeGreaterThan(1);
  });

  test("edit.html", async () => {
    const answers = await replay(edit());
    const stats = answers[2].res.layer4;
    expect(Object.keys(stats).sort()).toEqual(["max", "max_quantile", "mean", "mean_quantile"]);
    // One pixel lies in one cell, so that its largest and its mean are the same but where it is
    // negative.
    for (const [unit, mean] of stats.mean.entries()) expect(stats.max[unit]).toBeCloseTo(Math.max(0, mean), 4);
    const [copied, emptied] = answers.slice(4).map(({ res }) => rgbOf(res[0].d).rgb) as [number[], number[]];
    expect(difference(copied, emptied)).toBeGreaterThan(0.2);
  });
});

describe("files", () => {
  test("the home page, the client's, a report's", async () => {
    const home = await handler(get("/"));
    expect([home.status, home.headers.get("location")]).toEqual([302, "/client/index.html"]);
    const page = await handler(get("/client/index.html"));
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await ask("/data/scenes/dissect.json")).toEqual(JSON.parse(served["dissect.json"]));
    const none = await handlerOf(scenes.generator)(get("/client/index.html"));
    const files = filesOf({ "report.html": "<p>report" });
    const homes = [handlerOf(scenes.generator), handlerOf(scenes.generator, { project: { files }, base: "/gan" })];
    const to = await Promise.all(
      homes.map(async (home, i) => (await home(get(i === 0 ? "/" : "/gan/"))).headers.get("location")),
    );
    expect(to).toEqual(["/api/all_projects", "/gan/data/scenes/report.html"]);
    expect([none.status, (await none.json()).error.fix]).toEqual([404, expect.stringContaining("--client")]);
  });

  test("pictures without edits may be kept, and are known by their ETag", async () => {
    const path = "/data/scenes/cache/img/id/1.jpg";
    const { headers } = await handler(get(path));
    expect(headers.get("cache-control")).toContain("immutable");
    const again = await handler(get(path, { "if-none-match": `"other", ${headers.get("etag")}` }));
    expect([again.status, (await again.arrayBuffer()).byteLength]).toEqual([304, 0]);
  });

  test("HEAD has no body", async () => {
    const response = await handler(new Request("http://localhost/api/all_projects", { method: "HEAD" }));
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });

  test("a base before all paths", async () => {
    const based = handlerOf(scenes.generator, { base: "/gan" });
    const { res } = await json(based(post("/gan/api/generate", { project: "scenes", ids: [1] })));
    expect(res[0].d).toBe("/gan/data/scenes/cache/img/id/1.jpg");
    expect((await based(get(res[0].d))).status).toBe(200);
    expect((await based(get("/api/all_projects"))).status).toBe(404);
    expect([based.matches(get("/gan/api/x")), based.matches(get("/gan/")), based.matches(get("/api/x"))]).toEqual([
      true,
      false,
      false,
    ]);
    based.dispose();
  });
});

describe("many at once", () => {
  test("more than wait are told to come again", async () => {
    const short = handlerOf(scenes.generator, { limits: { queue: 1 } });
    const body = { project: "scenes", ids: [1], interventions: [{ ablations: [] }] };
    const responses = await Promise.all([1, 2, 3, 4].map(() => short(post("/api/generate", body))));
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429]);
    expect(responses.find(({ status }) => status === 429)!.headers.get("retry-after")).toBe("1");
    expect((await short(post("/api/generate", body))).status).toBe(200);
    short.dispose();
  });

  test("who gives up is not worked for, and does not stop others", async () => {
    const controller = new AbortController();
    const body = { project: "scenes", ids: [1], interventions: [{ ablations: [] }] };
    const first = handler(post("/api/generate", body));
    const second = handler(
      post("/api/generate", body, { signal: controller.signal, headers: { "content-type": "application/json" } }),
    );
    const third = handler(post("/api/generate", body));
    controller.abort();
    expect([(await first).status, (await second).status, (await third).status]).toEqual([200, 503, 200]);
  });
});

describe("what is refused", () => {
  const ok = { project: "scenes", ids: [1] };
  const big = `{"x":"${"a".repeat(4 * 2 ** 20)}"}`;
  test.each<[what: string, status: number, request: () => Request]>([
    ["an unknown route", 404, () => get("/api/none")],
    ["an unknown page", 404, () => get("/none")],
    ["an unknown project", 404, () => get("/api/layers?project=none")],
    ["no project", 400, () => get("/api/layers")],
    ["a GET of what is posted", 405, () => get("/api/generate")],
    ["a POST of what is got", 405, () => post("/api/layers", {})],
    ["a POST of a page", 405, () => post("/client/index.html", {})],
    ["another method", 405, () => new Request("http://127.0.0.1/api/layers", { method: "DELETE" })],
    ["a form", 415, () => post("/api/generate", ok, { headers: { "content-type": "text/plain" } })],
    ["a large body", 413, () => post("/api/generate", big)],
    ["no JSON", 400, () => post("/api/generate", "{")],
    ["a JSON list", 400, () => post("/api/generate", "[]")],
    ["deep JSON", 400, () => post("/api/generate", "[".repeat(1e6))],
    ["neither ids nor zs", 400, () => post("/api/generate", { project: "scenes" })],
    ["ids and zs", 400, () => post("/api/generate", { ...ok, zs: [[]] })],
    ["no ids", 400, () => post("/api/generate", { ...ok, ids: [] })],
    ["a negative id", 400, () => post("/api/generate", { ...ok, ids: [-1] })],
    ["a fraction", 400, () => post("/api/generate", { ...ok, ids: [0.5] })],
    ["an id far off", 400, () => post("/api/generate", { ...ok, ids: [10_000] })],
    ["too many ids", 400, () => post("/api/generate", { ...ok, ids: new Array(65).fill(1) })],
    ["short zs", 400, () => post("/api/generate", { project: "scenes", zs: [[1, 2]] })],
    ["zs that are no numbers", 400, () => post("/api/generate", { project: "scenes", zs: [new Array(128).fill("1")] })],
    ["infinite zs", 400, () => post("/api/generate", `{"project":"scenes","zs":[[${"1e999,".repeat(127)}1]]}`)],
    [
      "an intervention of an unknown layer",
      400,
      () => post("/api/generate", { ...ok, interventions: [{ ablations: [{ layer: "x", unit: 0 }] }] }),
    ],
    ["quantiles that are none", 400, () => get("/api/levels?project=scenes&layer=layer4&quantiles=0.5,x")],
    ["quantiles beyond 1", 400, () => get("/api/levels?project=scenes&layer=layer4&quantiles=1.1")],
    ["no quantiles", 400, () => get("/api/levels?project=scenes&layer=layer4")],
    ["levels of an unknown layer", 400, () => get("/api/levels?project=scenes&layer=x&quantiles=0.5")],
    ["an unknown layer's features", 400, () => post("/api/features", { ...ok, layers: ["x"] })],
    [
      "masks for other ids",
      400,
      () => post("/api/features", { ...ok, masks: [{ bitstring: "1" }, { bitstring: "1" }] }),
    ],
    [
      "very many features",
      400,
      () => post("/api/featuremaps", { project: "scenes", ids: new Array(64).fill(1), layers: ["layer9", "layer10"] }),
    ],
    ["a picture that is not kept", 404, () => get("/data/scenes/cache/img/uniq/000/99.jpg")],
    ["a picture of an id far off", 404, () => get("/data/scenes/cache/img/id/10000.jpg")],
    ["a file that is not there", 404, () => get("/data/scenes/none.txt")],
    ["a folder", 404, () => get("/data/scenes/layer4/")],
    ["a hidden file", 404, () => get("/data/scenes/.ganatomy")],
    ["a foreign host", 403, () => new Request("http://evil.example/api/all_projects")],
  ])("%s: %i", async (_, status, request) => {
    const response = await handler(request());
    const { error } = await response.json();
    expect(response.status).toBe(status);
    expect(Object.keys(error)).toEqual(["code", "message", "fix"]);
    expect(Object.values(error).every((text) => typeof text === "string" && text.length > 3)).toBe(true);
    if (status === 405) expect(response.headers.get("allow")).toMatch(/GET|POST/);
  });

  test("what was not foreseen is told to the server alone", async () => {
    const heard: unknown[] = [];
    const read = async (): Promise<never> => {
      throw new Error("/a/path/of/this/machine is broken");
    };
    const broken = handlerOf(scenes.generator, { project: { files: { read } }, onError: (error) => heard.push(error) });
    const response = await broken(get("/data/scenes/a.txt"));
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("this/machine");
    expect(heard).toHaveLength(1);
  });

  test.each([
    ["a name that is no part of an address", { project: { name: "a/b" } }, /cannot be called/],
    ["a name of dots", { project: { name: ".." } }, /cannot be called/],
    ["a size of none", { project: { imageSize: 0 } }, /make no sense/],
    ["a base that ends in a slash", { base: "/gan/" }, /no path/],
    ["a limit below 0", { limits: { ids: -1 } }, /limit of -1/],
    ["a limit that is none", { limits: { id: 1 } as object }, /Did you mean ids/],
    ["any host without a token", { hosts: "any" as const }, /no token/],
    ["an encoder that was not made", { encoder: (() => 0) as never }, /encoder is a function/],
  ])("%s, when it is made", (_, options, message) => {
    expect(() => handlerOf(scenes.generator, options)).toThrow(message);
  });
});
