import { afterEach, describe, expect, test, vi } from "vitest";
import { connect } from "../../src/session/connect.ts";
import type { RemoteSession } from "../../src/session/remote.ts";
import { serve } from "../../src/session/serve.ts";
import type { Session } from "../../src/session/session.ts";
import type { Port } from "../../src/session/wire.ts";

/** A session that counts what is asked of its stream, and answers nothing else. */
function countingSession() {
  const asked = { items: 0, ended: 0, signals: [] as AbortSignal[] };
  const session = {
    loaded: undefined,
    on: () => () => {},
    async *thumbnails({ signal }: { readonly signal: AbortSignal }) {
      asked.signals.push(signal);
      try {
        for (let unit = 0; unit < 20; unit += 1) {
          asked.items += 1;
          yield { unit, rgba: new Uint8ClampedArray(4) };
        }
      } finally {
        asked.ended += 1;
      }
    },
    async *dissect() {
      yield { type: "progress" };
      throw new TypeError("not the library's");
    },
    pixel: ({ signal }: { readonly signal: AbortSignal }) => {
      asked.signals.push(signal);
      return new Promise(() => {});
    },
    units: async () => [],
    region: async () => ({}),
    topImages: async () => [],
    effect: async () => ({}),
    picture: async (options: object) => ({ options, data: new Uint8Array(8) }),
    load: async () => ({}),
  } as unknown as Session;
  return { session, asked };
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** An answer, or none. */
interface Answer {
  readonly id?: unknown;
  readonly error?: unknown;
  readonly event?: unknown;
  readonly result?: unknown;
}

/** A session served over a port, and the other side, as somebody without our library has it. */
function raw() {
  const { session, asked } = countingSession();
  const { port1, port2 } = new MessageChannel();
  const end = serve(session, port1 as unknown as Port);
  closing.push(end, () => port2.close());
  const messages: Answer[] = [];
  let more = (): void => {};
  port2.addEventListener("message", ({ data }) => {
    messages.push(data);
    more();
  });
  port2.start();
  const next = async (): Promise<Answer> => {
    while (messages.length === 0) await new Promise<void>((resolve) => (more = resolve));
    return messages.shift()!;
  };
  return { port: port2, next, asked, end };
}

describe("a port", () => {
  test.each<[unknown, number | null, RegExp]>([
    [undefined, null, /no id/],
    ["hello", null, /no id/],
    [{ v: 1, id: "x", method: "pixel", params: {} }, null, /no id/],
    [{ v: 1, id: 1.5, method: "pixel", params: {} }, null, /no id/],
    [{ v: 2, id: 1, method: "pixel", params: {} }, 1, /version 2\. Both sides must speak version 1/],
    [{ v: 1, id: 1, method: "pixel" }, 1, /calls nothing/],
    [{ v: 1, id: 1, method: 5, params: {} }, 1, /calls nothing/],
    [{ v: 1, id: 1, method: "pixels", params: {} }, 1, /no method "pixels"\. Did you mean pixel/],
    [{ v: 1, id: 1, method: "__proto__", params: {} }, 1, /no method "__proto__"/],
    [{ v: 1, id: 1, method: "constructor", params: {} }, 1, /no method "constructor"/],
    [{ v: 1, id: 1, method: "view.set", params: { view: 3, change: {} } }, 1, /no view 3/],
    [{ v: 1, id: 1, method: "view", params: { view: 0.5, canvas: {} } }, 1, /cannot be a view 0\.5/],
    [{ v: 1, id: 1, method: "view", params: { view: 1 } }, 1, /needs canvas/],
    [{ v: 1, id: 1, method: "share", params: {} }, 1, /no port to share a session by/],
    [{ id: 1, credit: -1 }, 1, /credit of -1/],
    [{ id: 1, credit: "4" }, 1, /credit of "4"/],
  ])("answers %j with an error", async (message, id, said) => {
    const { port, next } = raw();
    port.postMessage(message);
    const answer = await next();
    expect(answer.id).toBe(id);
    expect(answer.error).toMatchObject({ name: "UsageError", code: "usage", fix: expect.any(String) });
    const { message: text, fix } = answer.error as { message: string; fix: string };
    expect(`${text} ${fix}`).toMatch(said);
    port.postMessage({ v: 1, id: 9, method: "units", params: {} });
    expect(await next()).toEqual({ id: 9, result: [] });
  });

  test("ignores credit and aborts of calls that there are not", async () => {
    const { port, next } = raw();
    port.postMessage({ id: 5, credit: 3 });
    port.postMessage({ id: 5, abort: true });
    port.postMessage({ v: 1, id: 5, method: "units", params: {} });
    expect(await next()).toEqual({ id: 5, result: [] });
  });

  test("sends as many items as there is credit for, and no more are made", async () => {
    const { port, next, asked } = raw();
    port.postMessage({ v: 1, id: 1, method: "thumbnails", params: {} });
    port.postMessage({ id: 1, credit: 2 });
    expect([await next(), await next()].map(({ event }) => (event as { unit: number }).unit)).toEqual([0, 1]);
    port.postMessage({ v: 1, id: 2, method: "units", params: {} });
    expect(await next()).toEqual({ id: 2, result: [] });
    expect(asked.items).toBe(2);
    port.postMessage({ id: 1, credit: 1 });
    expect((await next()).event).toMatchObject({ unit: 2 });
    port.postMessage({ id: 1, abort: true });
    expect((await next()).error).toMatchObject({ name: "AbortError" });
    expect([asked.items, asked.ended, asked.signals[0]!.aborted]).toEqual([3, 1, true]);
  });

  test("takes a call's id once at a time", async () => {
    const { port, next } = raw();
    port.postMessage({ v: 1, id: 1, method: "pixel", params: {} });
    port.postMessage({ v: 1, id: 1, method: "units", params: {} });
    expect((await next()).error).toMatchObject({ message: "The call 1 is under way." });
  });

  test("answers what is only told by errors alone, of one id as often as they are", async () => {
    const { port, next } = raw();
    const share = new MessageChannel();
    closing.push(() => share.port2.close());
    port.postMessage({ v: 1, id: 7, method: "share", params: { port: share.port1 }, told: true }, [share.port1]);
    port.postMessage({ v: 1, id: 7, method: "view.set", params: { view: 3, change: {} }, told: true });
    port.postMessage({ v: 1, id: 7, method: "view.stroke", params: { view: 4 }, told: true });
    port.postMessage({ v: 1, id: 7, method: "pixel", params: {}, told: true });
    port.postMessage({ v: 1, id: 8, method: "units", params: {} });
    const answers = [await next(), await next(), await next(), await next()];
    expect(answers.map(({ id }) => id)).toEqual([7, 7, 7, 8]);
    const texts = answers.map(({ error }) => (error as { message: string } | undefined)?.message);
    expect(texts).toEqual(["There is no view 3.", "There is no view 4.", '"pixel" is asked, not told.', undefined]);
  });

  test("gives a method no signal or listener of the other side's", async () => {
    const { port, next, asked } = raw();
    port.postMessage({ v: 1, id: 1, method: "pixel", params: { signal: "now" } });
    port.postMessage({ v: 1, id: 2, method: "units", params: {} });
    await next();
    expect(asked.signals[0]).toBeInstanceOf(AbortSignal);
  });

  test("aborts what is under way when it is closed", async () => {
    const { port, next, asked } = raw();
    port.postMessage({ v: 1, id: 1, method: "pixel", params: {} });
    port.postMessage({ v: 1, id: 2, method: "units", params: {} });
    await next();
    port.postMessage({ v: 1, id: 3, method: "close", params: {} });
    await new Promise((resolve) => asked.signals[0]!.addEventListener("abort", resolve));
    expect(asked.signals[0]!.aborted).toBe(true);
  });
});

describe("a session over a port", () => {
  const remote = async (): Promise<
    Pick<ReturnType<typeof countingSession>, "asked"> & { session: RemoteSession; end: () => void }
  > => {
    const { session, asked } = countingSession();
    const { port1, port2 } = new MessageChannel();
    const end = serve(session, port1 as unknown as Port);
    const connected = await connect({ port: port2 });
    closing.push(end, () => connected.dispose());
    return { session: connected, asked, end };
  };

  test("lets a slow reader of a stream be slow", async () => {
    const { session, asked } = await remote();
    const items = session.thumbnails({ layer: "x" })[Symbol.asyncIterator]();
    await items.next();
    for (let i = 0; i < 10; i += 1) await session.units({ layer: "x" });
    expect(asked.items).toBe(4);
    const units: number[] = [];
    for (let next = await items.next(); !next.done; next = await items.next()) units.push(next.value.unit);
    expect(units).toEqual(Array.from({ length: 19 }, (_, i) => i + 1));
    expect(asked.ended).toBe(1);
  });

  test("ends what is under way when the other side is gone, on both sides", async () => {
    const { port, asked } = raw();
    port.postMessage({ v: 1, id: 1, method: "pixel", params: {} });
    await vi.waitFor(() => expect(asked.signals).toHaveLength(1));
    port.close();
    await vi.waitFor(() => expect(asked.signals[0]!.aborted).toBe(true));

    const { session, end } = await remote();
    const pixel = session.pixel({ y: 0, x: 0 });
    const items = session.thumbnails({ layer: "x" })[Symbol.asyncIterator]();
    await items.next();
    end();
    await expect(pixel).rejects.toThrow(/The worker ended: its port was closed/);
    await expect(session.units({ layer: "x" })).rejects.toThrow(/port was closed/);
    session.dispose();
  });

  test("leaves whoever asks what they ask with", async () => {
    const { session } = await remote();
    const value = new Float32Array(4);
    await session.picture({ strokes: [{ id: "a", op: "copy", units: [0, 1, 2, 3], value: value as never }] });
    expect(value).toHaveLength(4);
  });

  test("ends a stream on the other side when its reader leaves", async () => {
    const { session, asked } = await remote();
    for await (const _ of session.thumbnails({ layer: "x" })) break;
    await session.units({ layer: "x" });
    expect(asked.ended).toBe(1);
  });

  test("hands on what is thrown that is not the library's", async () => {
    const { session } = await remote();
    const seen: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const event of session.dissect()) seen.push(event);
    };
    await expect(read()).rejects.toThrow("not the library's");
    expect(seen).toEqual([{ type: "progress" }]);
  });

  test("says so when something cannot be sent", async () => {
    const { session } = await remote();
    await expect(session.picture({ image: (() => 1) as never })).rejects.toThrow(/cannot be sent to a worker/);
    await expect(session.load({ generator: new Request("http://127.0.0.1/") })).rejects.toThrow(
      /given as generator cannot be sent to a worker/,
    );
    expect(await session.picture({ image: 1 })).toMatchObject({ options: { image: 1 } });
  });

  test("is shared by a port that it gives", async () => {
    const { session, asked } = await remote();
    const other = await connect({ port: session.share() });
    const under = other.pixel({ y: 0, x: 0 });
    under.catch(() => {});
    await other.units({ layer: "x" });
    other.dispose();
    await expect(under).rejects.toThrow(/This session was disposed/);
    await session.units({ layer: "x" });
    expect(asked.signals[0]!.aborted).toBe(true);
  });

  test("is in a worker, behind a port, or a server's", async () => {
    await expect(connect({} as never)).rejects.toThrow(/Give one of \{ worker \}, \{ port \} and \{ url \}/);
    await expect(connect({ prot: 1 } as never)).rejects.toThrow(/Did you mean port/);
  });

  test("that nobody answers is not waited for longer than the caller likes", async () => {
    const { port1, port2 } = new MessageChannel();
    closing.push(() => port1.close());
    const stop = new AbortController();
    const connecting = connect({ port: port2, signal: stop.signal });
    const reason = new Error("too long");
    stop.abort(reason);
    await expect(connecting).rejects.toBe(reason);
  });
});
