import { describe, expect, it } from "vitest";
import { HttpClient } from "../../src/weights/http-client.ts";
import { RangeSource } from "../../src/weights/http-ranges.ts";
import type { LoadProgress } from "../../src/weights/source.ts";
import { failure } from "./fixtures.ts";

const KIB = 1024;
/** How far apart two reads may lie to be one request, and what is read at least. */
const GAP = 128 * KIB;
const HEAD = 1000;
const FILE = Uint8Array.from({ length: 40 * GAP }, (_, at) => (at * 2654435761) >>> 24);

/** A server in memory. Ranges wait in `open` until they are answered if it `waits`. */
function serve(file = FILE) {
  const asked: (readonly [start: number, end: number])[] = [];
  const open: { readonly signal: AbortSignal; readonly answer: () => void }[] = [];
  const seen: LoadProgress[] = [];
  const state = { waits: false, respond: (start: number, end: number) => partial(start, end, file.slice(start, end)) };
  const fetch = (async (_: unknown, { headers, signal }: { headers: Headers; signal: AbortSignal }) => {
    const [, from = "", to = ""] = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range")!)!;
    const [start, end] = [Number(from), Number(to) + 1];
    asked.push([start, end]);
    if (state.waits) await new Promise<void>((resolve) => open.push({ signal, answer: resolve }));
    return state.respond(start, end);
  }) as typeof globalThis.fetch;
  const client = new HttpClient(new URL("https://weights.example/file"), {
    fetch,
    onProgress: (progress) => seen.push(progress),
  });
  const source = new RangeSource(client, file.length, '"1"', file.slice(0, HEAD));
  return { source, asked, open, seen, state };
}

function partial(start: number, end: number, body: BodyInit, total = FILE.length, etag = '"1"') {
  const headers = { "content-range": `bytes ${start}-${end - 1}/${total}`, etag };
  return new Response(body, { status: 206, headers });
}

describe("reads", () => {
  it("get their bytes, from a request that starts at a multiple of 64 and takes 128 KiB at least", async () => {
    const { source, asked } = serve();
    expect(await source.read(GAP + 100, GAP + 163)).toEqual(FILE.slice(GAP + 100, GAP + 163));
    expect(await source.read(4 * GAP, 8 * GAP + 1)).toEqual(FILE.slice(4 * GAP, 8 * GAP + 1));
    expect(await source.read(FILE.length - 5, FILE.length)).toEqual(FILE.slice(-5));
    expect(asked).toEqual([
      [GAP + 64, 2 * GAP + 64],
      [4 * GAP, 8 * GAP + 1],
      [FILE.length - 64, FILE.length],
    ]);
  });

  it("of what the first request brought are no requests", async () => {
    const { source, asked } = serve();
    expect([...(await source.read(0, HEAD))]).toEqual([...FILE.subarray(0, HEAD)]);
    expect([...(await source.read(HEAD - 1, HEAD))]).toEqual([...FILE.subarray(HEAD - 1, HEAD)]);
    expect(asked).toEqual([]);
    await source.read(HEAD - 1, HEAD + 1);
    expect(asked).toEqual([[960, 960 + GAP]]);
  });

  it("of one moment are one request where 128 KiB at most lie between them, in whatever order", async () => {
    const { source, asked } = serve();
    const ranges = [
      [6 * GAP, 7 * GAP],
      [2 * GAP, 5 * GAP], // ends 128 KiB before
      [3 * GAP, 3 * GAP + 10], // inside
      [8 * GAP + 1, 9 * GAP], // begins one byte too far behind
    ] as const;
    const parts = await Promise.all(ranges.map(([start, end]) => source.read(start, end)));
    expect(asked).toEqual([
      [2 * GAP, 7 * GAP],
      [8 * GAP, 9 * GAP],
    ]);
    parts.forEach((part, index) => {
      expect(Buffer.compare(part, FILE.slice(...ranges[index]!))).toBe(0);
    });
    await Promise.all([source.read(20 * GAP, 21 * GAP), source.read(30 * GAP, 31 * GAP)]);
    expect(asked.slice(2)).toEqual([
      [20 * GAP, 21 * GAP],
      [30 * GAP, 31 * GAP],
    ]);
  });

  it("nearby are answered by the last four requests of 256 KiB at most", async () => {
    const { source, asked } = serve();
    for (const at of [2, 6, 10, 14]) await source.read(at * GAP, at * GAP + 1);
    expect(asked).toHaveLength(4);
    for (const at of [2, 6, 10, 14]) await source.read((at + 1) * GAP - 1, (at + 1) * GAP);
    expect(asked).toHaveLength(4);
    await source.read(18 * GAP, 18 * GAP + 1); // the first of the five goes
    await source.read(6 * GAP, 6 * GAP + 1);
    expect(asked).toHaveLength(5);
    await source.read(2 * GAP, 2 * GAP + 1);
    expect(asked).toHaveLength(6);

    await source.read(22 * GAP, 24 * GAP); // 256 KiB
    await source.read(23 * GAP, 24 * GAP);
    expect(asked).toHaveLength(7);
    await source.read(26 * GAP, 28 * GAP + 1);
    await source.read(27 * GAP, 28 * GAP);
    expect(asked).toHaveLength(9);
  });

  it("tell how much has arrived, and never more than there is", async () => {
    const small = FILE.slice(0, 3 * GAP);
    const { source, seen, state } = serve(small);
    // In three pieces, as a network brings it.
    const pieces = (start: number, end: number) =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          const third = Math.ceil((end - start) / 3);
          for (let at = start; at < end; at += third) controller.enqueue(small.slice(at, Math.min(end, at + third)));
          controller.close();
        },
      });
    state.respond = (start, end) => partial(start, end, pieces(start, end), small.length);
    await source.read(GAP, GAP + 1);
    expect(seen.at(-1)).toEqual({ loaded: HEAD + GAP, total: 3 * GAP, name: "file" });
    await source.read(0, 3 * GAP);
    expect(seen.at(-1)).toEqual({ loaded: 3 * GAP, total: 3 * GAP, name: "file" });
  });
});

