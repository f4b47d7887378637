import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AceSettings } from "../../../src/causality/ace-options.ts";
import type { AceSnapshot } from "../../../src/causality/index.ts";
import { AceState } from "../../../src/cli/ace/state.ts";
import type { OutputFolder } from "../../../src/node/folder.ts";
import { outputFolder } from "../../node/abandoned.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-ace-state-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const folder = (): Promise<OutputFolder> => outputFolder(home, { kind: "edits", keep: true });

const SETTINGS: AceSettings = {
  layer: "layer4",
  concept: "tree",
  initial: Float32Array.of(0.5, 1),
  searchSize: 300,
  trainSize: 20,
  evalSize: 4,
  places: 1,
  epochs: 6,
  rate: 0.03,
  lambda: 0.005,
  presentSeed: 10,
  candidateSeed: 11,
  seed: 1,
  segmentationSize: 32,
  grid: [32, 32],
  batch: 10,
  signal: undefined,
};

const feature = Float32Array.of(0.1, 2);
const found = [{ image: 1, cell: 2, score: 0.5 }];
const present = { found, feature };
const corpus = { present: found, candidates: found, trainSize: 20, evalSize: 4, feature };
const evaluation = { loss: 1, erase: 2, add: 1, regularizer: 0.1, both20: 1, left10: 3, left20: 2 };
const snapshot: AceSnapshot = {
  epoch: -1,
  alpha: Float32Array.of(0.5, 1),
  moments: new Float32Array(8).fill(0.1),
  trained: 0,
  evaluation,
};

const open = async (more: Partial<AceSettings> = {}, pixels: readonly number[] = [1, 2]): Promise<AceState> =>
  AceState.open(await folder(), "layer4/ace/tree", { ...SETTINGS, ...more }, { model: "church", pixels });

async function keepAll(state: AceState): Promise<void> {
  await state.keep({ type: "present", present });
  await state.keep({ type: "corpus", corpus });
  await state.keep({ type: "epoch", snapshot });
}

const NOTHING = { present: undefined, corpus: undefined, snapshots: [] };

describe("a search", () => {
  test("every phase of a killed one is kept, for the models that it was of", async () => {
    await (await open()).keep({ type: "present", present });
    expect((await open()).resume).toEqual({ ...NOTHING, present });
    await (await open()).keep({ type: "corpus", corpus });
    expect((await open()).resume).toEqual({ ...NOTHING, present, corpus });
    await (await open()).keep({ type: "epoch", snapshot });
    await (await open()).keep({ type: "epoch", snapshot: { ...snapshot, epoch: 0 } });
    expect((await open()).resume).toEqual({ present, corpus, snapshots: [snapshot, { ...snapshot, epoch: 0 }] });
    // Another model of the same name makes other images.
    expect((await open({}, [1, 3])).resume).toEqual(NOTHING);
  });

  test.each<[Partial<AceSettings>, object]>([
    [{ epochs: 7 }, { present, corpus }],
    [{ lambda: 0.1 }, { present, corpus }],
    [{ batch: 20 }, { present, corpus }],
    [{ initial: Float32Array.of(1, 0.5) }, { present, corpus }],
    [{ rate: 0.1 }, { present, corpus }],
    [{ trainSize: 40 }, { present }],
    [{ places: 5 }, { present }],
    [{ seed: 2 }, { present }],
    [{ searchSize: 400 }, {}],
    [{ segmentationSize: 16 }, {}],
  ])("with %j begins with what does not depend on it, and loses nothing", async (more, kept) => {
    await keepAll(await open());
    const other = await open(more);
    expect(other.resume).toEqual({ ...NOTHING, ...kept });
    await keepAll(other);
    expect((await open()).resume).toEqual({ present, corpus, snapshots: [snapshot] });
  });

  test("a damaged file is not believed", async () => {
    await keepAll(await open());
    const at = join(home, "layer4/ace/tree");
    const names = await readdir(at);
    expect(names.map((name) => name.replace(/-[0-9a-f]{8}\.json$/, "")).sort()).toEqual([
      "corpus",
      "epochs",
      "present",
    ]);
    for (const name of names) {
      const text = await readFile(join(at, name), "utf8");
      await writeFile(join(at, name), "{}");
      await expect(open()).rejects.toThrow(/damaged.*Remove it/);
      await writeFile(join(at, name), text);
    }
  });
});
