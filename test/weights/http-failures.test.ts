import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { openSource } from "../../src/weights/open.ts";
import { failure } from "./fixtures.ts";
import { startServer, type TestServer, withoutRanges, withRanges } from "./server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());
beforeEach(() => {
  server.log.length = 0;
});

describe("failures", () => {
  it("404, 401, 403 and 500 are told apart; a query is not repeated in messages", async () => {
    for (const [status, code, message] of [
      [404, "not-found", /g\.pth answered 404 Not Found.*no such file/],
      [401, "network", /answered 401.*credentials.*download the file yourself/],
      [403, "network", /answered 403.*link has expired.*credentials/],
      [500, "network", /answered 500.*try again later/],
    ] as const) {
      server.handler = (_, response) => void response.writeHead(status).end("no");
      const error = await failure(openCheckpoint(`${server.url}g.pth?token=secret`));
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
      expect(error.message).not.toMatch("secret");
    }
    expect(server.log.length).toBe(4);
  });

  it("nobody listening: the reason and the fix", async () => {
    const gone = await startServer();
    await gone.close();
    const error = await failure(openCheckpoint(gone.url));
    expect([error.code, error.message]).toEqual(["network", expect.stringMatching(/ECONNREFUSED.*CORS/)]);
  });

  it("a page instead of a file", async () => {
    server.handler = withoutRanges(new TextEncoder().encode("<!doctype html><p>Sign in"));
    expect((await failure(openCheckpoint(server.url))).message).toMatch("HTML page");
  });

  it("a transfer that breaks off is begun anew, three times", async () => {
    let requests = 0;
    const fetch = async () => {
      requests += 1;
      return new Response(new Uint8Array(400), { headers: { "content-length": "1000" } });
    };
    vi.useFakeTimers();
    try {
      const failed = failure(openCheckpoint("https://weights.example/g.pth", { fetch }));
      await vi.runAllTimersAsync();
      const error = await failed;
      expect([error.code, error.message]).toEqual(["network", expect.stringMatching(/ended after 400 of 1000 bytes/)]);
      expect(requests).toBe(4);
    } finally {
      vi.useRealTimers();
    }
  });

  it("a length of 2⁵⁰ bytes", async () => {
    const fetch = async () => new Response("x", { headers: { "content-length": String(2 ** 50) } });
    expect((await failure(openCheckpoint("https://weights.example/g", { fetch }))).code).toBe("host-memory");
  });

  it("an empty file", async () => {
    server.handler = withRanges(new Uint8Array(0));
    expect((await failure(openCheckpoint(server.url))).message).toMatch("is empty");
  });
});

describe("aborting", () => {
  const reason = new Error("enough");

  it("before, in the middle, and while the server stalls", async () => {
    expect(await failure(openSource(server.url, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(server.log).toEqual([]);

    server.handler = () => {};
    const stalled = new AbortController();
    const waiting = failure(openSource(server.url, { signal: stalled.signal }));
    await expect.poll(() => server.log.length).toBe(1);
    stalled.abort(reason);
    expect(await waiting).toBe(reason);

    let closed = false;
    server.handler = (request, response) => {
      request.socket.once("close", () => {
        closed = true;
      });
      response.writeHead(200, { "content-length": 1000 });
      response.write(new Uint8Array(400));
    };
    const middle = new AbortController();
    const error = await failure(
      openSource(server.url, { signal: middle.signal, onProgress: () => middle.abort(reason) }),
    );
    expect(error).toBe(reason);
    await expect.poll(() => closed).toBe(true);
    expect(server.log.length).toBe(2);
  });

  it("by the signal of a Request, and with a fetch that ignores signals", async () => {
    server.handler = () => {};
    const control = new AbortController();
    const waiting = failure(
      openSource(new Request(server.url, { signal: control.signal }), { signal: new AbortController().signal }),
    );
    await expect.poll(() => server.log.length).toBe(1);
    control.abort(reason);
    expect(await waiting).toBe(reason);

    const deaf = new AbortController();
    const ignored = failure(openSource(server.url, { signal: deaf.signal, fetch: () => new Promise(() => {}) }));
    deaf.abort(reason);
    expect(await ignored).toBe(reason);
  });
});
