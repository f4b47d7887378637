import { afterEach, describe, expect, test } from "vitest";
import { UnsupportedError } from "../../src/errors.ts";
import { connect } from "../../src/session/connect.ts";
import { serveScope, type WorkerScope } from "../../src/session/scope.ts";
import type { Session } from "../../src/session/session.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

type Listener = Parameters<WorkerScope["addEventListener"]>[1];

/** A worker's global scope, and how a page sees it. */
function worker({ gpu = true, ...kind }: { readonly gpu?: boolean; readonly clients?: object }, name = "here") {
  const listeners = new Map<string, Listener>();
  let created = 0;
  const create = (): Session => {
    created += 1;
    return { loaded: { name }, on: () => () => {}, units: async () => [] } as unknown as Session;
  };
  serveScope({ ...kind, addEventListener: (type, listener) => listeners.set(type, listener) }, create, () => gpu);
  /** As `Worker` and `ServiceWorker` have it. Ports are handed on as a transfer would. */
  const postMessage = (data: unknown): void => listeners.get("message")!({ data });
  return { listeners, postMessage, created: () => created };
}

const open = async (to: { postMessage(data: unknown): void }) => {
  const session = await connect({ worker: to as Worker });
  closing.push(() => session.dispose());
  return session;
};

describe("a worker", () => {
  test("that is dedicated has one session for all that connect", async () => {
    const own = worker({});
    const [one, two] = [await open(own), await open(own)];
    expect([one.loaded, two.loaded, own.created()]).toEqual([{ name: "here" }, { name: "here" }, 1]);
    expect(await two.units({ layer: "x" })).toEqual([]);
  });

  test("that is shared listens to the ports of its pages", async () => {
    const own = worker({});
    const { port1, port2 } = new MessageChannel();
    closing.push(() => port1.close());
    own.listeners.get("connect")!({ ports: [port2 as never] });
    const session = await open({ postMessage: (data) => port1.postMessage(data, [portIn(data) as never]) });
    expect(session.loaded).toEqual({ name: "here" });
  });

  test("that is a service worker serves, where it can", async () => {
    const session = await open(worker({ clients: {} }));
    expect(session.loaded).toEqual({ name: "here" });
  });

  test("that is a service worker without WebGPU says what to do, and routes once it can", async () => {
    const own = worker({ clients: {}, gpu: false });
    const error = await open(own).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error).toMatchObject({ code: "no-webgpu", message: expect.stringContaining("session.share()") });

    const page = await open(worker({}, "the page's"));
    own.postMessage({ v: 1, id: 0, method: "route", params: { port: page.share() } });
    const session = await open(own);
    expect([session.loaded, own.created()]).toEqual([{ name: "the page's" }, 0]);
    expect(await session.units({ layer: "x" })).toEqual([]);
  });

  test("that is dedicated and has no WebGPU says where else to compute", async () => {
    await expect(open(worker({ gpu: false }))).rejects.toMatchObject({
      code: "no-webgpu",
      fix: expect.stringContaining("createSession"),
    });
  });

  test.each([undefined, "hello", { v: 1, id: 0, method: "connect", params: {} }, { v: 1, id: 0, abort: true }])(
    "takes %j from a page without harm",
    async (message) => {
      const own = worker({});
      own.postMessage(message);
      expect((await open(own)).loaded).toEqual({ name: "here" });
    },
  );

  test("answers on the port that came with what it does not know", async () => {
    const { port1, port2 } = new MessageChannel();
    worker({}).postMessage({ v: 1, id: 0, method: "conect", params: { port: port2 } });
    const answer = await new Promise<MessageEvent>((resolve) => {
      port1.onmessage = resolve as never;
    });
    expect(answer.data).toMatchObject({ id: null, error: { message: 'A worker knows no "conect".' } });
    port1.close();
  });
});

const portIn = (data: unknown): MessagePort => (data as { params: { port: MessagePort } }).params.port;
