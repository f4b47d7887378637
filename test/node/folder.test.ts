import { readdirSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { OutputError } from "../../src/errors.ts";
import { refused } from "../../src/node/file-errors.ts";
import { outputFolder as openAgain } from "../../src/node/folder.ts";
import { LOCK } from "../../src/node/lock.ts";
import { MARKER, Marker } from "../../src/node/marker.ts";
import { outputFolder } from "./abandoned.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-folder-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** All but locks, which open folders hold. */
const files = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true })).filter((path) => !path.endsWith(LOCK)).sort();

/** The error of an output that must not work. */
async function failure(work: Promise<unknown>): Promise<OutputError> {
  const error = await work.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(OutputError);
  return error as OutputError;
}

test("what errors advise is how whoever called gets another folder", async () => {
  const folder = join(home, "out");
  const elsewhere = "name another place";
  const open = await outputFolder(folder, { keep: true, elsewhere });
  await open.write("a", "");
  await writeFile(join(folder, "b"), "mine");
  await mkdir(join(folder, "c"));
  await symlink(home, join(folder, "d"));
  for (const path of ["b", "c", "d/x", "a/x"]) {
    expect((await failure(open.write(path, ""))).fix, path).toMatch(/, or name another place\.$/);
  }
  const again = (options: object) => openAgain(folder, { elsewhere, ...options });
  expect((await failure(again({}))).fix).toContain("Wait until it is done, or name another place.");
  await open.finish();
  const other = { kind: "other" };
  expect((await failure(again(other))).fix).toBe("Name another place, or add --force to write into it all the same.");
  expect((await failure(again({ ...other, force: false }))).fix).toBe(
    "Move what is not of ours away, or name another place.",
  );
  await rm(join(folder, MARKER));
  await mkdir(join(folder, MARKER));
  expect((await failure(again({}))).fix).toBe("Move it away, or name another place.");
  expect((await failure(openAgain(folder))).fix).toBe("Move it away, or choose another --outdir.");
});

describe("a new folder", () => {
  test("is made with its parents, and takes text and bytes in folders of its own", async () => {
    const folder = await outputFolder(join(home, "a/b"));
    await folder.write("report.json", "{}");
    await folder.write("layer4/image/0-top.jpg", new Uint8Array([1, 2]));
    await folder.finish();
    expect(folder.written).toBe(2);
    expect(await readFile(join(home, "a/b/layer4/image/0-top.jpg"))).toEqual(Buffer.from([1, 2]));
    expect(await files(join(home, "a/b"))).toEqual([
      ".ganatomy",
      "layer4",
      "layer4/image",
      "layer4/image/0-top.jpg",
      "report.json",
    ]);
  });

  test("takes bytes as they come, whole or not at all", async () => {
    const folder = await outputFolder(join(home, "streams"));
    const come = async function* (last: () => Uint8Array) {
      yield new Uint8Array([1, 2]);
      yield new Uint8Array([3]);
      yield last();
    };
    await folder.write(
      "all.png",
      come(() => new Uint8Array([4])),
    );
    expect(await readFile(join(home, "streams/all.png"))).toEqual(Buffer.from([1, 2, 3, 4]));
    const cut = folder.write(
      "cut.png",
      come(() => {
        throw new Error("no more");
      }),
    );
    await expect(cut).rejects.toThrow('cut.png" cannot be written: no more');
    await folder.finish();
    expect(await files(join(home, "streams"))).toEqual([".ganatomy", "all.png"]);
  });

  test("is taken away again when nothing was written, with the parents it needed and no others", async () => {
    await mkdir(join(home, "a"));
    await (await outputFolder(join(home, "a/b/c"))).discard();
    expect(await files(home)).toEqual(["a"]);
  });

  test("is taken away before `discardSync` returns, unless a file is about to appear in it", async () => {
    await mkdir(join(home, "a"));
    (await outputFolder(join(home, "a/b/c"))).discardSync();
    expect(readdirSync(home, { recursive: true })).toEqual(["a"]);
    const folder = await outputFolder(join(home, "a/b/c"));
    const writing = folder.write("report.json", "{}");
    folder.discardSync();
    await writing;
    folder.discardSync();
    expect(await files(join(home, "a/b/c"))).toEqual([".ganatomy", "report.json"]);
    const failing = await outputFolder(join(home, "d"));
    await mkdir(join(home, "d/report.json"));
    await failure(failing.write("report.json", "x"));
    await rm(join(home, "d/report.json"), { recursive: true });
    failing.discardSync();
    expect(await files(home)).not.toContain("d");
  });

  test("takes many files at once", async () => {
    const folder = await outputFolder(join(home, "many"));
    await Promise.all(Array.from({ length: 200 }, (_, i) => folder.write(`deep/er/${i % 7}/${i}.txt`, String(i))));
    expect((await files(join(home, "many"))).filter((path) => path.endsWith(".txt"))).toHaveLength(200);
    expect(await readFile(join(home, "many/deep/er/3/10.txt"), "utf8")).toBe("10");
  });
});

