import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OutputError } from "../../src/errors.ts";
import { thisMachine, threadPool } from "../../src/node/drawing-threads.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import type { DrawingPlan } from "../../src/report/drawing.ts";
import { handsFor } from "../../src/report/drawing-pool.ts";
import { memoryFolder } from "../../src/report/folder.ts";
import { writeReport } from "../../src/report/write.ts";
import { fixture, PROVENANCE } from "../report/fixture.ts";

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));
const options = { encoder: nodeEncoder(), provenance: PROVENANCE };
let home: string;
let script: URL;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-drawing-"));
  await build({
    entryPoints: { worker: join(SRC, "node/drawing-worker.ts"), threads: join(SRC, "node/drawing-threads.ts") },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    outdir: home,
    outExtension: { ".js": ".mjs" },
    logLevel: "silent",
  });
  script = pathToFileURL(join(home, "worker.mjs"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function write(pool?: Parameters<typeof writeReport>[3]["pool"]) {
  const { dissection, pictures } = fixture();
  const folder = memoryFolder();
  await writeReport(folder, dissection, pictures(), { ...options, pool });
  return folder.files;
}

describe("threads", () => {
  test("write what one thread writes, byte for byte", async () => {
    const [expected, files] = [await write(), await write((plan) => threadPool(plan, { script, threads: 2 }))];
    expect([...files.keys()]).toEqual([...expected.keys()]);
    for (const [path, data] of expected) {
      expect(Buffer.from(files.get(path)!).equals(Buffer.from(data)), path).toBe(true);
    }
  });

  test.each([
    ['throw new Error("no such thing");', "A thread that draws pictures ended: no such thing."],
    ["process.exit(3);", "A thread that draws pictures ended."],
  ])("that end by themselves cost no pictures, and it is said once: %s", async (text, message) => {
    const broken = pathToFileURL(join(home, "broken.mjs"));
    await writeFile(broken, text);
    const lost: Error[] = [];
    const files = await write((plan) =>
      threadPool(plan, { script: broken, threads: 2, onLost: (error) => lost.push(error) }),
    );
    expect(files).toEqual(await write());
    expect(lost).toHaveLength(1);
    expect(lost[0]).toBeInstanceOf(OutputError);
    expect(lost[0]!.message).toContain(message);
  });

  test("that run out of memory cost none either", async () => {
    const greedy = pathToFileURL(join(home, "greedy.mjs"));
    await writeFile(
      greedy,
      `import { parentPort } from "node:worker_threads";
       parentPort.on("message", ({ job }) => { for (const all = []; job; ) all.push(new Array(1e5).fill(job)); });`,
    );
    const lost: Error[] = [];
    const plan = (given: DrawingPlan) => ({ ...given, largest: -3.5e6 }); // 26 MiB
    const files = await write((given) =>
      threadPool(plan(given), { script: greedy, threads: 2, onLost: (error) => lost.push(error) }),
    );
    expect(files).toEqual(await write());
    expect(lost[0]!.message).toContain("memory");
  });

  test("that cannot read what they are sent end, and others draw it", async () => {
    const deaf = pathToFileURL(join(home, "deaf.mjs"));
    await writeFile(
      deaf,
      `import { parentPort } from "node:worker_threads";
       import "./worker.mjs";
       parentPort.emit("messageerror", new Error("what came could not be read"));`,
    );
    const lost: Error[] = [];
    const files = await write((plan) =>
      threadPool(plan, { script: deaf, threads: 2, onLost: (error) => lost.push(error) }),
    );
    expect(files).toEqual(await write());
    expect(lost[0]!.message).toContain("what came could not be read");
  });

  test("that may not be started leave the drawing to the caller, and the program ends", async () => {
    const program = join(home, "forbidden.mjs");
    const plan = { layers: [], segmentationSize: 8, colors: [], pixels: 0, largest: 1, page: {} };
    await writeFile(
      program,
      `import { threadPool } from "./threads.mjs";
       const script = new URL("./worker.mjs", import.meta.url);
       console.log(threadPool(${JSON.stringify(plan)}, { script, threads: 3 }));`,
    );
    const flag = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";
    const args = [flag, "--allow-fs-read=*", program];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
    expect(stdout).toBe("undefined\n");
  });

  test("are none in a CommonJS bundle, which does not know where it lies", async () => {
    const bundle = join(home, "threads.cjs");
    const entry = join(SRC, "node/drawing-threads.ts");
    await build({
      entryPoints: [entry],
      bundle: true,
      format: "cjs",
      platform: "node",
      outfile: bundle,
      logLevel: "silent",
    });
    const plan = { pixels: 1e9, largest: 1e6 } as DrawingPlan;
    const { threadPool: bundled } = createRequire(import.meta.url)(bundle) as { threadPool: typeof threadPool };
    expect(bundled(plan, { threads: 2 })).toBeUndefined();
  });

  test("are as many as a Mac's memory allows, of which it does not say what is free", () => {
    const { platform } = process;
    try {
      Object.defineProperty(process, "platform", { value: "darwin" });
      expect(thisMachine().memory).toBe(totalmem() / 2);
    } finally {
      Object.defineProperty(process, "platform", { value: platform });
    }
    expect(thisMachine().memory).toBeGreaterThan(2 ** 20);
  });

  test("that nobody waits for do not keep a program alive, closed or not", async () => {
    const program = join(home, "program.mjs");
    const plan = { layers: [], segmentationSize: 8, colors: [], pixels: 0, largest: 1, page: {} };
    await writeFile(
      program,
      `import { threadPool } from "./threads.mjs";
       const pool = threadPool(${JSON.stringify(plan)}, { script: new URL("./worker.mjs", import.meta.url), threads: 3 });
       const pictures = { layer: "layer9", unit: 0, tops: [] };
       await pool.draw({ pictures, level: 0, embed: [] }).catch(({ name, code }) => console.log(name, code));`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 20_000 });
    expect(stdout).toBe("OutputError output\n");
  });

  test("are none where they do not help", () => {
    const plan = { pixels: 1e9, largest: 1e6 } as DrawingPlan;
    const machine = { cores: 8, memory: 64e9 };
    expect(handsFor(plan, machine)).toBe(8);
    expect(handsFor(plan, { ...machine, cores: 1 })).toBe(0);
    expect(handsFor(plan, { ...machine, cores: 64 })).toBe(12);
    expect(handsFor(plan, { ...machine, memory: 2e9 })).toBe(4);
    expect(handsFor(plan, { ...machine, memory: 5e8 })).toBe(0);
    expect(handsFor({ ...plan, pixels: 5e6 }, machine)).toBe(0);
    expect(handsFor({ ...plan, largest: 1e8 }, machine)).toBe(7);
    expect(threadPool(plan, { script, threads: 0 })).toBeUndefined();
  });

  test.each([
    ["no number", { threads: "abc" as unknown as number }, /^abc threads make no sense.*whole number/],
    ["a negative number", { threads: -2 }, /^-2 threads/],
    ["a part of one", { threads: 1.5 }, /^1.5 threads/],
    [
      "a script that is not there",
      { threads: 2, script: new URL("nowhere.mjs", import.meta.url) },
      /no threads' script/,
    ],
    ["a script on the net", { threads: 2, script: new URL("https://example.org/worker.js") }, /no threads' script/],
  ])("are refused: %s", (_, wrong, message) => {
    const plan = { pixels: 1e9, largest: 1e6 } as DrawingPlan;
    expect(() => threadPool(plan, wrong)).toThrow(expect.objectContaining({ code: "usage" }));
    expect(() => threadPool(plan, wrong)).toThrow(message);
  });
});
