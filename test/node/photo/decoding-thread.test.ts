import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { deflateSync } from "node:zlib";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { decodePhoto } from "../../../src/node/photo/decode.ts";
import { decodeApart } from "../../../src/node/photo/decoding-thread.ts";
import { encodeJpeg } from "../../../src/report/jpeg.ts";
import { type PngHeader, readPngHeader } from "../../../src/report/png.ts";
import { built } from "../../built.ts";
import { chunk, joined, png, SIGNATURE } from "./pictures.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
let home: string;
let script: URL;
const at = (name: string): string => join(home, name);

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-decoding-"));
  await build({
    entryPoints: {
      worker: join(ROOT, "src/node/photo/decoding-worker.ts"),
      decode: join(ROOT, "src/node/photo/decode.ts"),
    },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    outdir: home,
    outExtension: { ".js": ".mjs" },
    // as the command line has its decoder
    define: { __dirname: "import.meta.dirname" },
    banner: { js: 'const require = (name) => globalThis.process.getBuiltinModule(name.replace("node:", ""));' },
    logLevel: "silent",
  });
  const wasm = "codec-libjpeg-turbo-8bit/dist/libjpegturbowasm_decode.wasm";
  await copyFile(join(ROOT, "node_modules/@cornerstonejs", wasm), at("libjpegturbowasm_decode.wasm"));
  script = pathToFileURL(at("worker.mjs"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const [WIDTH, HEIGHT] = [2048, 1536];
/** A PNG of three megapixels; the filter of its last row is told. */
function large(filter = 0): Uint8Array {
  const stride = 1 + 3 * WIDTH;
  const rows = new Uint8Array(stride * HEIGHT).map((_, i) => (i % stride === 0 ? 4 : i % 251));
  rows[(HEIGHT - 1) * stride] = filter;
  const { header } = png({ width: WIDTH, height: HEIGHT, color: 2, depth: 8, samples: [] });
  return joined(SIGNATURE, header, chunk("IDAT", deflateSync(rows, { level: 1 })), chunk("IEND", Buffer.alloc(0)));
}

/** All that a failure has to show of a photo. */
const widthOf = async (photo: Promise<{ readonly width: number }>): Promise<number> => (await photo).width;

describe("a large photo is decoded in a thread", () => {
  test("to the bits that it has when it is decoded here, and its bytes stay the caller's", async () => {
    const data = new Uint8Array(3 * 2000 * 1500).map((_, i) => (i * 7) ^ (i >> 9));
    for (const bytes of [large(), encodeJpeg({ width: 2000, height: 1500, channels: 3, data }, 90)]) {
      const here = await decodePhoto(bytes, "a", { script: new URL("nowhere.mjs", script) });
      const before = bytes.slice();
      expect(Buffer.compare((await decodePhoto(bytes, "a", { script })).rgb, here.rgb)).toBe(0);
      expect(Buffer.compare(bytes, before)).toBe(0);
    }
  });

  test("while the event loop goes round", async () => {
    let turns = 0;
    let done = false;
    const decoded = decodePhoto(large(), "a", { script }).then(() => {
      done = true;
    });
    while (!done) {
      turns += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await decoded;
    expect(turns).toBeGreaterThan(20);
  });

  test("which an abort ends, with its reason; the next photo is decoded", async () => {
    const bytes = large();
    await decodePhoto(bytes, "a", { script }); // the thread is there, and knows its code
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 1);
    await expect(widthOf(decodePhoto(bytes, "a", { script, signal: controller.signal }))).rejects.toThrow("enough");
    expect((await decodePhoto(bytes, "a", { script })).width).toBe(WIDTH);
  });

  test("one after the other, and one that is given up while it waits holds up nobody", async () => {
    const bytes = large();
    const { signal } = new AbortController();
    const gone = AbortSignal.abort(new Error("gone"));
    const controller = new AbortController();
    const waiting = decodePhoto(bytes, "first", { script, signal });
    const given = decodePhoto(bytes, "second", { script, signal: controller.signal });
    const last = decodePhoto(bytes, "third", { script });
    controller.abort(new Error("given up"));
    await expect(widthOf(given)).rejects.toThrow("given up");
    await expect(widthOf(decodePhoto(bytes, "fourth", { script, signal: gone }))).rejects.toThrow("gone");
    expect([(await waiting).height, (await last).height]).toEqual([HEIGHT, HEIGHT]);
  });

  test("and what is wrong with it is said as it is said here", async () => {
    const said = async (where: URL): Promise<unknown> => {
      const error = await decodePhoto(large(9), "a.png", { script: where }).catch((error) => error);
      const { name, code, message, fix, cause } = error;
      return { name, code, message, fix, cause: [cause.constructor.name, cause.message, cause.truncated] };
    };
    const apart = await said(script);
    expect(apart).toMatchObject({ name: "PhotoError", message: expect.stringContaining("unknown filter") });
    expect(apart).toEqual(await said(new URL("nowhere.mjs", script)));
  });

  test("which is kept for five seconds, and ended then", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const ended = vi.spyOn(Worker.prototype, "terminate");
    try {
      await decodePhoto(large(), "a", { script });
      vi.advanceTimersByTime(4000);
      await decodePhoto(large(), "a", { script });
      vi.advanceTimersByTime(4000);
      expect(ended).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1000);
      expect(ended).toHaveBeenCalledTimes(1);
      await ended.mock.results[0]!.value;
      expect((await decodePhoto(large(), "a", { script })).width).toBe(WIDTH);
    } finally {
      ended.mockRestore();
      vi.useRealTimers();
    }
  });

  test("by a new one, if it is asked at the moment when the kept one is ended", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const asked = vi.spyOn(Worker.prototype, "postMessage");
    try {
      await decodePhoto(large(), "a", { script });
      vi.advanceTimersByTime(5000);
      for (let i = 0; i < 2; i++) await decodePhoto(large(), "a", { script });
      expect(asked).toHaveBeenCalledTimes(3);
      expect(new Set(asked.mock.contexts).size).toBe(2);
    } finally {
      asked.mockRestore();
      vi.useRealTimers();
    }
  });

  test("and not what cannot be sent there, or what the thread fails at; the next one is", async () => {
    const bytes = large();
    const header = readPngHeader(bytes);
    const ended = vi.spyOn(Worker.prototype, "terminate");
    const asked = vi.spyOn(Worker.prototype, "postMessage");
    try {
      const unsent = { ...header, toString: () => "" };
      const unknown = null as unknown as PngHeader;
      for (const [i, header] of [unsent, unknown].entries()) {
        expect(await decodeApart({ kind: "PNG", bytes, header }, { script })).toBeUndefined();
        expect(ended).toHaveBeenCalledTimes(i + 1);
      }
      expect((await decodeApart({ kind: "PNG", bytes, header }, { script }))?.width).toBe(WIDTH);
      expect(asked).toHaveBeenCalledTimes(3);
    } finally {
      ended.mockRestore();
      asked.mockRestore();
    }
  });

  test.each([
    ["ends", "process.exit(0);"],
    ["fails", 'throw new Error("no such thing");'],
    [
      "ends when it is asked",
      'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => process.exit(1));',
    ],
  ])("or here, where the thread %s", async (name, text) => {
    const broken = at(`${name.replaceAll(" ", "-")}.mjs`);
    await writeFile(broken, text);
    for (let i = 0; i < 2; i++) {
      expect((await decodePhoto(large(), "a", { script: pathToFileURL(broken) })).width).toBe(WIDTH);
    }
  });
});

