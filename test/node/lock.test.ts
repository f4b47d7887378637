import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { OutputError } from "../../src/errors.ts";
import { FolderLock, LOCK } from "../../src/node/lock.ts";

/** What the disk answers to a link; undefined for what it really does. */
let linkFails: string | undefined;
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  return {
    ...real,
    link: (...paths: Parameters<typeof real.link>) =>
      linkFails ? Promise.reject(Object.assign(new Error("no link"), { code: linkFails })) : real.link(...paths),
  };
});

const LOCK_MODULE = fileURLToPath(new URL("../../src/node/lock.ts", import.meta.url));

let built: string;
beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), "ganatomy-lock-module-"));
  const outfile = join(built, "lock.mjs");
  await build({ entryPoints: [LOCK_MODULE], bundle: true, platform: "node", format: "esm", outfile });
});
afterAll(() => rm(built, { recursive: true, force: true }));

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-lock-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const path = (): string => join(home, LOCK);
const take = (): Promise<FolderLock> => FolderLock.take(home, "out");
const held = async (): Promise<Record<string, unknown>> => JSON.parse(await readFile(path(), "utf8"));
const change = async (changes: object): Promise<void> =>
  writeFile(path(), JSON.stringify({ ...(await held()), ...changes }));
/** Takes the folder in a process of its own. */
function other(end = ""): ChildProcessByStdio<null, Readable, null> {
  const script = `
    import { FolderLock } from ${JSON.stringify(pathToFileURL(join(built, "lock.mjs")).href)};
    process.on("SIGTERM", () => process.exit(1));
    await FolderLock.take(process.argv[1], "out");
    console.log("taken");
    if (process.argv[2] === "exit") process.exit(0);
    setInterval(() => {}, 1000);`;
  const args = ["--input-type=module", "-e", script, home, end];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
}

const holder = (changes: object): string =>
  JSON.stringify({ host: "a", machine: "b", pid: 1, started: "", since: "2026", token: "", ...changes });

const silent = (seconds: number): Promise<void> => utimes(path(), new Date(), new Date(Date.now() - 1000 * seconds));

test("a folder is one's until it is released, and the file says whose", async () => {
  const lock = await take();
  const host = hostname().replace(/[^\w.-]/g, "_");
  expect(await held()).toMatchObject({ host, pid: process.pid, since: expect.stringMatching(/^\d{4}-/) });
  await expect(take()).rejects.toThrow(/^"out" is being written by this program itself\. Wait until it is done/);
  await lock.check();
  lock.release();
  expect(await readdir(home)).toEqual([]);
  (await take()).release();
});

test("of many at once, one gets it", async () => {
  const tried = await Promise.allSettled(Array.from({ length: 20 }, take));
  expect(tried.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const each of tried) if (each.status === "rejected") expect(each.reason).toBeInstanceOf(OutputError);
  expect(await readdir(home)).toEqual([LOCK]);
});

test("another process that lives is named; one that was killed is none, nor one whose number was given again", async () => {
  const child = other();
  await once(child.stdout, "data");
  await silent(3600); // it may sleep as long as it likes
  await expect(take()).rejects.toThrow(new RegExp(`being written by process ${child.pid} on \\S+, since \\d{4}-`));
  const kill = vi.spyOn(process, "kill").mockImplementation(() => {
    throw Object.assign(new Error("somebody else's"), { code: "EPERM" });
  });
  await expect(take()).rejects.toThrow(`being written by process ${child.pid} on`);
  kill.mockRestore();
  child.kill("SIGKILL");
  await once(child, "close");
  expect(existsSync(path())).toBe(true);
  await silent(0); // however lately it gave a sign
  const lock = await take();
  expect(await held()).toMatchObject({ pid: process.pid });
  await change({ started: "1", token: "another" });
  (await take()).release();
  lock.release();
});

test.each(["SIGTERM", "exit"])("a process that ends by itself leaves none: %s", async (end) => {
  const child = other(end);
  await once(child.stdout, "data");
  if (end === "SIGTERM") child.kill(end);
  await once(child, "close");
  expect(await readdir(home)).toEqual([]);
});

