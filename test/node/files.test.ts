import { appendFile, chmod, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { GanatomyError, WeightsError } from "../../src/errors.ts";
import { fileSource } from "../../src/node/files.ts";

let home: string;
let path: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-files-"));
  path = join(home, "church.pth");
  await writeFile(
    path,
    Uint8Array.from({ length: 1000 }, (_, i) => i),
  );
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function failure(work: Promise<unknown>): Promise<GanatomyError> {
  const error = await work.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(GanatomyError);
  return error as GanatomyError;
}

test("ranges are read as they are asked for, also side by side", async () => {
  const source = await fileSource(path);
  expect([source.name, source.size]).toEqual(["church.pth", 1000]);
  const ranges = [
    [0, 1000],
    [10, 12],
    [999, 1000],
    [5, 5],
  ] as const;
  const read = await Promise.all(ranges.map(([start, end]) => source.read(start, end)));
  read.forEach((bytes, i) => {
    const [start, end] = ranges[i]!;
    expect(bytes).toEqual(Uint8Array.from({ length: end - start }, (_, k) => start + k));
  });
});

test("no file stays open", async () => {
  const source = await fileSource(path);
  const { readdirSync } = await import("node:fs");
  const open = (): number => (process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0);
  const before = open();
  for (let i = 0; i < 50; i++) await source.read(i, i + 10);
  await source.read(1500, 1600).catch(() => {});
  expect(open()).toBe(before);
});

test("an aborted read rejects with the reason", async () => {
  const source = await fileSource(path);
  const reason = new Error("enough");
  await expect(source.read(0, 10, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("a missing file, a file as a folder", async () => {
  for (const missing of [join(home, "nope.pth"), join(path, "inside.pth")]) {
    const error = await failure(fileSource(missing));
    expect(error.code).toBe("not-found");
    expect(error.message).toContain(missing);
  }
});

test("a folder, an empty file, a device", async () => {
  expect((await failure(fileSource(home))).code).toBe("not-found");
  await truncate(path, 0);
  const empty = await failure(fileSource(path));
  expect(empty).toBeInstanceOf(WeightsError);
  expect(empty.message).toMatch(/is empty/);
  if (process.platform !== "win32") expect((await failure(fileSource("/dev/zero"))).code).toBe("not-found");
});

test.skipIf(process.platform === "win32")("a file that may not be read", async () => {
  await chmod(home, 0o755);
  await chmod(path, 0o000);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(65534); // root may read everything
  try {
    expect((await failure(fileSource(path))).message).toMatch(/may not be read.*permissions/);
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});

test("a file that changes while it is read is noticed", async () => {
  const source = await fileSource(path);
  await source.read(0, 10);
  await appendFile(path, "more");
  const error = await failure(source.read(0, 10));
  expect([error.code, error.message]).toEqual(["weights-integrity", expect.stringMatching(/changed while/)]);
});