/** Runs a program beside the bundles; gives what it prints. */
async function ran(text: string, ...flags: readonly string[]): Promise<string> {
  await writeFile(at("program.mjs"), text);
  await writeFile(at("a.png"), large());
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, at("program.mjs")]);
  return stdout;
}
const PROGRAM = `import { readFileSync } from "node:fs";
  import { decodePhoto } from "./decode.mjs";
  const script = new URL("./worker.mjs", import.meta.url);
  const bytes = readFileSync(new URL("./a.png", import.meta.url));`;

test("a program ends when it is done, though its thread is kept for the next photo", async () => {
  // Would a thread that is kept hold the program, its end would come five seconds later.
  const text = `${PROGRAM}
    const { rgb } = await decodePhoto(bytes, "a", { script });
    const kept = process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort|Timeout/.test(name));
    console.log(rgb.length, kept.join());`;
  expect(await ran(text)).toBe(`${3 * WIDTH * HEIGHT} \n`);
});

test("its pixels are held by nobody but who asked for them", async () => {
  const text = `${PROGRAM}
    const held = await decodePhoto(bytes, "a", { script }).then(({ rgb }) => new WeakRef(rgb));
    for (let i = 0; i < 20 && held.deref(); i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      gc();
    }
    console.log(held.deref() === undefined);`;
  expect(await ran(text, "--expose-gc")).toBe("true\n");
});