test("on another machine silence tells: two minutes of it on the disk's clock, not a wrong clock here", async () => {
  await take();
  await change({ host: "node17", machine: "another", pid: 1, token: "theirs" });
  await silent(100);
  await expect(take()).rejects.toThrow(/process 1 on node17.*crashed there is taken for over after two minutes/s);
  await silent(130);
  const now = vi.spyOn(Date, "now").mockReturnValue(0);
  (await take()).release();
  now.mockRestore();
  expect(await readdir(home)).toEqual([]);
});

test.each([
  "",
  "{",
  "null",
  '{"pid":1}',
  holder({ pid: -1 }),
  holder({ pid: 1.5 }),
  holder({ host: "\u001b]0;x" }),
  holder({ since: "\u001b]0;x" }),
  holder({ token: "x".repeat(300) }),
])("one that nobody can read is somebody's until it is silent, and nothing of it is shown: %j", async (content) => {
  await writeFile(path(), content);
  await expect(take()).rejects.toThrow(/^"out" is being written by another run\./);
  await silent(130);
  (await take()).release();
});

test("whoever lost the folder meanwhile is told, and takes nobody's lock away", async () => {
  const clock = vi.spyOn(performance, "now").mockReturnValue(50_000);
  const lock = await take();
  await change({ token: "theirs", host: "node17", pid: 1 });
  clock.mockReturnValue(50_400);
  await lock.check(); // not asked again within a second
  clock.mockReturnValue(55_000);
  await expect(lock.check()).rejects.toThrow(/process 1 on node17/);
  lock.release();
  expect(readFileSync(path(), "utf8")).toContain("theirs");
  await rm(path());
  const other = await take();
  await rm(path());
  clock.mockReturnValue(59_000);
  await expect(other.check()).rejects.toThrow(/The lock of .* was removed while this run wrote there/);
  other.release();
  clock.mockRestore();
});

test("a sign of life is given every ten seconds", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const lock = await take();
  await silent(3600);
  vi.advanceTimersByTime(10_000);
  vi.useRealTimers();
  const { stat } = await import("node:fs/promises");
  const age = async (): Promise<number> => Date.now() - (await stat(path())).mtimeMs;
  for (let wait = 0; wait < 50 && (await age()) > 60_000; wait += 1) await new Promise((done) => setTimeout(done, 20));
  expect(await age()).toBeLessThan(60_000);
  expect(await held()).toMatchObject({ pid: process.pid });
  lock.release();
});

test("nobody gives signs of life for another", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const lock = await take();
  await change({ token: "theirs" });
  const before = await readFile(path(), "utf8");
  vi.advanceTimersByTime(10_000);
  vi.useRealTimers();
  await new Promise((done) => setTimeout(done, 200));
  expect(await readFile(path(), "utf8")).toBe(before);
  lock.release();
});

test("a disk without links has locks all the same; one that is full has none", async () => {
  linkFails = "EPERM";
  try {
    const lock = await take();
    await expect(take()).rejects.toThrow(/this program itself/);
    expect(await readdir(home)).toEqual([LOCK]);
    lock.release();
    linkFails = "ENOSPC";
    await expect(take()).rejects.toBeInstanceOf(OutputError);
    expect(await readdir(home)).toEqual([]);
  } finally {
    linkFails = undefined;
  }
});

test("one without a token is not this program's", async () => {
  const lock = await take();
  await change({ token: "" });
  await expect(take()).rejects.toThrow(`being written by process ${process.pid} on`);
  lock.release();
});

test.runIf(process.platform === "linux")("one that ended, and whose parent has not asked how, is none", async () => {
  const parent = spawn("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 100"], { stdio: ["ignore", "pipe", "ignore"] });
  const [told] = await once(parent.stdout, "data");
  const pid = Number(told);
  const fields = (): string[] => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  await expect.poll(() => fields()[0]).toBe("Z");
  await take();
  await change({ pid, started: fields()[19], token: "theirs" });
  (await take()).release();
  parent.kill("SIGKILL");
  await once(parent, "close");
});
