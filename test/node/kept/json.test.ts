import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OutputError } from "../../../src/errors.ts";
import { type OutputFolder, outputFolder } from "../../../src/node/folder.ts";
import { KeptJson } from "../../../src/node/kept/json.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-kept-json-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const folder = (): Promise<OutputFolder> => outputFolder(home, { kind: "edits", keep: true });

describe("kept JSON", () => {
  const kept = async () =>
    KeptJson.open<readonly number[]>(await folder(), { path: "numbers", settings: { of: 1 }, format: "numbers 1" });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("refuses %d, which would be read as 0", async (number) => {
    const ended = (await kept()).write([1, number]);
    await expect(ended).rejects.toThrow(OutputError);
    await expect(ended).rejects.toThrow(new RegExp(`numbers-[0-9a-f]{8}\\.json" cannot be kept: ${number} is`));
    expect((await kept()).found).toBeUndefined();
  });

  test("is of its format", async () => {
    await (await kept()).write([1]);
    expect((await kept()).found).toEqual([1]);
    const other = await KeptJson.open(await folder(), { path: "numbers", settings: { of: 1 }, format: "numbers 2" });
    expect(other.found).toBeUndefined();
  });
});
