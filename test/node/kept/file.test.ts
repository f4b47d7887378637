import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OutputError } from "../../../src/errors.ts";
import type { OutputFolder } from "../../../src/node/folder.ts";
import { packKept, readKept, sha256 } from "../../../src/node/kept/file.ts";
import { KeptJson } from "../../../src/node/kept/json.ts";
import { measurementsFile } from "../../../src/node/kept/measurements.ts";
import { KeptTuning } from "../../../src/node/kept/tuning.ts";
import { outputFolder } from "../abandoned.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-kept-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const FORM = { format: "numbers 1", key: "abc" };
// echo -n '[1,2]' | sha256sum
const SUM = "49a64717d5d4cb19952e6eac2946415cf6879adacf9908e7d872332d32c6e684";

describe("a kept file", () => {
  const path = (): string => join(home, "numbers.json");

  test("is its state with a checksum", async () => {
    expect(sha256("[1,2]")).toBe(SUM);
    const text = packKept(FORM, "[1,2]");
    expect(text).toBe(`{"format":"numbers 1","key":"abc","sha256":"${SUM}","state":[1,2]}\n`);
    expect(packKept({ format: "numbers 1" }, "[1,2]")).toBe(`{"format":"numbers 1","sha256":"${SUM}","state":[1,2]}\n`);
    expect(await readKept(path(), FORM)).toBeUndefined();
    await writeFile(path(), text);
    expect(await readKept(path(), FORM)).toEqual([1, 2]);
  });

  test("of another key is none", async () => {
    await writeFile(path(), packKept({ ...FORM, key: "abd" }, "[1,2]"));
    expect(await readKept(path(), FORM)).toBeUndefined();
    await writeFile(path(), packKept({ format: FORM.format }, "[1,2]"));
    expect(await readKept(path(), FORM)).toBeUndefined();
  });

  test("whose state was altered, or that is of another kind, is not believed", async () => {
    const text = packKept(FORM, "[1,2]");
    for (const other of [text.replace("[1,2]", "[1,3]"), text.replace("numbers 1", "numbers 2"), text.slice(0, -3)]) {
      await writeFile(path(), other);
      await expect(readKept(path(), FORM)).rejects.toThrow(OutputError);
    }
  });

  test("may be an earlier version's, if that says so", async () => {
    await writeFile(path(), '{"numbers":[3]}');
    await expect(readKept(path(), FORM)).rejects.toThrow(/damaged/);
    expect(await readKept(path(), FORM, ({ numbers }) => numbers)).toEqual([3]);
    await expect(readKept(path(), FORM, () => undefined)).rejects.toThrow(/damaged/);
  });
});

describe("no error of reading is taken for no file", () => {
  const open = (): Promise<OutputFolder> => outputFolder(join(home, "out"), { kind: "edits", keep: true });

  /** Puts something into a file's place that cannot be read, and says with what it can be again. */
  const FAULTS: readonly [string, (path: string) => Promise<unknown>, RegExp][] = [
    ["a folder", (path) => mkdir(path), /a folder is in the way/],
    ["a link to itself", (path) => symlink(path, path), /ELOOP/],
    ["a file that may not be read", forbidden, /may not be read/],
  ];
  async function forbidden(path: string): Promise<void> {
    await writeFile(path, "{}");
    await chmod(path, 0o000);
  }
  const READERS: readonly [string, string, (folder: OutputFolder) => Promise<unknown>][] = [
    ["measurements", "measurements.json", (folder) => measurementsFile(folder)],
    ["tuning", "tuned.json", (folder) => KeptTuning.open(folder)],
    [
      "kept JSON",
      "state-5358e433.json",
      (folder) => KeptJson.open(folder, { path: "state", settings: {}, format: "1" }),
    ],
    ["the folder's own list", ".ganatomy", () => outputFolder(join(home, "out"), { kind: "edits", force: true })],
  ];
  const cases = READERS.flatMap(([what, name, read]) =>
    FAULTS.map(([fault, put, said]) => ({ what, fault, name, read, put, said })),
  );

  test.skipIf(process.platform === "win32").each(cases)("$what: $fault", async ({ name, read, put, said }) => {
    const folder = await open();
    await chmod(home, 0o755);
    await rm(join(home, "out", name), { force: true });
    await put(join(home, "out", name));
    const { seteuid, getuid } = process;
    const isRoot = getuid?.() === 0;
    if (isRoot) seteuid?.(65534); // root may read everything
    try {
      const ended = read(folder);
      await expect(ended).rejects.toThrow(OutputError);
      await expect(ended).rejects.toThrow(`"${join(home, "out", name)}" cannot be read: `);
      await expect(ended).rejects.toThrow(said);
    } finally {
      if (isRoot) seteuid?.(0);
    }
  });
});
