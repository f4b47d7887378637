import { afterEach, describe, expect, test } from "vitest";
import { DeviceLostError, GanatomyError, type UsageError } from "../../src/errors.ts";
import { type FetchHandler, type Listening, listen } from "../../src/node/http.ts";
import { connect } from "../../src/session/connect.ts";
import { canvasOf, FakeCanvas } from "./canvas.ts";

// What a session of a server makes of what comes and does not come; with a real server behind it
// session.test.ts and views.test.ts look at it.

const LOADED = {
  model: { name: "church", architecture: "x", height: 1, width: 2, layers: [], classes: [] },
  labels: [],
  rankings: {},
  adapter: { name: "one" },
};
const opened = (loaded: object = LOADED): Response => Response.json({ project: "church", loaded });
const failed = (status: number, code: string, headers = {}): Response =>
  Response.json({ error: { code, message: "It is so.", fix: "Do this." } }, { status, headers });

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A server that answers so, and what it was asked for. */
async function serving(answer: FetchHandler, port = 0): Promise<Listening & { readonly asked: Request[] }> {
  const asked: Request[] = [];
  const server = await listen(
    (request) => {
      asked.push(request);
      return answer(request);
    },
    { port },
  );
  ends.push(() => server.close());
  return { ...server, asked };
}
async function connected(url: string, more: object = {}) {
  const session = await connect({ url, ...more });
  ends.push(() => session.dispose());
  return session;
}
/** Answers a first request as a server does, and all others so. */
const afterOpening =
  (answer: FetchHandler): FetchHandler =>
  (request) =>
    new URL(request.url).pathname.endsWith("/session") ? opened() : answer(request);

const thrown = (promise: Promise<unknown>): Promise<GanatomyError> =>
  promise.then(
    () => expect.fail("nothing was thrown"),
    (error: GanatomyError) => error,
  );

describe("connecting", () => {
  test.each([
    ["", {}, "/api/v1/session", null],
    ["gan", { project: "a b" }, "/gan/api/v1/session?project=a%20b", null],
    ["?token=t", {}, "/api/v1/session", "Bearer t"],
    ["", { token: "u" }, "/api/v1/session", "Bearer u"],
  ])("to %j with %j", async (path, more, asked, bearer) => {
    const server = await serving(() => opened());
    const session = await connected(server.url + path, more);
    expect(session.loaded).toEqual(LOADED);
    const { pathname, search } = new URL(server.asked[0]!.url);
    expect([pathname + search, server.asked[0]!.headers.get("authorization")]).toEqual([asked, bearer]);
  });

  test("a server that is not there, or is another's, is said", async () => {
    const server = await serving(() => new Response("<h1>Hello</h1>", { status: 404 }));
    expect(await thrown(connect({ url: server.url }))).toMatchObject({
      code: "network",
      message: expect.stringMatching(/answered with 404, as no server of ganatomy does\. Check the address/),
    });
    await server.close();
    expect(await thrown(connect({ url: server.url }))).toMatchObject({
      code: "network",
      message: expect.stringMatching(/^The server at http:\/\/127\.0\.0\.1:\d+\/ does not answer\. Look whether/),
    });
  });

  test.each(["ftp://here/", "here"])("%s is no address", async (url) => {
    expect(await thrown(connect({ url }))).toMatchObject({ code: "usage" });
  });

  test("one place is named", async () => {
    await expect(connect({ url: "http://127.0.0.1:1", worker: "x" } as never)).rejects.toThrow(/Give one of/);
    await expect(connect({} as never)).rejects.toThrow(/Give one of/);
  });
});

