import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Interrupted } from "../../src/cli/interrupt.ts";
import { Progress, speak } from "../../src/cli/progress.ts";
import { type Running, withFolder, withInterrupt, withMeasurements } from "../../src/cli/with-folder.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-with-folder-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

function running() {
  const controller = new AbortController();
  const last: (() => void)[] = [];
  const run: Running = {
    progress: new Progress({ write() {} }),
    signal: controller.signal,
    beforeQuit: (work) => void last.push(work),
    note() {},
    seconds: () => 0,
    took: () => "0 s",
  };
  const stop = (): never => {
    controller.abort(new Interrupted("Interrupted."));
    throw controller.signal.reason;
  };
  return { run, stop, quit: () => last.map((work) => work()) };
}

const out = (): { path: string; kind: string } => ({ path: join(home, "out"), kind: "edits" });

test("what was written stays, done or interrupted, and is told apart", async () => {
  const { run, stop } = running();
  expect(await withFolder(run, out(), (folder) => folder.write("a", "1"))).toMatchObject({ complete: true });
  const cut = await withFolder(run, { ...out(), keep: true }, async (folder) => {
    await folder.write("b", "2");
    stop();
  });
  expect([cut.complete, cut.folder.written]).toEqual([false, 1]);
  expect(JSON.parse(await readFile(join(home, "out/.ganatomy"), "utf8")).files).toEqual(["a", "b"]);
});

test("a folder in which nothing was written goes, at once before a program that is to quit", async () => {
  const { run, stop, quit } = running();
  await withFolder(run, out(), async () => stop());
  expect(await readdir(home)).toEqual([]);
  await withFolder(running().run, out(), async () => {});
  expect(await readdir(home)).toEqual([]);
  const other = running();
  await withFolder(other.run, out(), async () => {
    expect(await readdir(home)).toEqual(["out"]);
    other.quit();
    expect(await readdir(home)).toEqual([]);
  });
  quit();
});

test("--verbose tells what was written, many files of a folder by their number", async () => {
  const said: string[] = [];
  const spy = vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(`${text}`) > 0);
  speak({ verbose: true });
  try {
    await withFolder(running().run, out(), async (folder) => {
      await folder.write("a.json", "1");
      await folder.of("b", {}).write("b/1.png", "2");
      for (let i = 0; i < 13; i++) await folder.write(`c/${i}.png`, "3");
      expect(folder.files).toHaveLength(15);
    });
    await withMeasurements(running().run, { ...out(), path: join(home, "none") }, async () => {});
  } finally {
    speak({});
    spy.mockRestore();
  }
  expect(said.map((text) => text.replace("\r\x1b[K", ""))).toEqual([
    `Written into ${out().path}: a.json, b/1.png, c/ (13 files)\n`,
    `Written into ${join(home, "none")}: nothing\n`,
  ]);
});

test("an error is not taken for Ctrl-C, whenever it comes, and what was written stays", async () => {
  const { run, stop } = running();
  const ended = withFolder(run, out(), async (folder) => {
    await folder.write("a", "1");
    try {
      stop();
    } catch {
      throw new Error("no disk");
    }
  });
  await expect(ended).rejects.toThrow("no disk");
  const early = withFolder(running().run, { ...out(), keep: true }, async () => {
    throw new Interrupted("another program's");
  });
  await expect(early).rejects.toThrow("another program's");
  expect((await readdir(join(home, "out"))).sort()).toEqual([".ganatomy", "a"]);
});

test("measurements are kept whether the work ends, is interrupted or fails", async () => {
  const ends: ((stop: () => never) => void)[] = [
    () => {},
    (stop) => stop(),
    () => {
      throw new Error("lost");
    },
  ];
  for (const [index, end] of ends.entries()) {
    const { run, stop } = running();
    await withMeasurements(run, out(), async ({ folder, finished }) => {
      expect(finished.found).toBe(index);
      await finished.set(`${index}`, [index]);
      await folder.write(`${index}.csv`, "");
      end(stop);
    }).catch((error) => expect(error.message).toBe("lost"));
  }
  expect(Object.keys(JSON.parse(await readFile(join(home, "out/measurements.json"), "utf8")).state)).toHaveLength(3);
  // and so is what else earlier runs wrote, as ours
  const { files } = JSON.parse(await readFile(join(home, "out/.ganatomy"), "utf8"));
  expect(files).toEqual(expect.arrayContaining(["0.csv", "1.csv", "2.csv", "measurements.json"]));
});

test("a command's time is what passed since it began, to the tenth of a second, and as people say it", async () => {
  const clock = vi.spyOn(performance, "now").mockReturnValue(5000);
  try {
    await withInterrupt(async ({ seconds, took }) => {
      expect([seconds(), took()]).toEqual([0, "0 s"]);
      const after = (milliseconds: number) => {
        clock.mockReturnValue(5000 + milliseconds);
        return [seconds(), took()];
      };
      expect(after(1449)).toEqual([1.4, "1 s"]);
      expect(after(1450)).toEqual([1.5, "1 s"]);
      expect(after(125_000)).toEqual([125, "2 min 5 s"]);
      return 0;
    });
  } finally {
    clock.mockRestore();
  }
});

test("a command has its exit status, its time to the tenth of a second, and Ctrl-C until it ends", async () => {
  const before = process.listenerCount("SIGINT");
  const status = await withInterrupt(async ({ seconds, took, signal }) => {
    expect(process.listenerCount("SIGINT")).toBe(before + 1);
    await new Promise((resolve) => setTimeout(resolve, 160));
    expect(10 * seconds()).toBe(Math.round(10 * seconds()));
    expect(seconds()).toBeGreaterThan(0);
    expect(seconds()).toBeLessThan(5);
    expect([took(), signal.aborted]).toEqual([expect.stringMatching(/^\d s$/), false]);
    return 7;
  });
  expect([status, process.listenerCount("SIGINT")]).toEqual([7, before]);
});
