import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GanatomyError } from "../../src/errors.ts";
import { fileSource } from "../../src/node/files.ts";
import { folderFiles } from "../../src/node/folder-files.ts";
import { openRegular, readBytes, readText, readTextSync } from "../../src/node/regular-file.ts";

let home: string;
const at = (name: string) => join(home, name);
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-regular-"));
  await writeFile(at("file"), "grün");
});
afterEach(() => rm(home, { recursive: true, force: true }));

const fail = (cause: NodeJS.ErrnoException): never => {
  throw cause;
};
const WAYS = {
  openRegular,
  readBytes: (path: string) => readBytes(path, fail),
  readText: (path: string) => readText(path, fail),
  readTextSync: async (path: string) => readTextSync(path, fail),
  fileSource,
};

test("files are read, as bytes and as text", async () => {
  expect(await readBytes(at("file"), fail)).toEqual(Buffer.from("grün"));
  expect(await readText(at("file"), fail)).toBe("grün");
  expect(readTextSync(at("file"), fail)).toBe("grün");
});

test("of what cannot be read the caller says what is to be done", async () => {
  const seen: (string | undefined)[] = [];
  const otherwise = ({ code }: NodeJS.ErrnoException): undefined => void seen.push(code);
  await mkdir(at("folder"));
  for (const name of ["none", "folder"]) {
    expect(await readBytes(at(name), otherwise)).toBeUndefined();
    expect(await readText(at(name), otherwise)).toBeUndefined();
    expect(() => readTextSync(at(name), fail)).toThrow();
  }
  expect(seen).toEqual(["ENOENT", "ENOENT", "EISDIR", "EISDIR"]);
});

test("a fault of whoever looks at the first bytes is no word on the file", async () => {
  const look = (): never => {
    throw new TypeError("of ours");
  };
  const seen: unknown[] = [];
  await expect(readBytes(at("file"), (cause) => void seen.push(cause), { look })).rejects.toThrow(TypeError);
  expect(seen).toEqual([]);
});

test("memory that runs out is told with the file, and is none either", async () => {
  const look = (): void => void new ArrayBuffer(2 ** 52);
  await expect(readBytes(at("file"), () => 1, { look })).rejects.toMatchObject({
    code: "host-memory",
    message: expect.stringContaining(`"${at("file")}" needs more memory`),
  });
});

test("what is larger than a text can be is refused before it is read", async () => {
  await truncate(at("file"), 2 ** 29); // sparse: its bytes are not on the disk
  const refused = `"${at("file")}" has 536870912 bytes, which is too large for text. Is it the file you meant?`;
  await expect(readText(at("file"), fail)).rejects.toThrow(refused);
  expect(() => readTextSync(at("file"), fail)).toThrow(refused);
});

// Windows has none of them in folders.
describe.runIf(process.platform !== "win32")("what is no file is refused, and not waited for", () => {
  test.each(Object.entries(WAYS))("%s", async (_, read) => {
    execFileSync("mkfifo", [at("pipe")]);
    const server = createServer().listen(at("socket"));
    await new Promise((done) => server.once("listening", done));
    try {
      for (const path of [at("pipe"), at("socket"), "/dev/zero"]) {
        const error = await read(path).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(GanatomyError);
        expect((error as GanatomyError).code).toBe("not-found");
        expect((error as Error).message).toBe(`"${path}" is no regular file. Copy its contents to a file first.`);
      }
    } finally {
      server.close();
    }
  });

  test("a server's folder holds no such", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    expect(await folderFiles(home).read("pipe")).toBeUndefined();
    expect(await folderFiles(home).read("file")).toEqual(Buffer.from("grün"));
  });
});
