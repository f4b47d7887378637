import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { OutputError } from "../../../src/errors.ts";
import { measurementsFile } from "../../../src/node/kept/measurements.ts";
import { outputFolder } from "../abandoned.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-measurements-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const open = async (name: string) => {
  const folder = await outputFolder(join(home, name), { kind: "edits", keep: true });
  return measurementsFile(folder);
};

test("measurements are found again, by a program that was killed too", async () => {
  const first = await open("kept");
  expect([first.found, await first.get("a")]).toEqual([0, undefined]);
  await first.set("a", [1, 2]);
  await new Promise((resolve) => setTimeout(resolve, 1050));
  await first.set("b", [3]); // a second later: written without being asked
  await first.set("c", [4]); // and this one is lost
  const second = await open("kept");
  expect(second.found).toBe(2);
  expect([await second.get("a"), await second.get("b"), await second.get("c")]).toEqual([[1, 2], [3], undefined]);
  await second.set("d", [5]);
  await second.flush();
  await second.flush();
  expect((await open("kept")).found).toBe(3);
  expect((await readdir(join(home, "kept"))).sort()).toEqual([".ganatomy", ".ganatomy.lock", "measurements.json"]);
});

test("they are written a second after the last time, and not where there is nothing new", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  try {
    const folder = await outputFolder(join(home, "second"), { kind: "edits", keep: true });
    const write = vi.spyOn(folder, "write");
    const file = await measurementsFile(folder);
    await file.flush();
    vi.advanceTimersByTime(1000);
    await file.set("a", [1]);
    expect(write).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    await file.set("b", [2]);
    expect(write).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1000);
    await file.set("c", [3]);
    expect(write).toHaveBeenCalledTimes(1);
    write.mockRejectedValueOnce(new Error("no disk"));
    await expect(file.flush()).rejects.toThrow("no disk");
    await file.flush(); // what was not written is still new
    expect((await open("second")).found).toBe(3);
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  ["cut", (text: string) => text.slice(0, -10)],
  ["changed", (text: string) => text.replace("[1,2]", "[1,3]")],
  ["of another kind", (text: string) => text.replace("measurements 2", "measurements 3")],
  ["somebody else's", () => '{"mine":true}'],
  ["empty", () => ""],
])("a file that is %s is not believed", async (name, damage) => {
  const file = await open(name);
  await file.set("a", [1, 2]);
  await file.flush();
  const path = join(home, name, "measurements.json");
  await writeFile(path, damage(await readFile(path, "utf8")));
  await expect(open(name)).rejects.toThrow(OutputError);
  await expect(open(name)).rejects.toThrow(/damaged, or was not written by ganatomy.*Remove it/);
});

test("the form before this one is read, and written anew", async () => {
  const file = await open("earlier");
  await file.set("a", [1, 2]);
  await file.flush();
  const path = join(home, "earlier/measurements.json");
  const { sha256, state } = JSON.parse(await readFile(path, "utf8"));
  const earlier = JSON.stringify({ format: "ganatomy measurements 1", sha256, measurements: state });
  await writeFile(path, earlier);
  const again = await open("earlier");
  expect(await again.get("a")).toEqual([1, 2]);
  await again.set("b", [3]);
  await again.flush();
  expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({
    format: "ganatomy measurements 2",
    state: { a: [1, 2], b: [3] },
  });
  await writeFile(path, earlier.replace("[1,2]", "[1,3]"));
  await expect(open("earlier")).rejects.toThrow(/damaged/);
});

test("what could not be written is written the next time", async () => {
  const file = await open("blocked");
  await file.set("a", [1]);
  const path = join(home, "blocked/measurements.json");
  await mkdir(path);
  await expect(file.flush()).rejects.toThrow(/is in the way/);
  await rmdir(path);
  await file.flush();
  expect((await open("blocked")).found).toBe(1);
});