describe("a folder with files", () => {
  test("of somebody else is refused and left as it is", async () => {
    await writeFile(join(home, "thesis.tex"), "mine");
    const error = await failure(outputFolder(home));
    expect(error.message).toMatch(/not empty .*"thesis\.tex".*--force/);
    expect(error.code).toBe("output");
    expect(await files(home)).toEqual(["thesis.tex"]);
  });

  test("of somebody else is written into with force, and nothing of theirs goes", async () => {
    await writeFile(join(home, "thesis.tex"), "mine");
    const folder = await outputFolder(home, { force: true });
    await folder.write("report.json", "{}");
    await folder.finish();
    expect(await files(home)).toEqual([".ganatomy", "report.json", "thesis.tex"]);
  });

  test("of an earlier report is ours: what the new one does not replace goes, what somebody added stays", async () => {
    const first = await outputFolder(home);
    for (const path of ["report.json", "layer4/image/0.png", "layer4/image/1.png", "layer5/0.png"])
      await first.write(path, "old");
    await first.finish();
    await writeFile(join(home, "layer4/notes.txt"), "mine");
    const second = await outputFolder(home);
    await second.write("report.json", "new");
    await second.write("layer4/image/1.png", "new");
    // nothing goes before the new report is there
    expect(await files(home)).toContain("layer5/0.png");
    await second.finish();
    expect(await files(home)).toEqual([
      ".ganatomy",
      "layer4",
      "layer4/image",
      "layer4/image/1.png",
      "layer4/notes.txt",
      "report.json",
    ]);
    expect(await readFile(join(home, "report.json"), "utf8")).toBe("new");
  });

  test("of an earlier report survives a run that wrote nothing", async () => {
    const first = await outputFolder(home);
    await first.write("report.json", "old");
    await first.finish();
    await (await outputFolder(home)).discard();
    await (await outputFolder(home)).write("report.json", "new"); // and is still known as ours
    expect(await readFile(join(home, "report.json"), "utf8")).toBe("new");
  });

  test("of ours but of another kind is refused", async () => {
    const pictures = await outputFolder(home, { kind: "pictures" });
    await pictures.write("image_0.png", "");
    await pictures.finish();
    expect((await failure(outputFolder(home))).message).toContain("holds no report of ours, but pictures (it has");
    expect((await failure(outputFolder(home, { kind: "a walk" }))).message).toContain("no walk of ours, but pictures");
  });

  test.each(["not json", '{"files":"all"}', "null"])("is not ours because of a marker that says %s", async (marker) => {
    await writeFile(join(home, ".ganatomy"), marker);
    await writeFile(join(home, "thesis.tex"), "mine");
    await failure(outputFolder(home));
  });

  test("keeps what a forged marker lists outside", async () => {
    await writeFile(join(home, "precious"), "mine");
    await mkdir(join(home, "elsewhere"));
    await writeFile(join(home, "elsewhere/precious"), "mine");
    const out = join(home, "out");
    await mkdir(out);
    await symlink(join(home, "elsewhere"), join(out, "link"));
    const list = ["../precious", join(home, "precious"), "link/precious", "a/../../precious"];
    await writeFile(join(out, ".ganatomy"), JSON.stringify({ kind: "report", files: list }));
    const folder = await outputFolder(out);
    await folder.write("report.json", "{}");
    await folder.finish();
    expect(await readFile(join(home, "precious"), "utf8")).toBe("mine");
    expect(await readFile(join(home, "elsewhere/precious"), "utf8")).toBe("mine");
  });
});

