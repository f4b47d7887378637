import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DeviceLostError } from "../../src/errors.ts";
import type { Handler } from "../../src/server/handler.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";
import { filesOf, get, handlerOf, openScenes, post, type Scenes } from "./scenes.ts";

// Every route, method and status of the OpenAPI file is asked for here, and every answer compared
// with its schema.

type Json = Readonly<Record<string, unknown>>;
interface Described {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, { readonly responses: Readonly<Record<string, Json>>; readonly requestBody?: Json }>>
    >
  >;
  readonly components: { readonly responses: Readonly<Record<string, Json>> };
}

const FILE = new URL("../../src/server/server-v1.openapi.json", import.meta.url);
const described: Described = JSON.parse(readFileSync(FILE, "utf8"));
const ajv = new Ajv2020({ strict: false, allErrors: true });
/** A schema of the file with what its references lead to. */
const whole = (schema: object): object => ({ ...schema, components: described.components });

let scenes: Scenes;
let handler: Handler;
let locked: Handler;
let broken: Handler;
beforeAll(async () => {
  scenes = await openScenes();
  const { generator, segmenter } = scenes;
  handler = handlerOf(generator, { project: { segmenter, files: filesOf({}) } });
  locked = handlerOf(generator, { token: "t" });
  const lost = new Proxy(generator, {
    get(target, name) {
      if (name === "compile") return compile;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  broken = handlerOf(lost, { project: { segmenter }, limits: { queue: 0 } });
});
afterAll(() => {
  handler?.dispose();
  scenes?.dispose();
});
/** What `broken` does where it would compile: fails, in its time. */
let compile: () => Promise<never>;
const failing = (error: Error) => async (): Promise<never> => {
  throw error;
};

const schemaOf = (response: Json, type: string): object | undefined => {
  const content = (response["content"] ?? {}) as Readonly<Record<string, { schema?: object }>>;
  if (!(type in content)) throw new Error(`${type} is none of ${Object.keys(content)}`);
  return content[type]!.schema;
};
const resolved = (response: Json): Json =>
  typeof response["$ref"] === "string"
    ? described.components.responses[response["$ref"].split("/").at(-1)!]!
    : response;

/** Routes with what they are asked for, and how it can be wrong. */
interface Asked {
  readonly route: string;
  readonly method: "get" | "post";
  readonly good: readonly (string | Json)[];
  readonly bad?: string | Json;
  readonly unknown?: string | Json;
}
const ids = [1, 2];
const interventions = [
  {
    ablations: [{ layer: "layer4", unit: 3, alpha: 0.5, value: null }],
    mask: { bitstring: "1", shape: [], bitbounds: null },
    maskpooling: "mean",
  },
];
const ASKED: Asked[] = [
  { route: "/api/all_projects", method: "get", good: [""] },
  ...["layers", "recipes"].map((name) => ({
    route: `/api/${name}`,
    method: "get" as const,
    good: ["?project=scenes"],
    bad: "",
    unknown: "?project=x",
  })),
  ...["units", "rankings", "channels"].map((name) => ({
    route: `/api/${name}`,
    method: "get" as const,
    good: ["?project=scenes&layer=layer4", "?project=scenes"],
    bad: "?layer=layer4",
    unknown: "?project=x&layer=layer4",
  })),
  {
    route: "/api/levels",
    method: "get",
    good: ["?project=scenes&layer=layer4&quantiles=0.5,0.99"],
    bad: "?project=scenes&layer=layer4",
    unknown: "?project=x&layer=layer4&quantiles=0.5",
  },
  {
    route: "/api/generate",
    method: "post",
    good: [
      { project: "scenes", ids },
      { project: "scenes", ids, interventions },
      { project: "scenes", ids, interventions, return_urls: 1 },
    ],
    bad: { project: "scenes" },
    unknown: { project: "x", ids },
  },
  {
    route: "/api/features",
    method: "post",
    good: [
      { project: "scenes", ids, masks: [{ bitstring: "1" }, { bitstring: "0" }], layers: ["layer4"], interventions },
    ],
    bad: { project: "scenes" },
    unknown: { project: "x", ids },
  },
  {
    route: "/api/featuremaps",
    method: "post",
    good: [{ project: "scenes", ids: [1], layers: ["layer4"], interventions: null }],
    bad: { project: "scenes" },
    unknown: { project: "x", ids },
  },
  {
    route: "/api/v1/image",
    method: "post",
    good: [
      { project: "scenes", id: 1, interventions },
      { project: "scenes", id: 1, format: "jpeg", size: 100 },
      { project: "scenes", id: 1, format: "webp" },
    ],
    bad: { project: "scenes" },
    unknown: { project: "x", id: 1 },
  },
  {
    route: "/api/v1/pixel",
    method: "post",
    good: [{ project: "scenes", id: 1, x: 3, y: 63, layers: ["layer4"], top: 3, interventions }],
    bad: { project: "scenes", id: 1, x: 64, y: 0 },
    unknown: { project: "x", id: 1, x: 0, y: 0 },
  },
  ...["webp", "png"].map((format) => ({
    route: `/api/v1/units/{layer}/atlas.${format}`,
    method: "get" as const,
    good: ["?project=scenes&size=8"],
    bad: "?project=scenes&size=7",
    unknown: "?project=x",
  })),
  {
    route: "/api/v1/dissect",
    method: "get",
    good: ["?project=scenes&layers=layer4&size=4"],
    bad: "?project=scenes&layers=none",
    unknown: "?project=x",
  },
];

const strokes = [
  {
    ...{ id: "1", op: "draw", units: { concept: "tree", top: 3 }, alpha: 0.5, value: { quantile: 0.9 } },
    mask: { size: [8, 8], cells: [9, 4] },
  },
];
const image = { project: "scenes", image: 2, layer: "layer4", strokes };
/** Questions of sessions: one that is right, and what makes it wrong. */
const QUESTIONS: readonly (readonly [name: string, good: Json, wrong: Json])[] = [
  ["picture", { ...image, type: "png" }, { image: 10_000 }],
  ["pixel", { ...image, y: 3, x: 63, layers: ["layer4"], top: 3 }, { y: 64 }],
  ["region", { ...image, mask: { size: [8, 8], cells: [0, 3] }, layers: ["layer4"] }, { mask: {} }],
  ["units", { layer: "layer4", concept: "tree", ranking: "iou", top: 2 }, { layer: "layer9" }],
  ["concepts", { layer: "layer4", unit: 3 }, { unit: 128 }],
  ["levels", { layer: "layer4", quantiles: [0.5, 0.99] }, { quantiles: [2] }],
  ["topImages", { layer: "layer4", unit: 3, top: 2, size: 8, seed: 2 }, { unit: -1 }],
  ["effect", { ...image, size: 1 }, { size: 0 }],
  ["thumbnails", { layer: "layer4", units: [3], size: 8 }, { size: 2 }],
  ["dissect", { layers: ["layer4"], size: 4, seed: 1 }, { layers: ["none"] }],
];
const SESSION: readonly Asked[] = QUESTIONS.map(([name, good, wrong]) => ({
  route: `/api/v1/session/${name}`,
  method: "post",
  good: [{ project: "scenes", ...good }, good],
  bad: { ...good, ...wrong },
  unknown: { ...good, project: "x" },
}));
ASKED.push({ route: "/api/v1/session", method: "get", good: ["?project=scenes", ""], unknown: "?project=x" });
ASKED.push(...SESSION);

const pathOf = (route: string): string => route.replace("{layer}", "layer4");
const requestOf = ({ route, method }: Asked, given: string | Json): Request =>
  typeof given === "string" ? get(pathOf(route) + given) : post(pathOf(route), given, { method });
/** Statuses of a route that were seen. */
const seen = new Set<string>();

async function expectDescribed({ route, method }: Asked, status: number, response: Response): Promise<void> {
  const said = response.ok ? "" : await response.clone().text();
  expect([route, response.status, said]).toEqual([route, status, said]);
  const entry = described.paths[route]?.[method]?.responses[status];
  expect(entry, `${route} says nothing of ${status}`).toBeDefined();
  seen.add(`${method} ${route} ${status}`);
  const told = resolved(entry!);
  for (const name of Object.keys((told["headers"] ?? {}) as object)) expect(response.headers.has(name)).toBe(true);
  if (status === 204) return;
  const type = response.headers.get("content-type")!.split(";")[0]!;
  const schema = schemaOf(told, type);
  if (type !== "application/json") {
    await response.arrayBuffer();
    return;
  }
  const validate = ajv.compile(whole(schema!));
  validate(await response.json());
  expect(validate.errors ?? []).toEqual([]);
}
test.each(ASKED)("$method $route: what is right, and every way to be wrong", async (asked) => {
  const { route, method, good, bad, unknown } = asked;
  for (const given of good) {
    if (typeof given !== "string") {
      const body = described.paths[route]![method]!.requestBody as { content: Record<string, { schema: object }> };
      const validate = ajv.compile(whole(body.content["application/json"]!.schema));
      validate(given);
      expect(validate.errors ?? []).toEqual([]);
    }
    await expectDescribed(asked, 200, await handler(requestOf(asked, given)));
  }
  if (bad !== undefined) await expectDescribed(asked, 400, await handler(requestOf(asked, bad)));
  if (unknown !== undefined) await expectDescribed(asked, 404, await handler(requestOf(asked, unknown)));
  await expectDescribed(asked, 401, await locked(requestOf(asked, good[0]!)));
  const elsewhere = requestOf(asked, good[0]!);
  await expectDescribed(
    asked,
    403,
    await handler(new Request(elsewhere.url.replace("127.0.0.1", "evil.example"), elsewhere)),
  );
  await expectDescribed(asked, 405, await handler(new Request(elsewhere.url, { method: "DELETE" })));
  const says = (status: number) => described.paths[route]![method]!.responses[status] !== undefined;
  if (method === "post") {
    const { url } = elsewhere;
    const text = { "content-type": "text/plain" };
    await expectDescribed(asked, 415, await handler(new Request(url, { method: "POST", body: "{}", headers: text })));
    await expectDescribed(asked, 413, await handler(post(pathOf(route), " ".repeat(2 ** 22 + 1))));
  }
  if (!says(503)) return;
  compile = failing(new DeviceLostError("device-lost", "It is gone.", "Start again."));
  await expectDescribed(asked, 503, await broken(requestOf(asked, good[0]!)));
  compile = failing(new Error("not foreseen"));
  await expectDescribed(asked, 500, await broken(requestOf(asked, good[0]!)));
  await whileAnotherWorks(
    async () => expectDescribed(asked, 429, await broken(requestOf(asked, good[0]!))),
    // which waits for another only
    route.endsWith("/dissect") ? requestOf(asked, good[0]!) : undefined,
  );
});

/** Does something while another request is at work, and none may wait. */
async function whileAnotherWorks(
  work: () => Promise<void>,
  other = post("/api/generate", { project: "scenes", ids: [5] }),
): Promise<void> {
  let first: Promise<Response> | undefined;
  await new Promise<void>((began) => {
    compile = () => {
      began();
      return new Promise((_, reject) => {
        compile = () => reject(new Error("enough")) as never;
      });
    };
    first = broken(other);
  });
  await work();
  compile();
  await first;
}

test("a file of latents: what is right, and every way to be wrong", async () => {
  const asked: Asked = { route: "/api/v1/session/latents", method: "post", good: ["?project=scenes", ""] };
  const data = new Float32Array(scenes.generator.zSize);
  const file = writeSafetensors({ z: { dtype: "float32", shape: [1, data.length], data } });
  const type = "application/octet-stream";
  const sent = (query: string | Json, body: Uint8Array<ArrayBuffer> = file, more: object = { "content-type": type }) =>
    new Request(get(asked.route + query), { method: "POST", body, headers: { ...more } });
  for (const query of asked.good) await expectDescribed(asked, 200, await handler(sent(query)));
  await expectDescribed(asked, 400, await handler(sent("", file.slice(0, 50))));
  await expectDescribed(asked, 404, await handler(sent("?project=x")));
  await expectDescribed(asked, 401, await locked(sent("")));
  const { url } = sent("");
  const elsewhere = new Request(url.replace("127.0.0.1", "evil.example"), { method: "POST" });
  await expectDescribed(asked, 403, await handler(elsewhere));
  await expectDescribed(asked, 405, await handler(get(asked.route)));
  await expectDescribed(asked, 415, await handler(sent("", file, { "content-type": "application/json" })));
  const small = handlerOf(scenes.generator, { limits: { latents: file.length - 1 } });
  await expectDescribed(asked, 413, await small(sent("")));
  small.dispose();
  await whileAnotherWorks(async () => expectDescribed(asked, 429, await broken(sent(""))));
});

test("what is unloaded: a file that is held, every way to be wrong, and none that is not held", async () => {
  const asked: Asked = { route: "/api/v1/session/unload", method: "post", good: [] };
  const data = new Float32Array(scenes.generator.zSize).fill(1);
  const file = writeSafetensors({ z: { dtype: "float32", shape: [1, data.length], data } });
  const headers = { "content-type": "application/octet-stream" };
  const sent = new Request(get("/api/v1/session/latents"), { method: "POST", body: file, headers });
  const { name, sha256 } = await (await handler(sent)).json();
  const good: Json = { project: "scenes", latents: { name, sha256 } };
  const request = (given: string | Json) => post(asked.route, given);
  const { url } = request(good);
  const text = { "content-type": "text/plain" };
  const elsewhere = new Request(url.replace("127.0.0.1", "evil.example"), request(good));
  await expectDescribed(asked, 400, await handler(request({})));
  await expectDescribed(asked, 404, await handler(request({ ...good, project: "x" })));
  await expectDescribed(asked, 401, await locked(request(good)));
  await expectDescribed(asked, 403, await handler(elsewhere));
  await expectDescribed(asked, 405, await handler(get(asked.route)));
  await expectDescribed(asked, 415, await handler(new Request(url, { method: "POST", body: "{}", headers: text })));
  await expectDescribed(asked, 413, await handler(request(" ".repeat(2 ** 22 + 1))));
  await expectDescribed(asked, 200, await handler(request(good)));
  await expectDescribed(asked, 404, await handler(request(good)));
});

test("a dissection: one at a time, and no second one for whoever has seen the first", async () => {
  const asked = ASKED.find(({ route }) => route === "/api/v1/dissect")!;
  const [first, second] = await Promise.all([1, 2].map(() => handler(requestOf(asked, asked.good[0]!))));
  await expectDescribed(asked, 429, second!);
  await first!.body!.cancel();
  const again = get(`/api/v1/dissect${asked.good[0]}`, { "last-event-id": "result" });
  await expectDescribed(asked, 204, await handler(again));
});

test("nothing else is described", () => {
  const all = Object.entries(described.paths).flatMap(([route, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) =>
      Object.keys(responses).map((status) => `${method} ${route} ${status}`),
    ),
  );
  expect([...seen].sort()).toEqual(all.sort());
});