describe("errors are what they were", () => {
  test.each([
    [400, "usage", "UsageError", "usage"],
    [400, "bad-request", "UsageError", "usage"],
    [404, "not-found", "GanatomyError", "not-found"],
    [503, "device-lost", "DeviceLostError", "device-lost"],
    [401, "token", "GanatomyError", "network"],
    [500, "__proto__", "GanatomyError", "network"],
    [503, "host-memory", "GanatomyError", "host-memory"],
  ])("%i %s: %s", async (status, said, name, code) => {
    const server = await serving(afterOpening(() => failed(status, said)));
    const session = await connected(server.url);
    const error = await thrown(session.units({ layer: "layer4" }));
    expect(error).toBeInstanceOf(GanatomyError);
    expect(error).toMatchObject({ name, code, fix: "Do this.", message: "It is so. Do this." });
    if (name === "DeviceLostError") expect(error).toBeInstanceOf(DeviceLostError);
  });

  test("in the middle of a stream, too, and one that breaks off is not whole", async () => {
    const lines = (...told: object[]) => new Response(told.map((line) => `${JSON.stringify(line)}\n`).join(""));
    const first = { event: { layer: "layer4", unit: 3, image: 1, height: 1, width: 1, rgba: btoa("abcd") } };
    const wrong = { error: { code: "usage", message: "No.", fix: "Yes." } };
    const answers = [lines(first, wrong), lines(first)];
    const server = await serving(afterOpening(() => answers.shift()!));
    const session = await connected(server.url);
    const thumbnails = async () => {
      const seen = [];
      for await (const { unit, rgba } of session.thumbnails({ layer: "layer4" })) seen.push([unit, ...rgba]);
      return seen;
    };
    expect(await thrown(thumbnails())).toMatchObject({ name: "UsageError", fix: "Yes." } satisfies Partial<UsageError>);
    expect(await thrown(thumbnails())).toMatchObject({ message: expect.stringMatching(/ended its answer early/) });
  });
});

test("a busy server is asked again, and no longer than a few times", async () => {
  let busy = 2;
  const server = await serving(
    afterOpening(() => {
      busy -= 1;
      return busy >= 0 ? failed(429, "busy", { "retry-after": "0.01" }) : Response.json([{ unit: 1, score: 2 }]);
    }),
  );
  const session = await connected(server.url);
  expect(await session.units({ layer: "layer4" })).toEqual([{ unit: 1, score: 2 }]);
  expect(server.asked.length).toBe(4);
  busy = 100;
  expect(await thrown(session.units({ layer: "layer4" }))).toMatchObject({ code: "network", fix: "Do this." });
  expect(server.asked.length).toBe(9);
});

test("a server that goes is said to be lost, and its views are drawn anew when it is back", async () => {
  let color = 10;
  const answer = afterOpening(() => new Response(new Uint8Array(8).fill(color)));
  const server = await serving(answer);
  const session = await connected(server.url);
  const canvas = new FakeCanvas();
  const view = session.view(canvasOf(canvas));
  await new Promise<void>((resolve) => view.on("rendered", () => resolve()));
  expect([canvas.height, canvas.width, ...(await canvas.rgb())]).toEqual([1, 2, 10, 10, 10, 10, 10, 10]);
  await server.close();
  const told: string[] = [];
  session.on("error", ({ error }) => told.push(error.message));
  const lost = new Promise<GanatomyError>((resolve) => session.on("lost", ({ error }) => resolve(error)));
  const back = new Promise<unknown>((resolve) => session.on("restored", ({ adapter }) => resolve(adapter)));
  view.set({ image: 4 });
  expect(await lost).toMatchObject({ code: "network" });
  expect(await thrown(session.units({ layer: "layer4" }))).toMatchObject({ code: "network" });
  view.set({ image: 5 });
  color = 20;
  const drawn = new Promise<void>((resolve) => view.on("rendered", () => resolve()));
  const again = await serving(answer, server.port);
  expect(await back).toEqual({ name: "one" });
  await drawn;
  expect([...(await canvas.rgb())]).toEqual([20, 20, 20, 20, 20, 20]);
  const pictures = again.asked.filter(({ method }) => method === "POST");
  expect(pictures.length).toBe(1); // the newest
  expect(told).toEqual([]);
});

test("a picture of another size is no picture of this generator", async () => {
  const server = await serving(afterOpening(() => new Response(new Uint8Array(12))));
  const session = await connected(server.url);
  await expect(session.picture()).rejects.toThrow(/another size than 2×1\. It has another generator now/);
});

