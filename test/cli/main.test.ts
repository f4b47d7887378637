import { mkdtemp, readdir, rm } from "node:fs/promises";
import module from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { VERSION } from "../../src/version.ts";
import { built } from "../built.ts";
import { SLOW, start } from "./ganatomy.ts";

beforeAll(() => built());

test("what Node compiled is kept for the next start, where Node can", async () => {
  const folder = await mkdtemp(join(tmpdir(), "ganatomy-compiled-"));
  try {
    const env = { NODE_COMPILE_CACHE: folder };
    for (const _ of ["first", "second"]) {
      expect(await start(["--version"], { env }).ended).toEqual({ status: 0, stdout: `${VERSION}\n`, stderr: "" });
    }
    const kept = await readdir(folder);
    expect(kept.length > 0).toBe("enableCompileCache" in module);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("its exit status is that of the command line, also where nothing ran", async () => {
  expect(await start(["nonsense"]).ended).toMatchObject({ status: 2, stdout: "" });
  expect(await start([]).ended).toMatchObject({ status: 0, stdout: expect.stringContaining("Usage: ganatomy") });
});

test.each(["help dissct", "dissct --help", "dissct"])("%s says which command is near", async (line) => {
  const { status, stderr } = await start(line.split(" ")).ended;
  expect([status, stderr]).toEqual([2, expect.stringContaining("Did you mean dissect?")]);
});

test("help of a command is what --help says, and quiet commands say nothing but what is wrong", async () => {
  const help = await start(["help", "walk"]).ended;
  expect(help).toEqual(await start(["walk", "--help"]).ended);
  const info = ["info", "weights/scenes64/generator.safetensors", "--quiet"];
  // On lavapipe Dawn itself writes to stderr.
  expect(await start(info, { env: SLOW }).ended).toMatchObject({
    status: 0,
    stderr: "",
    stdout: expect.stringContaining("layer4"),
  });
  const missing = await start(["generate", "--quiet", "--model", "none.pth"]).ended;
  expect([missing.status, missing.stderr]).toEqual([4, expect.stringMatching(/^error: .*none\.pth/)]);
});
