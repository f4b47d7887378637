import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Dissection, dissect, loadGenerator, loadSegmenter } from "../../src/index.ts";
import { requestDevice } from "../gpu.ts";

interface GoldenUnit {
  readonly unit: number;
  readonly labelnum: number;
  readonly level: number;
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

const file = (name: string): Uint8Array => readFileSync(new URL(`../golden/${name}`, import.meta.url));
const json = (name: string): unknown => JSON.parse(new TextDecoder().decode(file(name)));

/** The dissection of the golden files: 100 + 100 samples of the float32 originals. */
async function dissectGolden(): Promise<Dissection> {
  using device = await requestDevice();
  using generator = await loadGenerator(file("scenes64/generator.pth"), { device });
  using segmenter = await loadSegmenter(
    {
      encoder: file("scenes64/segmenter/encoder_epoch_1.pth"),
      decoder: file("scenes64/segmenter/decoder_epoch_1.pth"),
      labels: file("scenes64/segmenter/labels.json"),
    },
    { device },
  );
  let result: Dissection | undefined;
  for await (const event of dissect(generator, segmenter, { layers: ["layer4", "layer6"], size: 100, examples: 8 })) {
    if (event.type === "result") result = event.dissection;
  }
  return result!;
}

describe("scenes64, 100 + 100 samples, two layers", async () => {
  const dissection = await dissectGolden();
  const golden = json("scenes64-dissection.json") as Record<string, GoldenLayer> & { label_pixels: number[] };

  it("segments every pixel as PyTorch does", () => {
    expect(dissection.labelPixels).toEqual(golden.label_pixels);
  });

  describe.each(["layer4", "layer6"])("%s", (name) => {
    const layer = dissection.layers.find((candidate) => candidate.layer === name)!;
    const expected = golden[name]!;

    it("gives every unit the label, the flag and the top images of the exact computation", () => {
      expect(layer.units.map(({ label }) => label)).toEqual(expected.units.map(({ labelnum }) => labelnum));
      expect(layer.units.map(({ interpretable }) => interpretable)).toEqual(expected.units.map(({ interp }) => interp));
      expect(layer.units.map(({ top }) => top.map(({ image }) => image))).toEqual(expected.units.map(({ top }) => top));
    });

    it("scores every unit against every concept within 2e-3", () => {
      let [iou, iqr, matrix, moved] = [0, 0, 0, 0];
      for (const unit of layer.units) {
        const other = expected.units[unit.unit]!;
        iou = Math.max(iou, Math.abs(unit.iou - other.iou));
        iqr = Math.max(iqr, Math.abs(unit.iqr - other.iou_iqr));
        moved = Math.max(moved, Math.abs(unit.intersection - other.ic), Math.abs(unit.activation - other.cc));
        expect(unit.pixels).toBe(other.lc);
      }
      expected.iou_matrix.forEach((row, label) => {
        row.forEach((value, unit) => {
          matrix = Math.max(matrix, Math.abs(layer.tables.iou[label * row.length + unit]! - value));
        });
      });
      console.log(
        `${name}: IoU differs by ${iou.toExponential(1)}, IQR ${iqr.toExponential(1)}, any IoU ${matrix.toExponential(1)}, counts by ${moved} pixels`,
      );
      expect(Math.max(iou, iqr, matrix)).toBeLessThan(2e-3);
    });

    it("agrees with the published code about the most correlated concepts", () => {
      // gandissect's upsampling is stretched by PyTorch ≥ 1.3's default (spec §13, 18), so its numbers differ a little.
      const published = json("scenes64-gandissect.json") as {
        layers: { layer: string; units: { cor: number; cor_label: string }[] }[];
      };
      const units = published.layers.find((candidate) => candidate.layer === name)!.units;
      const agreeing = layer.units.filter(
        ({ unit, mostCorrelated }) => dissection.labels[mostCorrelated.label]!.name === units[unit]!.cor_label,
      );
      expect(agreeing.length).toBeGreaterThanOrEqual(127);
      for (const { unit, mostCorrelated } of layer.units) {
        expect(Math.abs(mostCorrelated.correlation - units[unit]!.cor)).toBeLessThan(0.03);
      }
    });
  });
}, 900_000);