test("where memory runs out that is said, and not that the photo is damaged", async () => {
  const edge = 7000; // 147 MB of pixels, which are there twice for a moment
  const rows = deflateSync(Buffer.alloc((1 + 3 * edge) * edge), { level: 1 });
  const { header } = png({ width: edge, height: edge, color: 2, depth: 8, samples: [] });
  await writeFile(at("huge.png"), joined(SIGNATURE, header, chunk("IDAT", rows), chunk("IEND", Buffer.alloc(0))));
  await writeFile(
    at("program.mjs"),
    `import { readFileSync } from "node:fs";
     import { decodePhoto } from "./decode.mjs";
     const bytes = readFileSync(new URL("./huge.png", import.meta.url));
     let left = [new ArrayBuffer(2 ** 27), new ArrayBuffer(80e6)];
     const taken = [];
     try {
       for (;;) taken.push(new ArrayBuffer(2 ** 24));
     } catch {}
     left = undefined;
     gc();
     const script = new URL("./nowhere.mjs", import.meta.url);
     const { code, message } = await decodePhoto(bytes, "a", { script }).catch((error) => error);
     console.log(taken.length > 20, code, message);`,
  );
  const limited = `ulimit -v 3000000; exec "$0" --expose-gc "$1"`;
  const { stdout } = await promisify(execFile)("sh", ["-c", limited, process.execPath, at("program.mjs")]);
  expect(stdout).toMatch(/^true host-memory "a" needs more memory than this machine has left\. Close /);
});

test("where threads are forbidden it is decoded here", async () => {
  const flag = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";
  const text = `${PROGRAM}
    console.log((await decodePhoto(bytes, "a", { script })).rgb.length);`;
  expect(await ran(text, flag, "--allow-fs-read=*")).toBe(`${3 * WIDTH * HEIGHT}\n`);
});

test("the built command line starts the thread, and says what it found", async () => {
  await built();
  await writeFile(at("bad.png"), large(9));
  await writeFile(
    at("watch.mjs"),
    `import threads from "node:worker_threads";
     import { syncBuiltinESMExports } from "node:module";
     const { Worker } = threads;
     threads.Worker = class extends Worker {
       constructor(script, ...rest) {
         super(script, ...rest);
         this.once("message", ({ fault }) => console.error("thread:", fault));
       }
     };
     syncBuiltinESMExports();`,
  );
  const args = ["--import", at("watch.mjs"), join(ROOT, "dist/cli.js"), "occlude", at("bad.png"), "--concept", "sky"];
  const error = await promisify(execFile)(process.execPath, args).catch((error) => error);
  expect(error).toMatchObject({ code: 4, stderr: expect.stringContaining("thread: has a row with an unknown filter") });
  expect(error.stderr).toContain('"bad.png" is a PNG that has a row with an unknown filter.');
});
