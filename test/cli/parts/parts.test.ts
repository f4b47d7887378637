import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ranges } from "../../../src/cli/parts/merge.ts";
import { FolderLock } from "../../../src/node/lock.ts";
import { built } from "../../built.ts";
import { EMBEDDED, type Ended, GOLDEN, run, start } from "../ganatomy.ts";
import { contents } from "./contents.ts";

let home: string;
beforeAll(async () => {
  await built();
  home = await mkdtemp(join(tmpdir(), "ganatomy-parts-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Some twenty processes, one after the other, each of which loads models and compiles kernels. */
const SECONDS = 600;

const ganatomy = (...args: string[]): Promise<Ended> => run(args, { cwd: home });
const dissection = (outdir: string, size = 9): readonly string[] => [
  ...["--size", `${size}`, "--layers", "layer2", "--examples", "2", "--batch", "4", "--outdir", outdir],
];
const ONE_LEVEL = ["--quantile-threshold", "0.01"];

async function expectSame(outdir: string, whole: string): Promise<void> {
  const [report, expected] = [await contents(home, outdir), await contents(home, whole)];
  expect(expected.size).toBeGreaterThan(1000);
  expect([...report.keys()]).toEqual([...expected.keys()]);
  for (const [name, text] of expected) expect(report.get(name) === text, name).toBe(true);
}

test(
  "three uneven parts in processes side by side make the report of one run",
  async () => {
    expect((await ganatomy("dissect", "--json", ...dissection("whole"))).status).toBe(0);
    const plan = ["plan", "three", "--split=2,4,3", "--jobs", "2", "--json", ...dissection("from three")];
    // Interrupted once, the same command goes on.
    const first = start(plan, { cwd: home });
    await first.said(/Pass 1 is merged/);
    first.interrupt();
    const interrupted = await first.ended;
    expect([interrupted.status, interrupted.stderr]).toEqual([
      130,
      expect.stringContaining("the same command goes on"),
    ]);
    const { status, stdout, stderr } = await ganatomy(...plan);
    expect([status, stderr]).toEqual([0, expect.not.stringContaining("Pass 1 is merged (")]);
    expect(JSON.parse(stdout)).toMatchObject({ complete: true, layers: [{ layer: "layer2" }] });
    await expectSame("from three", "whole");
    // What was counted is gone: merged passes are all that is needed.
    expect((await readdir(join(home, "three", "pass-5"))).sort()).toEqual(["merged"]);
  },
  SECONDS * 1000,
);

test(
  "parts in any order, one of them killed and one interrupted, make the report of one run",
  async () => {
    const size = 44;
    expect((await ganatomy("dissect", ...dissection("whole 44", size), ...ONE_LEVEL)).status).toBe(0);
    const made = await ganatomy("plan", "two", "--split", "40,4", ...dissection("from two", size), ...ONE_LEVEL);
    expect([made.status, made.stderr]).toEqual([0, expect.stringContaining("44 images in 2 parts, 4 passes. Next: ")]);
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      const part = start(["part", "two", "1"], { cwd: home });
      await part.said(/activations: \d+ %/);
      part.kill(signal);
      await part.ended;
    }
    expect((await ganatomy("part", "two", "2")).status).toBe(0);
    const early = await ganatomy("merge", "two");
    expect([early.status, early.stderr]).toEqual([5, expect.stringMatching(/Pass 1 of ".*" lacks part 1 of 2\./)]);
    const again = await ganatomy("part", "two", "1");
    expect([again.status, again.stderr]).toEqual([0, expect.stringMatching(/Going on from image \d+\..*is done/s)]);
    expect((await ganatomy("part", "two", "1")).stderr).toContain("Part 1 of pass 1 is there already.");
    const soon = await ganatomy("part", "two", "1", "--pass", "2");
    expect([soon.status, soon.stderr]).toEqual([5, expect.stringContaining("Pass 1 of")]);
    expect((await ganatomy("merge", "two")).stderr).toContain("Pass 1 is merged");
    for (const pass of ["2", "3", "4"]) {
      for (const part of ["2", "1"]) expect((await ganatomy("part", "two", part, "--pass", pass)).status).toBe(0);
      expect((await ganatomy("merge", "two", "--pass", pass)).status).toBe(0);
    }
    await expectSame("from two", "whole 44");
    expect((await ganatomy("part", "two", "1")).stderr).toContain("nothing is left for it");
  },
  SECONDS * 1000,
);

test("what does not fit is refused", async () => {
  const plan = async (name: string, ...more: string[]): Promise<Ended> =>
    ganatomy("plan", name, ...dissection("never"), ...more);
  for (const [more, status, said] of [
    [["--split", "2,3"], 2, /Parts of 2, 3 images are 5 of 9/],
    [["--split", "10"], 2, /9 images are no 10 parts/],
    [["--split", "0"], 2, /a number of parts/],
    [["--split", "2", "--time", "1:00"], 2, /--time is of Slurm's jobs/],
    [["--split", "2", "--layers", "layer99"], 2, /layer99/],
  ] as const) {
    const ended = await plan("bad", ...more);
    expect([ended.status, ended.stderr]).toEqual([status, expect.stringMatching(said)]);
  }
  expect(await readdir(home)).not.toContain("bad");
  expect((await plan("good", "--split", "3")).status).toBe(0);
  expect((await plan("good", "--split", "3")).status).toBe(0);
  const other = await plan("good", "--split", "2");
  expect([other.status, other.stderr]).toEqual([5, expect.stringContaining('"good" holds another plan')]);
  for (const args of [
    ["part", "nowhere", "1"],
    ["merge", "nowhere"],
  ]) {
    const ended = await ganatomy(...args);
    expect([ended.status, ended.stderr]).toEqual([4, expect.stringMatching(/is not there.*plan PLAN --split N/s)]);
  }
  const none = await ganatomy("part", "good", "4");
  expect([none.status, none.stderr]).toEqual([2, expect.stringContaining("The plan has parts 1 to 3")]);
  // What is advised are options that there are.
  const first = join(home, "good", "pass-1", "part-1");
  await mkdir(first, { recursive: true });
  await writeFile(join(first, "notes.txt"), "mine");
  const taken = await ganatomy("part", "good", "1");
  expect([taken.status, taken.stderr]).toEqual([
    5,
    expect.stringContaining("fix: Move what is not of ours away, or make the plan in another folder."),
  ]);
  const held = join(home, "good", "pass-1", "part-2");
  await mkdir(held);
  const lock = await FolderLock.take(held, held);
  const waiting = await ganatomy("part", "good", "2");
  lock.release();
  expect([waiting.status, waiting.stderr]).toEqual([
    5,
    expect.stringContaining("fix: Wait until it is done, or make the plan in another folder. (If"),
  ]);
  await mkdir(join(home, "foreign"));
  await writeFile(join(home, "foreign", "notes.txt"), "mine");
  const foreign = await ganatomy("plan", "foreign", "--split", "3", ...dissection("never"));
  expect([foreign.status, foreign.stderr]).toEqual([
    5,
    expect.stringContaining("fix: Choose another folder for the plan, or add --force to"),
  ]);
  const file = join(home, "good", "plan.json");
  const text = await readFile(file, "utf8");
  for (const [from, to, said] of [
    [/"version": "[^"]*"/, '"version": "0.0.1"', /is of ganatomy 0\.0\.1/],
    [/"sha256": "./, '"sha256": "x', /is not what it was when the plan was made/],
    [/"cwd": "/, '"cwd": "/nowhere', /relative to "\/nowhere/],
    [/"end": 3/, '"end": 4', /is no plan, or is damaged/],
    [/^\{/, "", /is no plan, or is damaged/],
  ] as const) {
    await writeFile(file, text.replace(from, to));
    const ended = await ganatomy("part", "good", "1");
    expect([ended.status, ended.stderr]).toEqual([4, expect.stringMatching(said)]);
  }
});

test("a plan keeps a token, which parts need, and says so", async () => {
  const bytes = await readFile(join(GOLDEN, "progan-tiny.zip.pth"));
  const server = createServer((_, response) => response.end(bytes));
  await once(server.listen(0, "127.0.0.1"), "listening");
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/church.pth`;
    const plan = async (name: string, model: string): Promise<string> => {
      const args = ["plan", name, "--split", "2", "--size", "4", "--model", model, "--segmenter", EMBEDDED];
      const { status, stderr } = await run(args, { cwd: home });
      expect([status, stderr]).toEqual([0, expect.not.stringContaining("secret")]);
      return stderr;
    };
    expect(await plan("token", `${url}?token=secret`)).toContain("holds the whole address of --model, as parts need");
    expect((await readFile(join(home, "token", "plan.json"), "utf8")).match(/.*secret.*/g)).toEqual([
      expect.stringContaining(`"model": "${url}?token=secret"`),
    ]);
    expect(await plan("open", url)).not.toContain("holds the whole address");
  } finally {
    server.close();
  }
});

test("numbers are told in runs", () => {
  expect(ranges([1, 2, 3, 7, 9, 10])).toBe("1-3, 7, 9-10");
  expect(ranges([4])).toBe("4");
});
