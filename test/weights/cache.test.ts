import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import type { CacheLike, LoadProgress } from "../../src/weights/source.ts";
import { failure, golden } from "./fixtures.ts";
import { startServer, type TestServer, withRanges } from "./server.ts";

const file = golden("progan-tiny.zip.pth");
let server: TestServer;
let sha256: string;
beforeAll(async () => {
  server = await startServer();
  sha256 = Buffer.from(await crypto.subtle.digest("SHA-256", file)).toString("hex");
});
afterAll(() => server.close());
beforeEach(() => {
  server.log.length = 0;
  server.handler = withRanges(file);
});

class MemoryCache implements CacheLike {
  readonly held = new Map<string, Uint8Array<ArrayBuffer>>();
  puts = 0;

  async match(url: string): Promise<Response | undefined> {
    const held = this.held.get(url);
    return held && new Response(held, { headers: { "content-length": String(held.length) } });
  }

  async put(url: string, response: Response): Promise<void> {
    const body = new Uint8Array(await response.arrayBuffer());
    // Late enough to show whether loading waits for it.
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(response.headers.get("content-length")).toBe(String(body.length));
    this.held.set(url, body);
    this.puts++;
  }
}

describe("a cache", () => {
  it("is filled before loading is done, then used without the server", async () => {
    const cache = new MemoryCache();
    await openCheckpoint(`${server.url}g.pth`, { cache });
    expect(cache.held.get(`${server.url}g.pth`)).toEqual(file);
    const seen: LoadProgress[] = [];
    const { tensors } = await openCheckpoint(`${server.url}g.pth`, { cache, sha256, onProgress: (p) => seen.push(p) });
    expect(tensors.size).toBe(18);
    expect(server.log).toEqual(["GET /g.pth bytes=0-262143"]);
    expect(seen.at(-1)).toEqual({ loaded: file.length, total: file.length, name: "g.pth" });
  });

  it("whose entry is damaged or truncated is refilled", async () => {
    const flipped = file.map((byte, i) => (i === 5000 ? byte ^ 1 : byte));
    const cache = new MemoryCache();
    cache.held.set(server.url, flipped);
    const warnings: string[] = [];
    await openCheckpoint(server.url, { cache, sha256, onWarning: (message) => warnings.push(message) });
    expect(cache.held.get(server.url)).toEqual(file);
    expect(warnings).toEqual([expect.stringMatching("is damaged; downloading it")]);

    cache.match = async () => new Response(file.slice(0, 100), { headers: { "content-length": String(file.length) } });
    await openCheckpoint(server.url, { cache });
    expect([server.log.length, cache.puts]).toEqual([2, 2]);
  });

  it("never holds what has the wrong hash", async () => {
    const cache = new MemoryCache();
    const error = await failure(openCheckpoint(server.url, { cache, sha256: "0".repeat(64) }));
    expect(error.code).toBe("weights-integrity");
    expect(cache.held.size).toBe(0);
  });

  it("that is full, or fails to answer, only costs a warning", async () => {
    const warnings: string[] = [];
    const cache: CacheLike = {
      match: () => Promise.reject(new DOMException("denied", "SecurityError")),
      put: () => Promise.reject(new DOMException("full", "QuotaExceededError")),
    };
    const { tensors } = await openCheckpoint(server.url, { cache, onWarning: (message) => warnings.push(message) });
    expect(tensors.size).toBe(18);
    expect(warnings).toEqual([
      expect.stringMatching("cannot be read.*denied"),
      expect.stringMatching("could not be kept.*full"),
    ]);
  });

  it("that holds an error page's response is not believed", async () => {
    const cache = new MemoryCache();
    cache.match = async () => new Response("gone", { status: 404 });
    expect((await openCheckpoint(server.url, { cache })).tensors.size).toBe(18);
  });

  it("is left alone for a POST", async () => {
    const cache = new MemoryCache();
    await openCheckpoint(new Request(server.url, { method: "POST", body: "x" }), { cache });
    expect(cache.puts).toBe(0);
  });

  it("that stalls can be aborted", async () => {
    const reason = new Error("enough");
    for (const slow of [
      { match: () => new Promise<undefined>(() => {}) },
      { put: () => new Promise<void>(() => {}) },
    ]) {
      const cache = Object.assign(new MemoryCache(), slow);
      const control = new AbortController();
      const opening = failure(openCheckpoint(server.url, { cache, signal: control.signal }));
      setTimeout(() => control.abort(reason), 50);
      expect(await opening).toBe(reason);
    }
  });
});
