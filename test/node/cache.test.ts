import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cacheFolder, folderCache } from "../../src/node/cache.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ganatomy-cache-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("what is put into a folder is found again, by its address", async () => {
  const cache = folderCache(join(folder, "new", "one"));
  expect(await cache.match("https://example.org/a")).toBeUndefined();
  await cache.put("https://example.org/a", new Response("one"));
  await cache.put("https://example.org/b", new Response(Uint8Array.of(0, 255)));
  await cache.put("https://example.org/a", new Response("two"));
  expect(await (await cache.match("https://example.org/a"))!.text()).toBe("two");
  expect(new Uint8Array(await (await cache.match("https://example.org/b"))!.arrayBuffer())).toEqual(
    Uint8Array.of(0, 255),
  );
});

test("what breaks off leaves what was there, and no part of itself", async () => {
  const path = join(folder, "broken");
  const cache = folderCache(path);
  await cache.put("https://example.org/a", new Response("whole"));
  const breaking = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode("ha")),
    pull: (controller) => controller.error(new Error("the line is dead")),
  });
  await expect(cache.put("https://example.org/a", new Response(breaking))).rejects.toThrow("the line is dead");
  expect(await (await cache.match("https://example.org/a"))!.text()).toBe("whole");
  expect(await readdir(path)).toHaveLength(1);
});

test("two that put the same at once do not harm each other", async () => {
  const path = join(folder, "twice");
  const cache = folderCache(path);
  const slowly = (text: string) =>
    new Response(
      new ReadableStream({
        async start(controller) {
          for (const letter of text) {
            controller.enqueue(new TextEncoder().encode(letter));
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
          controller.close();
        },
      }),
    );
  const texts = ["short", "a longer one"];
  await Promise.all(texts.map((text) => cache.put("https://example.org/a", slowly(text))));
  expect(texts).toContain(await (await cache.match("https://example.org/a"))!.text());
  expect(await readdir(path)).toHaveLength(1);
});

test.each([
  ["linux", {}, join(homedir(), ".cache", "ganatomy")],
  ["linux", { XDG_CACHE_HOME: "/var/cache/me" }, join("/var/cache/me", "ganatomy")],
  ["darwin", {}, join(homedir(), "Library", "Caches", "ganatomy")],
  ["win32", { LOCALAPPDATA: "C:/Local" }, join("C:/Local", "ganatomy")],
] as const)("on %s with %j it is %s", (platform, env, expected) => {
  expect(cacheFolder(env, platform)).toBe(expected);
});

test("parts of downloads that nobody touched for 30 days go, and nothing else", async () => {
  const path = join(folder, "parts");
  const [old, young] = [31, 29].map((days) => new Date(Date.now() - days * 24 * 3_600_000));
  const piece = (start: number) => `https://example.org/g.pth?ganatomy-piece=${start}+9+v`;
  const cache = folderCache(path);
  for (const url of ["https://example.org/whole", piece(0), piece(3), piece(6)])
    await cache.put(url, new Response("x"));
  const pieces = (await readdir(path)).filter((name) => name.endsWith(".piece"));
  expect(pieces).toHaveLength(3);
  const part = `${"a".repeat(64)}.01234567-89ab-cdef-0123-456789abcdef.part`;
  // of a whole file, and of a piece, whose download is stopped at one most of the time
  const killed = [part, part.replace(".", ".piece.")];
  for (const name of [...killed, part.replace("aa", "bb"), "somebody's.part"]) await writeFile(join(path, name), "x");
  for (const name of await readdir(path)) await utimes(join(path, name), old!, old!);
  await utimes(join(path, part.replace("aa", "bb")), young!, young!);
  // the download of this piece goes on
  expect(await (await folderCache(path).match(piece(3)))!.text()).toBe("x");
  const left = await readdir(path);
  expect(left.filter((name) => name.endsWith(".piece"))).toHaveLength(1);
  expect(left.filter((name) => name.endsWith(".part")).sort()).toEqual([part.replace("aa", "bb"), "somebody's.part"]);
  expect(await cache.match("https://example.org/whole")).toBeDefined();
  expect(await cache.match(piece(0))).toBeUndefined();
});
