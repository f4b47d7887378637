import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { noteSkipped, openFolder } from "../../../src/cli/classifier/photographs.ts";
import { speak } from "../../../src/cli/progress.ts";
import { GanatomyError, PhotoError } from "../../../src/errors.ts";

let home: string;
const at = (...path: string[]): string => join(home, ...path);
const { signal } = new AbortController();
const watched = { signal, progress() {} };
const picture = encode({ width: 2, height: 1, channels: 1, depth: 8, data: Uint8Array.of(1, 2) });

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-photographs-"));
  await mkdir(at("many/b"), { recursive: true });
  for (let i = 0; i < 8; i += 1) await writeFile(at("many", i < 5 ? `${i}.png` : `b/${i}.png`), picture);
  await mkdir(at("odd/folder.png"), { recursive: true });
  await symlink("nowhere.png", at("odd/link.png"));
  await writeFile(at("odd/notes.txt"), "");
  execFileSync("mkfifo", [at("odd/pipe.png")]); // nobody writes into it: to read it would never end
  await writeFile(at("odd/a.png"), picture);
  await mkdir(at("bad"));
  await writeFile(at("bad/a.png"), "no pixels");
});
afterAll(() => rm(home, { recursive: true, force: true }));

test("what is no photograph is skipped, links that lead nowhere too", async () => {
  const { names, skipped, count, read } = await openFolder(at("odd"), watched);
  expect([names, count]).toEqual([["a.png"], 1]);
  expect([...(await read(0)).rgb]).toEqual([1, 1, 1, 2, 2, 2]);
  const said = skipped.map(({ file, reason }) => `${file} ${reason}`).join();
  expect(said).toContain("notes.txt is no JPEG or PNG file");
  expect(said).toContain("pipe.png is no JPEG or PNG file");
  expect(said).toMatch(/link\.png" does not exist\.$/);
  await expect(openFolder(at("bad"), watched)).rejects.toThrow(PhotoError);
  await expect(openFolder(at("bad"), watched)).rejects.toThrow("The one photograph");
  await expect(openFolder(at("bad"), watched)).rejects.toThrow(/begins like neither a JPEG nor a PNG\. Name another/);
  await expect(openFolder(at("gone"), watched)).rejects.toThrow('gone" is not there');
  await expect(openFolder(at("odd/a.png"), watched)).rejects.toThrow('a.png" is no folder');
});

test("a lack of memory is no fault of a photograph, which would change what is computed", async () => {
  const check = (): never => {
    throw new GanatomyError("host-memory", "No room.", "");
  };
  await expect(openFolder(at("many"), { ...watched, check })).rejects.toMatchObject({ code: "host-memory" });
});

test("some of many are drawn by chance, the same for a seed, and only they are looked at", async () => {
  const seen: string[] = [];
  const check = async (file: string) => void seen.push(file);
  const some = async (seed: number) =>
    (await openFolder(at("many"), { ...watched, check, most: { count: 3, seed } })).names;
  const first = await some(1);
  expect(first).toEqual([...first].sort());
  expect(new Set(first).size).toBe(3);
  expect([...seen].sort()).toEqual(first);
  expect(await some(1)).toEqual(first);
  const digest = async (seed: number) =>
    (await openFolder(at("many"), { ...watched, most: { count: 3, seed } })).digest;
  expect(await digest(1)).toBe(await digest(1));
  expect((await openFolder(at("many"), watched)).digest).not.toBe(await digest(1));
  const drawn = await Promise.all([2, 3, 4, 5].map(some));
  expect(drawn.some((names) => names.join() !== first.join())).toBe(true);
  expect((await openFolder(at("many"), { ...watched, most: { count: 99, seed: 1 } })).count).toBe(8);
});

test("what was listed before is not looked for again", async () => {
  const listing = { path: at("many"), files: ["2.png", "b/6.png"], odd: ["notes.txt"] };
  const { names, skipped } = await openFolder(listing, watched);
  expect(names).toEqual(["2.png", "b/6.png"]);
  expect(skipped.map(({ file }) => file)).toEqual(["notes.txt"]);
});

test.each([
  [[{ file: "notes.txt", reason: "is no JPEG or PNG file" }], ""],
  [[{ file: "a.png", reason: "is cut off." }], "2 photographs; 1 file was skipped:\n  a.png: is cut off.\n"],
])("with --quiet only photographs that are left out are told: %j", (skipped, said) => {
  const spy = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const noted: string[] = [];
  speak({ quiet: true });
  try {
    const folder = { count: 2, names: [], skipped, digest: "", read: () => Promise.reject() };
    noteSkipped(folder, (text) => noted.push(text));
    expect(spy.mock.calls.map(([text]) => text).join("")).toBe(said);
    expect(noted.length).toBe(said === "" ? 1 : 0);
  } finally {
    spy.mockRestore();
    speak({});
  }
});

test("others take the place of those that are left out", async () => {
  const without = (file: string) => (file < "2" ? "is not wanted" : undefined);
  const check = async (file: string) => {
    if (file === "3.png") throw new PhotoError("is of another day.", "Take it again.");
  };
  const { names, skipped } = await openFolder(at("many"), {
    ...{ ...watched, without, check },
    most: { count: 5, seed: 7 },
  });
  expect(names).toEqual(["2.png", "4.png", "b/5.png", "b/6.png", "b/7.png"]);
  expect(skipped.map(({ file }) => file)).toEqual(["0.png", "1.png", "3.png"]);
  await expect(openFolder(at("many"), { ...watched, without: () => "is not wanted" })).rejects.toThrow("is not wanted");
});
