import { describe, expect, it, vi } from "vitest";
import { HttpClient, sameVersion } from "../../src/weights/http-client.ts";
import { RangeSource } from "../../src/weights/http-ranges.ts";
import type { LoadProgress } from "../../src/weights/source.ts";
import { failure } from "./fixtures.ts";

const KIB = 1024;
/** How far apart two reads may lie to be one request, and what is read at least. */
const GAP = 128 * KIB;
const HEAD = 1000;
const SAME = { etag: '"1"', "last-modified": "Sun, 06 Nov 1994 08:49:37 GMT" };
const FILE = Uint8Array.from({ length: 40 * GAP }, (_, at) => (at * 2654435761) >>> 24);

type Headers = Readonly<Record<string, string>>;

/** A server in memory. Ranges wait in `open` until they are answered if it `waits`. */
function serve(file = FILE) {
  const asked: (readonly [start: number, end: number])[] = [];
  const open: { readonly signal: AbortSignal; readonly answer: () => void }[] = [];
  const seen: LoadProgress[] = [];
  const warnings: string[] = [];
  const state = { waits: false, respond: (start: number, end: number) => partial(start, end, file.slice(start, end)) };
  const whole: Response[] = [];
  const fetch = (async (_: unknown, { headers, signal }: { headers: globalThis.Headers; signal: AbortSignal }) => {
    if (!headers.has("range")) return whole.shift() ?? new Response(file);
    const [, from = "", to = ""] = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range")!)!;
    const [start, end] = [Number(from), Number(to) + 1];
    asked.push([start, end]);
    if (state.waits) await new Promise<void>((resolve) => open.push({ signal, answer: resolve }));
    return state.respond(start, end);
  }) as typeof globalThis.fetch;
  const client = new HttpClient(new URL("https://weights.example/file"), {
    fetch,
    onProgress: (progress) => seen.push(progress),
    onWarning: (warning) => warnings.push(warning),
  });
  const source = new RangeSource(client, file.length, partial(0, HEAD, null), file.slice(0, HEAD));
  return { source, asked, open, seen, state, whole, warnings };
}

