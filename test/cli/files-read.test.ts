import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { bytesOf, openFile, textOf } from "../../src/cli/files-read.ts";
import { speak } from "../../src/cli/progress.ts";

afterEach(() => {
  speak({});
  vi.restoreAllMocks();
});

test.each([true, false])("files are what they are, and told only with --verbose: %s", async (verbose) => {
  const folder = await mkdtemp(join(tmpdir(), "ganatomy-read-"));
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  speak({ verbose });
  try {
    const path = join(folder, "a.json");
    await writeFile(path, "[12]");
    const refuse = () => "refused";
    expect((await openFile(path)).size).toBe(4);
    expect(await textOf(path, refuse)).toBe("[12]");
    expect(`${await bytesOf(path, refuse)}`).toBe("[12]");
    expect(await textOf(join(folder, "none"), refuse)).toBe("refused");
    await expect(openFile(join(folder, "none"))).rejects.toThrow("There is no file");
    const lines = [`${path} (4 bytes)`, path, path, join(folder, "none")].map((what) => `Reading ${what}\n`);
    expect(said.mock.calls.map(([text]) => `${text}`.replace("\r\x1b[K", ""))).toEqual(verbose ? lines : []);
  } finally {
    await rm(folder, { recursive: true });
  }
});
