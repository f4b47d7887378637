import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type FetchHandler, type Listening, listen } from "../../src/node/http.ts";

const open: Listening[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});
async function serve(handler: FetchHandler): Promise<Listening> {
  const server = await listen(handler);
  open.push(server);
  return server;
}

/** What is answered to these bytes, the status line. */
async function raw({ port }: Listening, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(text);
  const [data] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return data.toString("latin1").split("\r\n")[0]!;
}

describe("requests", () => {
  test("method, address, headers and body come as they were sent", async () => {
    const server = await serve(async (request) => {
      const { method, url, headers } = request;
      return Response.json({ method, url, sent: headers.get("x-sent"), body: await request.text() });
    });
    const response = await fetch(`${server.url}a/b?c=%20d`, {
      method: "POST",
      body: "äöü",
      headers: { "x-sent": "1" },
    });
    expect(await response.json()).toEqual({ method: "POST", url: `${server.url}a/b?c=%20d`, sent: "1", body: "äöü" });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}/`);
  });

  test.each([
    ["another server's address", "GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"],
    ["a host with a name before it", "GET / HTTP/1.1\r\nHost: evil@127.0.0.1\r\n\r\n"],
    ["a host with a path", "GET / HTTP/1.1\r\nHost: 127.0.0.1/x\r\n\r\n"],
    ["no path", "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"],
    ["a method that fetch has not", "TRACE / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"],
  ])("%s is refused before the handler", async (_, text) => {
    let called = false;
    const server = await serve(() => {
      called = true;
      return new Response();
    });
    expect(await raw(server, text)).toBe("HTTP/1.1 400 Bad Request");
    expect(called).toBe(false);
  });

  test("a path that looks like a host stays a path", async () => {
    const server = await serve(
      ({ url }) => new Response(null, { status: new URL(url).host === "127.0.0.1" ? 204 : 500 }),
    );
    expect(await raw(server, "GET //evil.example/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")).toBe(
      "HTTP/1.1 204 No Content",
    );
  });

  test("who goes away is heard of", async () => {
    let heard: ((reason: unknown) => void) | undefined;
    const reason = new Promise((resolve) => {
      heard = resolve;
    });
    let began: (() => void) | undefined;
    const started = new Promise<void>((resolve) => {
      began = resolve;
    });
    const server = await serve(({ signal }) => {
      began!();
      return new Promise(() => signal.addEventListener("abort", () => heard!(signal.reason)));
    });
    const controller = new AbortController();
    const asked = fetch(server.url, { signal: controller.signal }).catch((error) => error.name);
    await started;
    controller.abort();
    expect(await asked).toBe("AbortError");
    expect(await reason).toMatchObject({ name: "AbortError" });
  });
});

describe("responses", () => {
  test("status, headers, two cookies, a body in pieces", async () => {
    const server = await serve(() => {
      const pieces = ["a", "b", "c"];
      const body = new ReadableStream({
        pull(controller) {
          const piece = pieces.shift();
          if (piece === undefined) controller.close();
          else controller.enqueue(new TextEncoder().encode(piece));
        },
      });
      const headers = new Headers({ "x-a": "1" });
      headers.append("set-cookie", "a=1");
      headers.append("set-cookie", "b=2");
      return new Response(body, { status: 201, headers });
    });
    const response = await fetch(server.url);
    expect([response.status, response.headers.get("x-a"), response.headers.getSetCookie()]).toEqual([
      201,
      "1",
      ["a=1", "b=2"],
    ]);
    expect(await response.text()).toBe("abc");
  });

  test("a stream that nobody reads any more is cancelled", async () => {
    let cancelled: (() => void) | undefined;
    const ended = new Promise<void>((resolve) => {
      cancelled = resolve;
    });
    const server = await serve(
      () =>
        new Response(
          new ReadableStream({
            pull: (controller) => controller.enqueue(new Uint8Array(1000)),
            cancel: () => cancelled!(),
          }),
        ),
    );
    const { body } = await fetch(server.url);
    await body!.cancel();
    await ended;
  });

  test("a handler that fails is a 500 that says nothing", async () => {
    const server = await serve(() => {
      throw new Error("secret");
    });
    const response = await fetch(server.url);
    expect([response.status, await response.text()]).toEqual([500, ""]);
  });
});

test("a port that is taken is said to be", async () => {
  const { port } = await serve(() => new Response());
  await expect(listen(() => new Response(), { port })).rejects.toThrow(`Port ${port} of 127.0.0.1 is taken.`);
});