test("whoever has a port to it shares it", async () => {
  const server = await serving(afterOpening(() => Response.json([{ unit: 1, score: 2 }])));
  const session = await connected(server.url);
  const other = await connect({ port: session.share() });
  expect(other.loaded).toEqual(LOADED);
  expect(await other.units({ layer: "layer4" })).toEqual([{ unit: 1, score: 2 }]);
  other.dispose();
});

describe("latents that a server has forgotten are sent again once", () => {
  const about = { name: "z.npy", sha256: "ab".repeat(32), size: 1, weights: false };
  const question = { latents: { name: about.name, sha256: about.sha256 }, y: 0, x: 0 };

  /**
   * A server that was given latents and has forgotten them; every request waits for its gate, of
   * "latents" or of the question's x.
   */
  async function forgetful(gates: Readonly<Record<string, Promise<void>>> = {}) {
    const got: string[] = [];
    let has = false;
    const server = await serving(
      afterOpening(async (request) => {
        const isFile = new URL(request.url).pathname.endsWith("/latents");
        const what = isFile ? "latents" : `${(await request.json()).x}`;
        got.push(what);
        const answer = has || isFile ? Response.json(isFile ? about : { what }) : failed(404, "not-found");
        await gates[got.length === 1 ? "first" : what];
        has ||= isFile && got.length > 1;
        return answer;
      }),
    );
    const session = await connected(server.url);
    await session.load({ latents: new File(["z"], about.name) });
    return { session, got };
  }
  const gate = () => {
    let open = (): void => {};
    const closed = new Promise<void>((resolve) => (open = resolve));
    return { open, closed };
  };
  const times = (got: readonly string[], what: string): number => got.filter((one) => one === what).length;

  test("for questions that miss them at once", async () => {
    const { session, got } = await forgetful();
    const answers = await Promise.all([1, 2, 3].map((x) => session.pixel({ ...question, x })));
    expect(answers).toEqual(["1", "2", "3"].map((what) => ({ what })));
    expect(times(got, "latents")).toBe(2); // the first time, and once more
  });

  test("for one that comes while they are on their way, and for one that has missed them before", async () => {
    const [sending, late] = [gate(), gate()];
    const { session, got } = await forgetful({ latents: sending.closed, 2: late.closed });
    const slow = session.pixel({ ...question, x: 2 }); // is answered when they have arrived
    await expect.poll(() => got).toEqual(["latents", "2"]);
    const first = session.pixel({ ...question, x: 1 });
    await expect.poll(() => got).toEqual(["latents", "2", "1", "latents"]);
    const meanwhile = session.pixel({ ...question, x: 3 });
    sending.open();
    expect([await first, await meanwhile]).toEqual([{ what: "1" }, { what: "3" }]);
    late.open();
    expect(await slow).toEqual({ what: "2" });
    expect(got).toHaveLength(7);
    expect([times(got, "latents"), times(got, "3")]).toEqual([2, 1]);
  });

  test("for those who still wait where the one for whom they are sent gives up", async () => {
    const [sending, late] = [gate(), gate()];
    const { session, got } = await forgetful({ latents: sending.closed, 2: late.closed });
    const stop = new AbortController();
    const second = session.pixel({ ...question, x: 2 });
    await expect.poll(() => got).toEqual(["latents", "2"]);
    const first = thrown(session.pixel({ ...question, x: 1, signal: stop.signal }));
    await expect.poll(() => got).toEqual(["latents", "2", "1", "latents"]);
    late.open();
    stop.abort(new Error("enough"));
    expect((await first).message).toBe("enough");
    sending.open();
    expect(await second).toEqual({ what: "2" });
    expect(times(got, "latents")).toBe(2);
  });

  test("and not at all where they were unloaded meanwhile", async () => {
    const late = gate();
    const { session, got } = await forgetful({ 1: late.closed });
    const error = thrown(session.pixel({ ...question, x: 1 }));
    await expect.poll(() => got).toEqual(["latents", "1"]);
    await session.unload({ latents: question.latents });
    late.open();
    expect(await error).toMatchObject({ code: "not-found" });
    expect(times(got, "latents")).toBe(1);
  });
});
