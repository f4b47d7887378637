import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";
import type { LoadProgress } from "../../src/weights/source.ts";
import { failure, golden } from "./fixtures.ts";
import { startServer, type TestServer, withoutRanges, withRanges } from "./server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());
beforeEach(() => {
  server.log.length = 0;
});

const small = golden("progan-tiny.half.pth");
/** Sixteen tensors, eight of one MiB and then eight small ones: larger than the probe by far. */
const COUNT = 8;
const large = writeSafetensors(
  Object.fromEntries(
    Array.from({ length: COUNT }, (_, i) => [
      [`big${i}`, { dtype: "float32", shape: [2 ** 18], data: new Float32Array(2 ** 18).fill(i) }] as const,
      [`tail${i}`, { dtype: "float32", shape: [4], data: new Float32Array(4).fill(-i) }] as const,
    ]).flat(),
  ),
);

function watch(): {
  onProgress: (progress: LoadProgress) => void;
  check(total: number | undefined): void;
} {
  const seen: LoadProgress[] = [];
  return {
    onProgress: (progress) => seen.push(progress),
    check(total) {
      expect(seen.length).toBeGreaterThan(0);
      for (const [i, { loaded }] of seen.entries()) expect(loaded).toBeGreaterThan(seen[i - 1]?.loaded ?? 0);
      for (const progress of seen) expect(progress.total).toBe(total);
      if (total !== undefined) expect(seen.at(-1)!.loaded).toBe(total);
    },
  };
}

describe("ranges", () => {
  it("a small file is one request", async () => {
    server.handler = withRanges(small);
    const progress = watch();
    const { tensors, source } = await openCheckpoint(`${server.url}dir/tiny%20g.pth?token=1`, {
      onProgress: progress.onProgress,
    });
    await Promise.all([...tensors.values()].map((tensor) => tensor.read()));
    expect(server.log).toEqual(["GET /dir/tiny%20g.pth?token=1 bytes=0-262143"]);
    expect(source.name).toBe("tiny g.pth");
    progress.check(small.length);
  });

  it("only what is needed of a large one is fetched", async () => {
    server.handler = withRanges(large);
    const { tensors, source } = await openCheckpoint(new URL(server.url));
    expect(source.size).toBe(large.length);
    expect(server.log.length).toBe(1);
    expect(new Set(await tensors.get("big5")!.read())).toEqual(new Set([5]));
    expect(server.log.length).toBe(2);
    // The small ones lie side by side: the first brings the others along.
    for (let i = 0; i < COUNT; i++) expect([...(await tensors.get(`tail${i}`)!.read())]).toEqual(new Array(4).fill(-i));
    expect(server.log.length).toBe(3);
  });

  it("all tensors at once are one request, its parts aligned views of one buffer", async () => {
    server.handler = withRanges(large);
    const progress = watch();
    const { tensors } = await openCheckpoint(server.url, { onProgress: progress.onProgress });
    const all = await Promise.all([...tensors.values()].map((tensor) => tensor.read()));
    expect(server.log.length).toBe(2);
    expect(new Set(all.map(({ buffer }) => buffer)).size).toBe(1);
    progress.check(large.length);
  });

  it("a file that changes while it is read is noticed", async () => {
    const other = large.slice();
    other[100_000] = 1;
    for (const [headers, file] of [
      [{ etag: '"2"' }, other],
      [{ etag: '"1"' }, large.slice(0, -4)],
    ] as const) {
      server.handler = withRanges(large, { etag: '"1"' });
      const { tensors } = await openCheckpoint(server.url);
      server.handler = withRanges(file, headers);
      const error = await failure(tensors.get("big5")!.read());
      expect([error.code, error.message]).toEqual([
        "weights-integrity",
        expect.stringMatching("changed on the server"),
      ]);
    }
  });

  it("a server that does without ranges from then on, or has an ETag for each answer, is no change", async () => {
    for (const handler of [withoutRanges(large), withRanges(large, { etag: '"2"' })]) {
      server.handler = withRanges(large, { etag: '"1"' });
      const { tensors } = await openCheckpoint(server.url);
      server.handler = handler;
      const all = await Promise.all([...tensors.values()].map((tensor) => tensor.read()));
      expect(all.map(([first]) => Math.abs(first!))).toEqual([...tensors.keys()].map((name) => Number(name.at(-1))));
    }
  });

  it("a busy server is asked again when it says, or after a while, and no more than three times", async () => {
    for (const status of [429, 502, 503, 504]) {
      let busy = 2;
      const headers = [{ "retry-after": "0" }, { "retry-after": new Date(0).toUTCString() }];
      server.handler = (request, response) => {
        if (busy === 0) return withRanges(large)(request, response);
        busy -= 1;
        response.writeHead(status, headers[busy]).end("busy");
      };
      const warnings: string[] = [];
      const { tensors } = await openCheckpoint(server.url, { onWarning: (warning) => warnings.push(warning) });
      expect((await tensors.get("big5")!.read())[0]).toBe(5);
      const said = `${server.url} answered ${status}; trying again.`;
      expect(warnings).toEqual([said, said]);
    }
    for (const [after, requests] of [
      ["0", 4],
      ["61", 1],
    ] as const) {
      server.log.length = 0;
      server.handler = (_, response) => void response.writeHead(503, { "retry-after": after }).end();
      expect((await failure(openCheckpoint(server.url))).code).toBe("network");
      expect(server.log.length).toBe(requests);
    }
    server.handler = (_, response) => void response.writeHead(503, { "retry-after": "30" }).end();
    const control = new AbortController();
    const waiting = failure(openCheckpoint(server.url, { signal: control.signal, onWarning: () => control.abort() }));
    expect((await waiting).name).toBe("AbortError");
  });

  it("one aborted read does not disturb the others of its request; the last one aborts it", async () => {
    server.handler = withRanges(large);
    const { tensors } = await openCheckpoint(server.url);
    const reason = new Error("enough");
    const control = new AbortController();
    const aborted = failure(tensors.get("big4")!.read({ signal: control.signal }));
    const kept = tensors.get("big5")!.read();
    control.abort(reason);
    expect(await aborted).toBe(reason);
    expect((await kept)[0]).toBe(5);

    let closed = false;
    server.handler = (request) =>
      request.socket.once("close", () => {
        closed = true;
      });
    const last = new AbortController();
    const stuck = failure(tensors.get("big6")!.read({ signal: last.signal }));
    await expect.poll(() => server.log.length).toBe(3);
    last.abort(reason);
    expect(await stuck).toBe(reason);
    await expect.poll(() => closed).toBe(true);
  });

  it("an error on the way is told to whoever waits, and the next read tries again", async () => {
    server.handler = withRanges(large);
    const { tensors } = await openCheckpoint(server.url);
    server.handler = (_, response) => void response.writeHead(500).end();
    expect((await failure(tensors.get("big5")!.read())).code).toBe("network");
    server.handler = withRanges(large);
    expect((await tensors.get("big5")!.read())[0]).toBe(5);
  });

  it("a head that breaks off is asked for again, and so is what answers late", async () => {
    let requests = 0;
    const fetch: typeof globalThis.fetch = async (_, init) => {
      requests += 1;
      if (requests === 2) throw new TypeError("fetch failed");
      const body = requests === 1 ? small.slice(0, 100) : small;
      if (!new Headers(init?.headers).has("range")) return new Response(small);
      const range = { "content-range": `bytes 0-${small.length - 1}/${small.length}` };
      return new Response(body, { status: 206, headers: range });
    };
    vi.useFakeTimers();
    try {
      const opened = openCheckpoint("https://weights.example/g.pth", { fetch });
      await vi.runAllTimersAsync();
      expect((await opened).tensors.size).toBe(18);
    } finally {
      vi.useRealTimers();
    }
  });

  it("no Content-Range to be seen (CORS), or one refused: the whole file instead", async () => {
    server.handler = (request, response) =>
      request.headers.range
        ? void response.writeHead(206).end(large.subarray(0, 262144))
        : withoutRanges(large)(request, response);
    expect((await openCheckpoint(server.url)).tensors.size).toBe(2 * COUNT);
    server.handler = (request, response) =>
      request.headers.range ? void request.socket.destroy() : withoutRanges(large)(request, response);
    expect((await openCheckpoint(server.url)).tensors.size).toBe(2 * COUNT);
  });
});

