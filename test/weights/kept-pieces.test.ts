import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { folderCache } from "../../src/node/cache.ts";
import { sha256Of } from "../../src/weights/integrity.ts";
import { openSource } from "../../src/weights/open.ts";
import type { CacheLike, LoadOptions } from "../../src/weights/source.ts";
import { failure } from "./fixtures.ts";
import { startServer, type TestServer, withRanges } from "./server.ts";

const MB = 2 ** 20;
const PIECE = 16 * MB;
const file = new Uint8Array(36 * MB).map((_, i) => (i * 2654435761) >>> 24);
let server: TestServer;
let folder: string;
let cache: CacheLike;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  server.log.length = 0;
  server.handler = withRanges(file, { etag: '"a"' });
  folder = await mkdtemp(join(tmpdir(), "ganatomy-pieces-"));
  cache = folderCache(folder);
  return () => rm(folder, { recursive: true, force: true });
});

const load = async (options: LoadOptions = {}) => {
  const source = await openSource(`${server.url}g.pth?v=1`, { cache, ...options });
  return Buffer.compare(await source.read(0, source.size), file) === 0;
};

/** Stops a download while its third piece arrives; resolves with the number of pieces kept. */
async function interrupted(): Promise<number> {
  const control = new AbortController();
  const reason = new Error("enough");
  const onProgress = ({ loaded }: { loaded: number }) => loaded > 2 * PIECE + MB && control.abort(reason);
  expect(await failure(load({ signal: control.signal, onProgress: (at) => void onProgress(at) }))).toBe(reason);
  server.log.length = 0;
  return (await readdir(folder).catch(() => [])).length;
}

it("an interrupted download goes on from what it had, which then goes", async () => {
  expect(await interrupted()).toBe(2);
  const seen: number[] = [];
  expect(await load({ sha256: await sha256Of(file), onProgress: ({ loaded }) => seen.push(loaded) })).toBe(true);
  expect(server.log).toEqual(["GET /g.pth?v=1 bytes=0-262143", `GET /g.pth?v=1 bytes=${2 * PIECE}-${file.length - 1}`]);
  expect([seen.at(-1), seen.every((loaded, i) => i === 0 || loaded > seen[i - 1]!)]).toEqual([file.length, true]);
  expect(await readdir(folder)).toHaveLength(1);
  server.handler = (_, response) => void response.writeHead(500).end();
  expect(await load()).toBe(true);
});

it("of another version nothing is taken, nor where the server tells none", async () => {
  await interrupted();
  server.handler = withRanges(file, { etag: '"b"' });
  await load();
  expect(server.log).toHaveLength(4);
  await rm(folder, { recursive: true });
  server.handler = withRanges(file);
  expect(await interrupted()).toBe(0);
});

it("what was kept and is damaged is downloaded again, by its SHA-256; a wrong file stays an error", async () => {
  await interrupted();
  const match = cache.match;
  let lies = 1;
  cache.match = async (url) => {
    const found = await match(url);
    return found && lies-- > 0 ? new Response(new Uint8Array(PIECE)) : found;
  };
  expect(await load({ sha256: await sha256Of(file) })).toBe(true);
  expect(await readdir(folder)).toHaveLength(1);
  await rm(folder, { recursive: true });
  await interrupted();
  const { match: unchanged, put } = folderCache(folder);
  cache = { match: unchanged, put, delete: () => Promise.reject(new Error("no")) };
  expect((await failure(load({ sha256: "0".repeat(64) }))).code).toBe("weights-integrity");
  await rm(folder, { recursive: true });
  cache = folderCache(folder);
  expect((await failure(load({ sha256: "0".repeat(64) }))).code).toBe("weights-integrity");
  expect(await readdir(folder)).toEqual([]);
});

it("a cache without delete, or one that is full, only keeps nothing", async () => {
  const { match, put } = cache;
  cache = { match, put };
  expect(await interrupted()).toBe(0);
  const warnings: string[] = [];
  cache = { match, put: () => Promise.reject(new Error("full")), delete: () => Promise.reject(new Error("no")) };
  expect(await load({ onWarning: (text) => warnings.push(text) })).toBe(true);
  expect(warnings).toEqual([
    expect.stringMatching("Parts of g.pth cannot.*full"),
    expect.stringMatching("could not be kept"),
  ]);
});
