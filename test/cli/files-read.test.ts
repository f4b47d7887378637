import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { bytesOf, ofFile, openFile, textOf } from "../../src/cli/files-read.ts";
import { speak } from "../../src/cli/progress.ts";
import { type GanatomyError, LabelsError, UsageError, WeightsError } from "../../src/errors.ts";

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

test.each([
  [
    "no option's fault",
    new UsageError("The report is no JSON.", "Write it again."),
    ["file", 'In "a.json": The report is no JSON. Write it again.'],
  ],
  [
    "named already",
    new UsageError('"a.json" is none.', "Write it again."),
    ["file", '"a.json" is none. Write it again.'],
  ],
  ["of another kind", new LabelsError("No labels.", "Name them."), ["labels", 'In "a.json": No labels. Name them.']],
])("what is wrong in a file is told with its path: %s", async (_, thrown, told) => {
  const error: unknown = await ofFile("a.json", () => Promise.reject(thrown)).catch((reason) => reason);
  expect([(error as GanatomyError).code, (error as GanatomyError).message]).toEqual(told);
  expect((error as GanatomyError).cause).toBe(thrown);
});

test("where the library speaks of checkpoints, another fix may be given", async () => {
  const told = (code: "weights-format" | "weights-unsafe") =>
    ofFile("a.jpg", () => Promise.reject(new WeightsError(code, '"a.jpg" is none.', "Save weights.")), "Give rows.");
  await expect(told("weights-format")).rejects.toMatchObject({ code: "weights-format", fix: "Give rows." });
  await expect(told("weights-unsafe")).rejects.toMatchObject({ code: "weights-unsafe", fix: "Save weights." });
  const other = new TypeError("of ours");
  await expect(ofFile("a.jpg", () => Promise.reject(other))).rejects.toBe(other);
  expect(await ofFile("a.jpg", () => 3)).toBe(3);
});
