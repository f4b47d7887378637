import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { loadingOf, openModel, openSegmenter } from "../../src/cli/models.ts";
import { Progress, speak } from "../../src/cli/progress.ts";
import { startServer, withRanges } from "../weights/server.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ganatomy-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("an ONNX file is a segmenter with the labels.json beside it", async () => {
  const path = join(folder, "deeplab.onnx");
  await writeFile(path, "1234");
  await expect(openSegmenter(path)).rejects.toThrow("has weights but no labels.json");
  await writeFile(join(folder, "labels.json"), "{}");
  const { name, files } = await openSegmenter(path);
  expect(name).toBe("deeplab");
  expect("weights" in files && [files.weights.size, files.labels.size]).toEqual([4, 2]);
  await expect(openSegmenter(join(folder, "gone.onnx"))).rejects.toThrow("neither a folder nor the name");
});

test("a report's folder does not hide the embedded model of its name, a segmenter's does", async () => {
  const before = process.cwd();
  const folder = await mkdtemp(join(tmpdir(), "ganatomy-"));
  try {
    await mkdir(join(folder, "scenes64"));
    await writeFile(join(folder, "scenes64", "report.html"), "");
    process.chdir(folder);
    expect((await openModel("scenes64", {})).name).toBe("scenes64");
    const { files } = await openSegmenter("scenes64");
    expect("weights" in files && files.weights.size).toBeGreaterThan(1000);
    await writeFile(join(folder, "scenes64", "segmenter.safetensors"), "mine");
    await writeFile(join(folder, "scenes64", "labels.json"), "{}");
    const own = await openSegmenter("scenes64");
    expect("weights" in own.files && own.files.weights.size).toBe(4);
  } finally {
    process.chdir(before);
    await rm(folder, { recursive: true });
  }
});

test("a checkpoint has the SHA-256 that was given, or is refused", async () => {
  const path = join(folder, "church.pth");
  await writeFile(path, "abc");
  // FIPS 180-2, B.1
  const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  for (const right of [sha256, sha256.slice(0, 8)]) {
    const { name, source } = await openModel(path, { sha256: right });
    expect([name, source.size]).toEqual(["church", 3]);
  }
  await expect(openModel(path, { sha256: sha256.replace("b", "c") })).rejects.toThrow(
    /church\.pth has SHA-256 ba7816bf/,
  );
});

test("what is downloaded whole, as its SHA-256 is known, is kept for the next run; the rest is not", async () => {
  const server = await startServer();
  const file = Buffer.alloc(300_000, 7);
  server.handler = withRanges(file);
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
  try {
    const { signal } = new AbortController();
    const running = { signal, progress: new Progress(), note: () => {} };
    const sha256 = createHash("sha256").update(file).digest("hex");
    const url = `${server.url}generator.pth`;
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    speak({ verbose: true });
    for (const _ of [1, 2]) {
      const { source } = await openModel(`${url}?key=secret`, loadingOf(running, { sha256 }));
      expect(Buffer.from(await source.read(0, file.length))).toEqual(file);
    }
    const told = said.mock.calls.map(([text]) => `${text}`).filter((text) => text.includes("cache"));
    said.mockRestore();
    expect(told.join("")).not.toContain("secret");
    expect(told).toEqual([
      expect.stringContaining(`${url} is not yet in the cache ${join(folder, "cache")}`),
      expect.stringContaining(`${url} is in the cache `),
    ]);
    // The first bytes tell how large it is; nothing was asked for the second time.
    const asked = [...server.log];
    expect(asked[0]).toMatch(/^GET \/generator.pth/);
    await openModel(`${url}?key=secret`, loadingOf(running, { sha256: sha256.slice(0, 8) }));
    expect(server.log).toEqual(asked);
    await openModel(url, loadingOf(running));
    expect(server.log.length).toBeGreaterThan(asked.length);
  } finally {
    speak({});
    vi.unstubAllEnvs();
    await server.close();
  }
});