function partial(start: number, end: number, body: BodyInit | null, total = FILE.length, version: Headers = SAME) {
  const headers = { "content-range": `bytes ${start}-${end - 1}/${total}`, ...version };
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
    expect(asked).toEqual([[HEAD, 960 + GAP]]);
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
  /** Whether the bytes are the file's, without a second of waiting for each failure. */
  const reads = async (source: RangeSource, start: number, end: number) => {
    vi.useFakeTimers();
    try {
      const read = source.read(start, end).then((bytes) => Buffer.compare(bytes, FILE.subarray(start, end)) === 0);
      const settled = read.catch(() => {});
      await vi.runAllTimersAsync();
      await settled;
      return await read;
    } finally {
      vi.useRealTimers();
    }
  };
  const cut = (start: number, end: number) => partial(start, end, body(start, end));

  it.each<[string, (start: number, end: number) => Response, requests: number]>([
    ["no more than 128 KiB each", (a, b) => cut(a, Math.min(b, a + GAP)), 4],
    ["a weak ETag", (a, b) => partial(a, b, body(a, b), FILE.length, { etag: 'W/"1"' }), 1],
    ["another server's ETag", (a, b) => partial(a, b, body(a, b), FILE.length, { ...SAME, etag: '"2"' }), 1],
  ])("are as good: %s", async (_, respond, requests) => {
    const { source, state, asked } = serve();
    state.respond = respond;
    expect(await reads(source, 3 * GAP, 7 * GAP)).toBe(true);
    expect(asked).toHaveLength(requests);
  });

  it.each<[string, (start: number, end: number) => Response, requests: number]>([
    ["a range that begins late", (a, b) => partial(a + 1, b, body(a + 1, b)), 1],
    ["a range that ends late", (a, b) => partial(a, b + 1, body(a, b + 1)), 1],
    ["next to nothing", (a) => cut(a, a + 1), 4],
    ["an ETag for each answer", (a, b) => partial(a, b, body(a, b), FILE.length, { etag: `"${a}"` }), 1],
    ["no range", () => new Response(body(0, GAP), { status: 206 }), 1],
  ])("end in one download: %s", async (_, respond, requests) => {
    const { source, state, asked } = serve();
    state.respond = respond;
    expect(await reads(source, 3 * GAP, 7 * GAP)).toBe(true);
    expect(await reads(source, 9 * GAP, 9 * GAP + 1)).toBe(true);
    expect(asked).toHaveLength(requests);
  });

  it("the whole file is taken instead", async () => {
    const { source, state, asked, whole } = serve();
    whole.push(new Response("never asked for"));
    state.respond = () => new Response(FILE);
    const both = [reads(source, 3 * GAP, 4 * GAP), reads(source, 30 * GAP, 31 * GAP)];
    expect(await Promise.all(both)).toEqual([true, true]);
    expect(await reads(source, 0, FILE.length)).toBe(true);
    expect(whole).toHaveLength(1);
    expect(asked.length).toBeLessThanOrEqual(2);
  });

  it.each<[string, (start: number, end: number) => Response]>([
    ["a body that ends early", (a, b) => partial(a, b, body(a, b - GAP))],
    [
      "a body that breaks off",
      (a, b) =>
        partial(
          a,
          b,
          new ReadableStream({
            pull: (controller) => controller.error(new Error("reset")),
            start: (controller) => controller.enqueue(body(a, a + 10)),
          }),
        ),
    ],
  ])("are asked for again from where they ended: %s", async (_, respond) => {
    const { source, state, asked, warnings } = serve();
    const good = state.respond;
    state.respond = (a, b) => (asked.length > 2 ? good : respond)(a, b);
    expect(await reads(source, 3 * GAP, 7 * GAP)).toBe(true);
    expect(asked).toHaveLength(3);
    expect(asked[2]![0]).toBeGreaterThan(3 * GAP);
    expect(warnings).toEqual([expect.stringMatching(/example\/file broke off; trying again/), warnings[0]]);

    state.respond = (a, b) => partial(a, b, body(a, a));
    await expect(reads(source, 20 * GAP, 22 * GAP)).rejects.toMatchObject({ code: "network" });
    state.respond = good;
    expect(await reads(source, 20 * GAP, 22 * GAP)).toBe(true); // nothing of it was kept
  });

  it.each<[string, (start: number, end: number) => Response, first?: Response]>([
    ["another length of the file", (a, b) => partial(a, b, body(a, b), FILE.length + 1)],
    ["more than it says", (a, b) => partial(a, b, body(a, b + 1))],
    ["a whole file that begins otherwise", () => new Response(FILE.toReversed())],
    ["a whole file of another length", () => new Response(body(0, FILE.length - 1))],
  ])("are told as a change: %s", async (_, respond) => {
    const { source, state } = serve();
    const good = state.respond;
    state.respond = respond;
    const waiting = [source.read(3 * GAP, 4 * GAP), source.read(4 * GAP, 5 * GAP)];
    for (const error of await Promise.all(waiting.map(failure))) expect(error.code).toBe("weights-integrity");
    state.respond = good;
  });

  it("breaks off as often as it likes, as long as it gets on", async () => {
    const { source, state, asked } = serve();
    state.respond = (a, b) => partial(a, b, body(a, Math.min(b, a + GAP)));
    expect(await reads(source, 3 * GAP, 11 * GAP)).toBe(true);
    expect(asked).toHaveLength(8);
  });

  it("another version is a change once bytes of the first were given out", async () => {
    const { source, state, whole } = serve();
    await source.read(GAP, 2 * GAP);
    const other = { etag: '"2"', "last-modified": "Mon, 07 Nov 1994 08:49:37 GMT" };
    state.respond = (a, b) => partial(a, b, body(a, b), FILE.length, other);
    for (const _ of [1, 2]) {
      whole.push(new Response(FILE, { headers: other }));
      expect((await failure(source.read(30 * GAP, 31 * GAP))).code).toBe("weights-integrity");
    }
    whole.push(new Response(FILE, { headers: SAME }));
    expect(await reads(source, 30 * GAP, 31 * GAP)).toBe(true);
  });

  it("a download that nobody wants any more is begun anew by the next", async () => {
    const { source, state, whole } = serve();
    state.respond = (a, b) => partial(a + 1, b, body(a + 1, b));
    whole.push(new Response(new ReadableStream())); // never ends
    const control = new AbortController();
    const stuck = failure(source.read(3 * GAP, 4 * GAP, { signal: control.signal }));
    await expect.poll(() => whole.length).toBe(0);
    control.abort(new Error("enough"));
    expect((await stuck).message).toBe("enough");
    expect(await reads(source, 3 * GAP, 4 * GAP)).toBe(true);
  });
});

it.each<[boolean, Headers, Headers]>([
  [true, {}, {}],
  [true, { etag: '"1"' }, { etag: 'W/"1"' }],
  [true, { etag: '"1"', "last-modified": "a" }, { etag: '"2"', "last-modified": "a" }],
  [true, { etag: '"1"', "last-modified": "a" }, { "last-modified": "a" }],
  [false, { "last-modified": "a" }, { "last-modified": "b" }],
  [false, { "last-modified": "a" }, {}],
  [false, { etag: '"1"' }, { etag: '"2"' }],
  [false, { etag: '"1"' }, {}],
])("one version, %s: %o and %o", (same, ...headers) => {
  const [a, b] = headers.map((each) => new Response(null, { headers: each }));
  expect([sameVersion(a!, b!), sameVersion(b!, a!)]).toEqual([same, same]);
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