describe("a folder that keeps", () => {
  const open = () => outputFolder(join(home, "kept"), { kind: "edits", keep: true });
  const marked = async (): Promise<string[]> => [
    ...(await Marker.read(join(home, "kept"), "edits"))!.listed.files.keys(),
  ];

  test("knows as ours what a program wrote that was killed", async () => {
    const killed = await open();
    await killed.write("layer4/curve.json", "half");
    await Promise.all(Array.from({ length: 50 }, (_, i) => killed.write(`${i}.png`, "half")));
    const again = await open();
    await again.write("layer4/curve.json", "whole");
    await again.write("7.png", "whole");
    await again.finish();
    expect(await readFile(join(home, "kept/7.png"), "utf8")).toBe("whole");
    expect(await marked()).toHaveLength(51);
  });

  test("writes no file once another run has taken it, however long the file was on its way", async () => {
    const folder = await open();
    async function* bytes() {
      yield Buffer.from("begun");
      const lock = join(home, "kept", LOCK);
      await writeFile(lock, (await readFile(lock, "utf8")).replace(/"token":"[^"]*"/, '"token":"another"'));
      vi.spyOn(performance, "now").mockReturnValue(performance.now() + 10_000);
      yield Buffer.from("ended");
    }
    const taken = await failure(folder.write("walk.png", bytes()));
    vi.restoreAllMocks();
    expect(taken.message).toContain("is being written by");
    expect((await readdir(join(home, "kept"))).filter((name) => !name.startsWith("."))).toEqual([]);
    expect(await marked()).toEqual([]);
  });

  test("keeps what is not ours", async () => {
    const folder = await open();
    await writeFile(join(home, "kept/notes.txt"), "mine");
    expect((await failure(folder.write("notes.txt", "x"))).message).toMatch(/"[^"]*notes\.txt" is in the way/);
    expect(await readFile(join(home, "kept/notes.txt"), "utf8")).toBe("mine");
    expect(await marked()).toEqual([]);
  });
});

describe("a set of files that show one thing", () => {
  const open = () => outputFolder(join(home, "kept"), { kind: "edits", keep: true });
  const write = async (set: string, settings: unknown, names: readonly string[]): Promise<void> => {
    const folder = await open();
    for (const name of names) await folder.of(set, settings).write(name, JSON.stringify(settings));
    await folder.finish();
  };
  const there = async (): Promise<string[]> => (await files(join(home, "kept"))).filter((name) => name !== ".ganatomy");

  test("stays beside others, and goes with the folders it leaves empty when it is written with other settings", async () => {
    await write("effect", { units: [1] }, ["effect.json", "image_0.png", "layer4/map.png"]);
    await write("curve", 1, ["layer4/curve.json"]);
    await write("effect", { units: [1] }, ["effect.json"]);
    expect(await there()).toEqual(["effect.json", "image_0.png", "layer4", "layer4/curve.json", "layer4/map.png"]);
    await write("effect", { units: [2] }, ["effect.json"]);
    expect(await there()).toEqual(["effect.json", "layer4", "layer4/curve.json"]);
    await write("curve", 2, ["other.json", "layer4/curve.json"]);
    expect(await there()).toEqual(["effect.json", "layer4", "layer4/curve.json", "other.json"]);
  });

  test("is told from others by the bytes of arrays", async () => {
    await write("effect", new Float32Array([1, 2]), ["a", "b"]);
    await write("effect", new Float32Array([1, 3]), ["a"]);
    expect(await there()).toEqual(["a"]);
  });

  test("is known with its settings, and each file's set, after a program that was killed", async () => {
    const killed = await open();
    await killed.of("effect", 1).write("effect.json", "1");
    const next = await open();
    expect([next.has("effect", 1), next.has("effect", 2), next.has("curve", 1)]).toEqual([true, false, false]);
    expect([next.setOf("effect.json"), next.setOf("image.png")]).toEqual(["effect", undefined]);
    await next.of("effect", 2).write("image.png", "2");
    const last = await open();
    expect([last.setOf("effect.json"), last.setOf("image.png"), last.has("effect", 2)]).toEqual([
      undefined,
      "effect",
      true,
    ]);
    await last.finish();
    expect(await there()).toEqual(["image.png"]);
  });

  test("is the whole folder where one run replaces another: with its first file, not before, the others go", async () => {
    const run = (settings: unknown) => outputFolder(join(home, "whole"), { settings });
    const killed = await run({ seed: 1 });
    for (const name of ["a", "b", "c"]) await killed.write(name, "1");
    const same = await run({ seed: 1 });
    await same.write("a", "1");
    expect(await files(join(home, "whole"))).toEqual([".ganatomy", "a", "b", "c"]);
    const other = await run({ seed: 2 });
    expect(await files(join(home, "whole"))).toEqual([".ganatomy", "a", "b", "c"]);
    await other.of("state", 1).write("state", "2");
    expect(await files(join(home, "whole"))).toEqual([".ganatomy", "a", "b", "c", "state"]);
    await other.write("a", "2");
    expect(await files(join(home, "whole"))).toEqual([".ganatomy", "a", "state"]);
    await other.remove("state");
    await other.finish();
    expect(await files(join(home, "whole"))).toEqual([".ganatomy", "a"]);
  });

  test("a line that was cut off is none, and those after it count", async () => {
    const folder = await open();
    await folder.write("a", "");
    await writeFile(join(home, "kept/.ganatomy"), '\n{"file":"lost","se', { flag: "a" });
    await folder.write("b", "");
    expect([...(await Marker.read(join(home, "kept"), "edits"))!.listed.files.keys()]).toEqual(["a", "b"]);
  });
});

test("what a killed program had not written whole goes", async () => {
  const folder = await outputFolder(home);
  await folder.write("a/b", "");
  await writeFile(join(home, ".ganatomy-0123456789ab.tmp"), "half");
  await writeFile(join(home, ".ganatomy-mine.tmp"), "mine");
  await (await outputFolder(home)).finish();
  expect(await files(home)).not.toContain(".ganatomy-0123456789ab.tmp");
  expect(await files(home)).toContain(".ganatomy-mine.tmp");
});

describe("paths", () => {
  test.each([
    "../out.txt",
    "a/../../out.txt",
    "/etc/out.txt",
    "a//b",
    "",
    ".",
    "a/.",
    "a\\..\\b",
    "C:evil",
    "a\u0000b",
  ])("%j is refused", async (path) => {
    const folder = await outputFolder(join(home, "out"));
    await failure(folder.write(path, "x"));
    expect(await files(home)).toEqual(["out", "out/.ganatomy"]);
  });

  // The second begins with the folder's own path.
  test.each(["elsewhere", "out-elsewhere"])("a link out of the folder is not followed: %s", async (elsewhere) => {
    const folder = await outputFolder(join(home, "out"));
    await mkdir(join(home, elsewhere));
    await symlink(join(home, elsewhere), join(home, "out/layer4"));
    expect((await failure(folder.write("layer4/x.txt", "x"))).message).toMatch(/link out of the output folder/);
    expect(await files(join(home, elsewhere))).toEqual([]);
  });

  test("a link in a file's place is replaced, not written through", async () => {
    const folder = await outputFolder(join(home, "out"));
    await writeFile(join(home, "precious"), "mine");
    await symlink(join(home, "precious"), join(home, "out/report.json"));
    await folder.write("report.json", "new");
    expect(await readFile(join(home, "precious"), "utf8")).toBe("mine");
    expect(await readFile(join(home, "out/report.json"), "utf8")).toBe("new");
  });
});

describe("what is in the way", () => {
  test("a file instead of the folder", async () => {
    await writeFile(join(home, "out"), "");
    expect((await failure(outputFolder(join(home, "out")))).message).toMatch(/a file is in the way/);
    expect((await failure(outputFolder(join(home, "out/deeper")))).message).toMatch(/a file is in the way/);
  });

  test("a file instead of a layer's folder, and a folder instead of a file; no leftovers", async () => {
    const folder = await outputFolder(join(home, "out"));
    await writeFile(join(home, "out/layer4"), "");
    await mkdir(join(home, "out/report.json"));
    expect((await failure(folder.write("layer4/x.txt", "x"))).message).toMatch(/a file, and a folder must go there/);
    expect((await failure(folder.write("report.json", "x"))).message).toMatch(/a folder is in the way/);
    expect(await files(join(home, "out"))).toEqual([".ganatomy", "layer4", "report.json"]);
  });

  test.skipIf(process.platform === "win32")("a folder that may not be written", async () => {
    await mkdir(join(home, "out"));
    await chmod(home, 0o755);
    await chmod(join(home, "out"), 0o555);
    const { seteuid, getuid } = process;
    const isRoot = getuid?.() === 0;
    if (isRoot) seteuid?.(65534); // to root everything is writable
    try {
      expect((await failure(outputFolder(join(home, "out")))).message).toMatch(/may not be written.*permissions/);
    } finally {
      if (isRoot) seteuid?.(0);
    }
  });

  test.each([
    ["ENOSPC", /the disk is full.*Free some space/],
    ["EROFS", /read-only/],
    ["EDQUOT", /quota/],
    ["EWEIRD", /something new/],
  ])("%s is told with its cause and fix", (code, said) => {
    const cause = Object.assign(new Error("something new"), { code });
    expect(() => refused("/out/report.json", cause)).toThrow(said);
    expect(() => refused("/out/report.json", cause)).toThrow(OutputError);
  });
});

const marker = async (path: string): Promise<string[]> => [...(await Marker.read(path, "report"))!.listed.files.keys()];

test("what is not replaced goes with the folders that it leaves empty, up to one that holds something else", async () => {
  const first = await outputFolder(home);
  for (const path of ["b/c/old", "d/e/old", "new"]) await first.write(path, "");
  await first.finish();
  expect(await marker(home)).toEqual(["b/c/old", "d/e/old", "new"]);
  await writeFile(join(home, "d/mine"), "");
  const second = await outputFolder(home);
  // a killed program forgets nothing
  expect(await marker(home)).toEqual(["b/c/old", "d/e/old", "new"]);
  await second.write("new", "");
  await second.finish();
  expect(await files(home)).toEqual([".ganatomy", "d", "d/mine", "new"]);
});

test.each([false, true])("the marker lists files in order, however they were written (keep: %s)", async (keep) => {
  const folder = await outputFolder(home, { keep });
  for (const path of ["b", "c", "a"]) await folder.write(path, "");
  await folder.finish();
  expect(await marker(home)).toEqual(["a", "b", "c"]);
});

test("three of the names in the way are said, and how many more there are", async () => {
  const said = async (): Promise<string> => (await failure(outputFolder(home))).message;
  for (const name of ["a", "b", "c"]) await writeFile(join(home, name), "");
  expect(await said()).toContain('(it has "a", "b", "c")');
  await writeFile(join(home, "d"), "");
  await writeFile(join(home, "e"), "");
  expect(await said()).toMatch(/\(it has "[a-e]", "[a-e]", "[a-e]" and 2 more\)/);
});