describe("answers that are not what was asked for", () => {
  const body = (start: number, end: number) => FILE.slice(start, end);
  it.each<[string, (start: number, end: number) => Response, code: string]>([
    ["a range that ends early", (a, b) => partial(a, b - 1, body(a, b - 1)), "weights-integrity"],
    ["a range that begins late", (a, b) => partial(a + 1, b, body(a + 1, b)), "weights-integrity"],
    ["another length of the file", (a, b) => partial(a, b, body(a, b), FILE.length + 1), "weights-integrity"],
    ["another version", (a, b) => partial(a, b, body(a, b), FILE.length, '"2"'), "weights-integrity"],
    ["the whole file", () => new Response(FILE, { headers: { etag: '"1"' } }), "weights-integrity"],
    ["a body that ends early", (a, b) => partial(a, b, body(a, b - 1)), "network"],
    ["a body that does not end", (a, b) => partial(a, b, body(a, b + 1)), "network"],
  ])("%s", async (_, respond, code) => {
    const { source, state } = serve();
    const good = state.respond;
    state.respond = respond;
    const waiting = [source.read(3 * GAP, 4 * GAP), source.read(4 * GAP, 5 * GAP)];
    for (const error of await Promise.all(waiting.map(failure))) expect(error.code).toBe(code);
    state.respond = good;
    // nothing of it was kept
    expect((await source.read(3 * GAP, 3 * GAP + 1))[0]).toBe(FILE[3 * GAP]);
  });
});

describe("aborts", () => {
  const reason = new Error("enough");
  async function inFlight() {
    const served = serve();
    served.state.waits = true;
    const controls = [new AbortController(), new AbortController()];
    const reads = controls.map(({ signal }, index) =>
      served.source.read((3 + index) * GAP, (4 + index) * GAP, { signal }),
    );
    for (const read of reads) read.catch(() => {});
    await expect.poll(() => served.open.length).toBe(1);
    const [request] = served.open;
    return { ...served, controls, reads, request: request! };
  }

  it("in flight leave the others of the request theirs", async () => {
    const { controls, reads, request, asked } = await inFlight();
    controls[0]!.abort(reason);
    expect(await failure(reads[0]!)).toBe(reason);
    expect(request.signal.aborted).toBe(false);
    request.answer();
    expect(Buffer.compare(await reads[1]!, FILE.slice(4 * GAP, 5 * GAP))).toBe(0);
    expect(asked).toEqual([[3 * GAP, 5 * GAP]]);
  });

  it("of all in flight abort the request", async () => {
    const { controls, reads, request } = await inFlight();
    controls[1]!.abort(reason);
    expect(request.signal.aborted).toBe(false);
    controls[0]!.abort(reason);
    expect(request.signal.aborted).toBe(true);
    for (const read of reads) expect(await failure(read)).toBe(reason);
  });

  it("of one never abort the request of a read without a signal", async () => {
    const { source, state, open } = serve();
    state.waits = true;
    const control = new AbortController();
    const [aborted, kept] = [source.read(3 * GAP, 4 * GAP, { signal: control.signal }), source.read(4 * GAP, 5 * GAP)];
    const failed = failure(aborted);
    await expect.poll(() => open.length).toBe(1);
    control.abort(reason);
    expect(await failed).toBe(reason);
    expect(open[0]!.signal.aborted).toBe(false);
    open[0]!.answer();
    expect(await kept).toHaveLength(GAP);
  });

  it("before the request is sent take their bytes out of it, and before the read refuse it", async () => {
    const { source, asked } = serve();
    const control = new AbortController();
    const aborted = failure(source.read(30 * GAP, 31 * GAP, { signal: control.signal }));
    const kept = source.read(4 * GAP, 5 * GAP);
    control.abort(reason);
    expect(await aborted).toBe(reason);
    await kept;
    expect(asked).toEqual([[4 * GAP, 5 * GAP]]);
    expect(await failure(source.read(0, 1, { signal: control.signal }))).toBe(reason);
  });
});
