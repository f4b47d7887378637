import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/index.ts";
import type { DissectJson } from "../../src/report/gandissect.ts";

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

export const GOLDEN = fileURLToPath(new URL("../golden/", import.meta.url));
export const file = (name: string): Promise<Uint8Array> => readFile(join(GOLDEN, name));
const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(GOLDEN, name), "utf8"));

/** What a dissection leaves: gandissect's dissect.json and the tables. */
export interface Outcome {
  readonly report: DissectJson;
  readonly tensors: Uint8Array;
}

// Two minutes of 180 GFLOP each on two quiet cores.
const PATIENCE = 1_200_000;

/**
 * That a dissection of scenes64 by `run`, 100 + 100 samples, layers 4 and 6, is that of the exact
 * computation.
 */
export function describeGolden(where: string, run: () => Promise<Outcome>): void {
  describe(`scenes64, 100 + 100 samples, two layers, ${where}`, () => {
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
}
