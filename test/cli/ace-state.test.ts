import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AceState } from "../../src/cli/ace/state.ts";
import { outputFolder } from "../../src/node/folder.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-ace-state-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const open = async (pixels: readonly number[]): Promise<AceState> =>
  AceState.open(await outputFolder(home, { kind: "edits", keep: true }), "layer4/state.json", {
    name: "church",
    pixels,
  });

test("every phase of a killed search is kept, for the models that it was of", async () => {
  const feature = Float32Array.of(0.1, 2);
  const found = [{ image: 1, cell: 2, score: 0.5 }];
  await (await open([1, 2])).keep({ type: "present", present: { found, feature } });
  const second = await open([1, 2]);
  expect(second.resume).toEqual({ present: { found, feature }, corpus: undefined, snapshots: [] });
  const corpus = { present: found, candidates: found, trainSize: 20, evalSize: 4, feature };
  await second.keep({ type: "corpus", corpus });
  expect((await open([1, 2])).resume).toEqual({ present: undefined, corpus, snapshots: [] });
  // Another model of the same name makes other images.
  expect((await open([1, 3])).resume).toEqual({ present: undefined, corpus: undefined, snapshots: [] });
  await writeFile(join(home, "layer4/state.json"), "{}");
  await expect(open([1, 2])).rejects.toThrow(/damaged.*Remove it/);
});