describe("one download", () => {
  it("when the server ignores ranges, when a hash is asked for, or from a data URL", async () => {
    server.handler = withoutRanges(large);
    const progress = watch();
    const { tensors } = await openCheckpoint(server.url, { onProgress: progress.onProgress });
    const all = await Promise.all([...tensors.values()].map((tensor) => tensor.read()));
    expect(server.log.length).toBe(1);
    expect(new Set(all.map(({ buffer }) => buffer)).size).toBe(1);
    expect(all[0]!.buffer.byteLength).toBe(large.length);
    progress.check(large.length);

    server.handler = withRanges(large);
    const sha256 = Buffer.from(await crypto.subtle.digest("SHA-256", large)).toString("hex");
    await openCheckpoint(server.url, { sha256 });
    expect(server.log.slice(1)).toEqual(["GET / bytes=0-262143", `GET / bytes=262144-${large.length - 1}`]);

    const data = `data:application/octet-stream;base64,${Buffer.from(small).toString("base64")}`;
    expect((await openCheckpoint(data)).tensors.size).toBe(18);
  });

  it("without Content-Length, or compressed on the way: no total rather than a wrong one", async () => {
    server.handler = (_, response) => {
      response.writeHead(200);
      for (let at = 0; at < large.length; at += 500_000) response.write(large.subarray(at, at + 500_000));
      response.end();
    };
    const chunked = watch();
    expect((await openCheckpoint(server.url, { onProgress: chunked.onProgress })).tensors.size).toBe(2 * COUNT);
    chunked.check(undefined);

    server.handler = withoutRanges(gzipSync(large), { "content-encoding": "gzip" });
    const zipped = watch();
    expect((await openCheckpoint(server.url, { onProgress: zipped.onProgress })).tensors.size).toBe(2 * COUNT);
    zipped.check(undefined);
  });

  it("the wrong hash", async () => {
    server.handler = withRanges(small);
    const error = await failure(openCheckpoint(server.url, { sha256: "0".repeat(64) }));
    expect(error.code).toBe("weights-integrity");
    expect(error.message).toMatch(/has SHA-256 [0-9a-f]{64}, expected 0{64}/);
  });

  it("a Request brings its headers and method along", async () => {
    const seen: unknown[] = [];
    server.handler = (request, response) => {
      seen.push([request.method, request.headers.authorization, request.headers.range]);
      withRanges(small)(request, response);
    };
    await openCheckpoint(new Request(server.url, { headers: { authorization: "Bearer x" } }));
    await openCheckpoint(
      new Request(server.url, { method: "POST", body: "q", headers: { authorization: "Bearer y" } }),
    );
    expect(seen).toEqual([
      ["GET", "Bearer x", "bytes=0-262143"],
      ["POST", "Bearer y", undefined],
    ]);
  });

  it("uses the caller's fetch", async () => {
    const fetch = (async (url: unknown) =>
      new Response(url === "https://weights.example/g" ? small : null)) as typeof globalThis.fetch;
    expect((await openCheckpoint("https://weights.example/g", { fetch })).tensors.size).toBe(18);
  });
});
