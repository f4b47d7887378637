import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { dissect, loadGenerator, loadSegmenter, openCheckpoint } from "../../src/index.ts";
import { type DissectJson, toGandissect } from "../../src/report/gandissect.ts";
import { toTensors } from "../../src/report/tensors.ts";
import { buildCli, start } from "../cli/ganatomy.ts";
import { requestDevice } from "../gpu.ts";

interface GoldenUnit {
  readonly unit: number;
  readonly labelnum: number;
  readonly iou: number;
  readonly iou_iqr: number;
  readonly ic: number;
  readonly cc: number;
  readonly lc: number;
  readonly interp: boolean;
  readonly top: readonly number[];
}
interface GoldenLayer {
  readonly units: readonly GoldenUnit[];
  readonly interpretable: number;
  readonly iou_matrix: readonly (readonly number[])[];
}

const GOLDEN = fileURLToPath(new URL("../golden/", import.meta.url));
const file = (name: string): Promise<Uint8Array> => readFile(join(GOLDEN, name));
const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(GOLDEN, name), "utf8"));

/** What a dissection leaves: gandissect's dissect.json and the tables. */
interface Outcome {
  readonly report: DissectJson;
  readonly tensors: Uint8Array;
}

async function inNode(): Promise<Outcome> {
  using device = await requestDevice();
  using generator = await loadGenerator(await file("scenes64/generator.pth"), { device });
  using segmenter = await loadSegmenter(
    {
      encoder: await file("scenes64/segmenter/encoder_epoch_1.pth"),
      decoder: await file("scenes64/segmenter/decoder_epoch_1.pth"),
      labels: await file("scenes64/segmenter/labels.json"),
    },
    { device },
  );
  for await (const event of dissect(generator, segmenter, { layers: ["layer4", "layer6"], size: 100, examples: 8 })) {
    if (event.type === "result") {
      return { report: toGandissect(event.dissection), tensors: toTensors(event.dissection) };
    }
  }
  throw new Error("no result");
}

async function inChrome(): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "ganatomy-golden-"));
  try {
    buildCli();
    const { status, stderr } = await start([
      ...["dissect", "--chrome", "--model", join(GOLDEN, "scenes64/generator.pth")],
      ...["--segmenter", join(GOLDEN, "scenes64/segmenter"), "--layers", "layer4,layer6"],
      ...["--size", "100", "--examples", "8", "--outdir", join(folder, "out")],
    ]).ended;
    expect(status, stderr).toBe(0);
    return {
      report: JSON.parse(await readFile(join(folder, "out/dissect.json"), "utf8")) as DissectJson,
      tensors: await readFile(join(folder, "out/tensors.safetensors")),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

// Two minutes of 180 GFLOP each on two quiet cores.
const PATIENCE = 1_200_000;

describe.each([
  ["in Node", inNode],
  ["in headless Chrome", inChrome],
])("scenes64, 100 + 100 samples, two layers, %s", (_, run) => {
  let outcome: Promise<Outcome> | undefined;
  const once = (): Promise<Outcome> => {
    outcome ??= run();
    return outcome;
  };

  it.each(["layer4", "layer6"])(
    "%s: labels, flags, label pixels and top images are those of the exact computation",
    async (name) => {
      const golden = ((await json("scenes64-dissection.json")) as Record<string, GoldenLayer>)[name]!;
      const { units } = (await once()).report.layers.find(({ layer }) => layer === name)!;
      expect(units.map((unit) => unit.iou_labelnum)).toEqual(golden.units.map(({ labelnum }) => labelnum));
      expect(units.map(({ interp }) => interp)).toEqual(golden.units.map(({ interp }) => interp));
      expect(units.map(({ lc }) => lc)).toEqual(golden.units.map(({ lc }) => lc));
      expect(units.map(({ top }) => top.map(({ imgnum }) => imgnum))).toEqual(golden.units.map(({ top }) => top));
    },
    PATIENCE,
  );

  it.each(["layer4", "layer6"])(
    "%s: every unit's IoU with every concept, and its IQR, within 2e-3",
    async (name) => {
      const golden = ((await json("scenes64-dissection.json")) as Record<string, GoldenLayer>)[name]!;
      const { report, tensors } = await once();
      const { units } = report.layers.find(({ layer }) => layer === name)!;
      let [iqr, moved, matrix] = [0, 0, 0];
      golden.units.forEach((expected, unit) => {
        const { iou_iqr = 0, ic = 0, cc = 0 } = units[unit]!;
        iqr = Math.max(iqr, Math.abs((iou_iqr ?? 0) - expected.iou_iqr));
        moved = Math.max(moved, Math.abs(ic - expected.ic), Math.abs(cc - expected.cc));
      });
      const iou = await (await openCheckpoint(tensors)).tensors.get(`${name}.iou`)!.read();
      golden.iou_matrix.forEach((row, label) => {
        row.forEach((value, unit) => {
          matrix = Math.max(matrix, Math.abs(iou[label * row.length + unit]! - value));
        });
      });
      console.log(
        `${name}: any IoU differs by at most ${matrix.toExponential(1)}, IQR by ${iqr.toExponential(1)}, counts by ${moved} pixels`,
      );
      expect(Math.max(matrix, iqr)).toBeLessThan(2e-3);
    },
    PATIENCE,
  );

  it.each(["layer4", "layer6"])(
    "%s: agrees with the published code about the most correlated concepts",
    async (name) => {
      // Its correlations differ a little: PyTorch ≥ 1.3 stretches its upsampling (spec §13, 18).
      const published = (await json("scenes64-gandissect.json")) as DissectJson;
      const theirs = published.layers.find(({ layer }) => layer === name)!.units;
      const { units } = (await once()).report.layers.find(({ layer }) => layer === name)!;
      const agreeing = units.filter(({ cor_label }, unit) => cor_label === theirs[unit]!.cor_label);
      expect(agreeing.length).toBeGreaterThanOrEqual(127);
      units.forEach(({ cor }, unit) => {
        expect(Math.abs((cor ?? 0) - (theirs[unit]!.cor ?? 0))).toBeLessThan(0.03);
      });
    },
    PATIENCE,
  );
});
